"""The reviewer's desk: what detection was unsure of, in its context; a person's decisions; then publication.

1. A version in quarantine is opened: its original is parsed and read again, in memory; the view is recorded.
2. The reviewer sees each unsure span in its context. Identifiers that are sure are covered there: what is not
   to be decided is not to be seen (45 CFR 164.502(b), minimum necessary).
3. Each decision is recorded, then kept as an offset with a word. No text is stored.
4. With the last one the ingest journey takes the version up again and publishes it, whole, or holds it once more.

Every function takes a `ReviewGrant`; a version outside it and one that is not in quarantine do not exist.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from appliance import ingest
from appliance.access.grants import Person, ReviewGrant
from appliance.audit.events import Event, OriginalViewed, ReviewDecided
from appliance.documents.catalog import Catalog, Version
from appliance.documents.document import Document
from appliance.errors import NotFound, UsageError
from appliance.redaction.findings import Finding
from appliance.redaction.hints import hints_of
from appliance.redaction.policy import Profile
from appliance.redaction.redact import texts_of
from appliance.redaction.review import Waiting
from appliance.redaction.surrogates import normal_form

CONTEXT = 240
"""Characters shown on each side of a span."""
MOST_BLOCKS = 400
"""Blocks of one page that are shown whole."""
DECISIONS = {"accept": "accepted", "reject": "rejected"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a block from `start`: text to be read, or, with `covered`, the type of what is not to be seen."""

    start: int
    end: int
    text: str = field(repr=False)
    covered: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An unsure span in its context. `same` are the ids of spans of this document that say the same."""

    id: int
    block: int
    page: int
    type: str
    score: float
    text: str = field(repr=False)
    before: tuple[Piece, ...] = field(repr=False)
    after: tuple[Piece, ...] = field(repr=False)
    above: str = field(repr=False, default="")
    """The header row of the table it stands in, its identifiers covered."""
    why: tuple[str, ...] = ()
    same: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A version on the desk. `blocks` are those of `page`, for marking what was missed."""

    version: Version
    name: str = field(repr=False)
    profile: Profile
    page: int
    pages: int
    items: tuple[Item, ...]
    blocks: tuple[tuple[int, tuple[Piece, ...]], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """A version in quarantine, and how many of its spans wait."""

    version: Version
    waiting: int
    original: bool


def held(rooms: ingest.Rooms, grant: ReviewGrant) -> list[Held]:
    """What waits under the grant's labels, oldest first."""
    found = [each for each in rooms.catalog.documents(None, grant.labels) if each.status == "quarantined"]
    return [
        Held(each, len(rooms.reviews.waiting(each.id)), rooms.originals.kept(each.id)) for each in reversed(found)
    ]


def version_of(catalog: Catalog, grant: ReviewGrant, identifier: str) -> Version:
    """A version in quarantine that the grant covers. Raises NotFound, the same for a foreign and a missing one."""
    version = None
    with suppress(NotFound):
        version = catalog.version(identifier)
    if version is None or version.label not in grant.labels or version.status != "quarantined":
        raise NotFound("no such document")
    return version


def open_version(rooms: ingest.Rooms, grant: ReviewGrant, person: Person, identifier: str, page: int = 1) -> Opened:
    """Put a version on the desk. The view is recorded first.

    Raises NotFound, and what parsing and detection raise: a document that cannot be read cannot be reviewed.
    """
    version = version_of(rooms.catalog, grant, identifier)
    viewed = OriginalViewed(document=version.document, version=version.id, purpose=grant.purpose.value)
    rooms.log.append(viewed, actor=person.id, operator=person.operator)
    original, document, texts = _read(rooms, version)
    profile = rooms.profiles.get(rooms.catalog.collection(version.collection).profile)
    found = rooms.detector.find(texts, profile, hints=hints_of(document), known=document.known).items
    desk = _Desk(document, texts, found, rooms.reviews.waiting(version.id))
    return Opened(
        version, original, profile, page, len(document.pages), tuple(desk.items()), tuple(desk.blocks_of(page))
    )


def decide(
    rooms: ingest.Rooms,
    grant: ReviewGrant,
    person: Person,
    identifier: str,
    items: Sequence[int],
    decision: Literal["accept", "reject"],
    type_: str = "",
) -> tuple[int, ingest.Outcome | None]:
    """Decide on spans of a version, with another type if one is given. How many still wait; with none, how the
    document ended.

    Raises NotFound, or UsageError for a span that is decided already or a type the profile keeps.
    """
    version = version_of(rooms.catalog, grant, identifier)
    if decision not in DECISIONS:
        raise UsageError("a decision is accept or reject")
    if decision == "accept":
        _check_type(rooms, version, type_)
    waiting = {each.id: each for each in rooms.reviews.waiting(version.id)}
    chosen = [waiting.get(each) for each in dict.fromkeys(items)]
    if not chosen or None in chosen:
        raise UsageError("a span is decided already, or is none of this document", "Reload the page")
    left = len(waiting)
    by_type: dict[str, list[Waiting]] = defaultdict(list)
    for span in chosen:
        if span is not None:
            by_type[span.type].append(span)
    for was, spans in by_type.items():
        word = DECISIONS[decision]
        event = ReviewDecided(
            version=version.id, decision=word, items=len(spans), spans=[span.id for span in spans],
            type=type_ or was, was=was,
        )  # fmt: skip
        _record(rooms, person, event)
        for span in spans:
            left = rooms.reviews.decide(span.id, DECISIONS[decision], person.id, type_=type_)  # type: ignore[arg-type]
    return left, None if left else ingest.again(rooms, version.id, person.id)


def add(
    rooms: ingest.Rooms, grant: ReviewGrant, person: Person, identifier: str, block: int, start: int, end: int,
    type_: str,
) -> int:  # fmt: skip
    """Mark a span that detection missed. Its id. Raises NotFound, or UsageError for offsets outside the text."""
    version = version_of(rooms.catalog, grant, identifier)
    _check_type(rooms, version, type_ or "none")
    _, _, texts = _read(rooms, version)
    if not 0 <= block < len(texts) or not 0 <= start < end <= len(texts[block]):
        raise UsageError("the span is not inside the document", "Reload the page")
    _record(rooms, person, ReviewDecided(version=version.id, decision="added", type=type_))
    return rooms.reviews.add(version.id, block, start, end, type_, person.id, texts)


def retry(rooms: ingest.Rooms, grant: ReviewGrant, person: Person, identifier: str) -> ingest.Outcome:
    """Send a version on its way again: after spans were added, or a fault was mended. Raises NotFound."""
    version = version_of(rooms.catalog, grant, identifier)
    _record(rooms, person, ReviewDecided(version=version.id, decision="retried", items=0))
    return ingest.again(rooms, version.id, person.id)


def _read(rooms: ingest.Rooms, version: Version) -> tuple[str, Document, list[str]]:
    original = ingest.original_of(rooms, version)
    document = rooms.sandbox.parse(original)
    return original.name, document, texts_of(document, original.name)


def _record(rooms: ingest.Rooms, person: Person, event: Event) -> None:
    rooms.log.append(event, actor=person.id, operator=person.operator)


def _check_type(rooms: ingest.Rooms, version: Version, type_: str) -> None:
    """Raise UsageError for a type that the profile would leave in the document: that would be no redaction."""
    profile = rooms.profiles.get(rooms.catalog.collection(version.collection).profile)
    if type_ and type_ not in profile.acts_on:
        known = ", ".join(sorted(profile.acts_on))
        raise UsageError(f"the profile {profile.name} does not replace {type_[:40]}", f"Choose one of {known}")


class _Desk:
    """A document read again: its texts, what is sure in them, what waits."""

    def __init__(
        self, document: Document, texts: Sequence[str], found: Sequence[Finding], waiting: Sequence[Waiting]
    ) -> None:
        self._document = document
        self._texts = texts
        self._waiting = [each for each in waiting if each.block < len(texts) and each.end <= len(texts[each.block])]
        places = {(each.block, each.start, each.end) for each in waiting}
        self._why: dict[tuple[int, int, int], Finding] = {}
        self._sure: dict[int, list[Finding]] = defaultdict(list)
        for each in found:
            place = (each.block, each.start, each.end)
            if place in places:
                self._why[place] = each
            elif not each.review:
                self._sure[each.block].append(each)
        self._headers = {b.table: n for n, b in enumerate(document.blocks) if b.table is not None and b.header_row}

    def items(self) -> Iterator[Item]:
        """The waiting spans in order of the text."""
        same: dict[tuple[str, str], list[int]] = defaultdict(list)
        for each in self._waiting:
            same[self._key(each)].append(each.id)
        for each in sorted(self._waiting, key=lambda span: (span.block, span.start)):
            text = self._texts[each.block]
            finding = self._why.get((each.block, each.start, each.end))
            reasons = (f"{e.recognizer}: {e.reason or e.type}" for e in (finding.evidence if finding else ()))
            yield Item(
                id=each.id,
                block=each.block,
                page=self._document.blocks[each.block].page if each.block < len(self._document.blocks) else 0,
                type=each.type,
                score=each.score,
                text=text[each.start : each.end],
                before=tuple(self._pieces(each.block, max(0, each.start - CONTEXT), each.start)),
                after=tuple(self._pieces(each.block, each.end, min(len(text), each.end + CONTEXT))),
                above=self._above(each.block),
                why=tuple(dict.fromkeys(reasons)),
                same=tuple(other for other in same[self._key(each)] if other != each.id),
            )

    def blocks_of(self, page: int) -> Iterator[tuple[int, tuple[Piece, ...]]]:
        """(number, pieces) of the blocks of a page."""
        here = [number for number, block in enumerate(self._document.blocks) if block.page == page]
        for number in here[:MOST_BLOCKS]:
            yield number, tuple(self._pieces(number, 0, len(self._texts[number])))

    def _key(self, span: Waiting) -> tuple[str, str]:
        return span.type, normal_form(span.type, self._texts[span.block][span.start : span.end])

    def _above(self, block: int) -> str:
        table = self._document.blocks[block].table if block < len(self._document.blocks) else None
        header = None if table is None else self._headers.get(table)
        if header is None or header == block:
            return ""
        pieces = self._pieces(header, 0, len(self._texts[header]))
        return "".join(f"[{piece.covered}]" if piece.covered else piece.text for piece in pieces)

    def _pieces(self, block: int, start: int, end: int) -> Iterator[Piece]:
        """`start:end` of a block, what is sure in it covered whole."""
        position, text = start, self._texts[block]
        for finding in sorted(self._sure[block], key=lambda each: (each.start, -each.end)):
            first, last = max(finding.start, position), min(finding.end, end)
            if last <= first:
                continue
            if first > position:
                yield Piece(position, first, text[position:first])
            yield Piece(first, last, "", finding.type)
            position = last
        if position < end:
            yield Piece(position, end, text[position:end])

"""What a person has to look at before a document is published, and what they decided.

Stored are offsets, types, decisions and a keyed digest of what a span said: the reviewer's view parses the encrypted
original again. Where a newer parser reads a document otherwise, a decision is found again by that digest, or dropped
and told. Who may decide, and the audit record of a decision, belong to the caller.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update

from appliance.errors import NotFound, Quarantined, UsageError
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import Profile
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import review

Decision = Literal["accepted", "rejected"]
_SCOPE = "review"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A span of a quarantined version that waits for a person; offsets as in `Finding`."""

    id: int
    version: str
    block: int
    start: int
    end: int
    type: str
    score: float


def risk(findings: Findings, profile: Profile) -> float:
    """How many of a document's unsure spans are to be expected to be decided wrongly: each is covered, and its
    score is taken as the probability that it should be."""
    return sum(1 - item.score for item in findings.items if item.review and profile.rule(item.type))


def reasons_for_review(findings: Findings, profile: Profile) -> str:
    """Why a person has to see the document before it is published, without text of it; empty when nobody has to:
    there is no unsure span, or their risk is not above the profile's `hold_above`."""
    unsure = [item for item in findings.items if item.review and profile.rule(item.type)]
    if not unsure or risk(findings, profile) <= profile.hold_above:
        return ""
    types = ", ".join(sorted({item.type for item in unsure}))
    spans = "span" if len(unsure) == 1 else "spans"
    return f"detection was unsure of {len(unsure)} {spans} ({types}) under the profile {profile.name}"


def needs_review(findings: Findings, profile: Profile) -> bool:
    """Whether a person has to see the document before it is published."""
    return bool(reasons_for_review(findings, profile))


class Reviews:
    """The spans of one home that wait, and the decisions."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    def queue(self, version: str, findings: Findings, texts: Sequence[str]) -> int:
        """Queue the unsure spans of a version in the place of what was queued; decisions stay. How many wait."""
        unsure = {_place(item): item for item in findings.items if item.review}
        with self._database.exclusive() as connection:
            connection.execute(delete(review).where(review.c.version == version, review.c.decision == ""))
            decided = connection.execute(select(review).where(review.c.version == version)).all()
            for place in {(row.block, row.start, row.end) for row in decided}:
                unsure.pop(place, None)
            for item in unsure.values():
                said = self._digest(texts[item.block][item.start : item.end])
                connection.execute(insert(review).values(_row(version, item) | {"said": said}))
        return len(unsure)

    def settled(self, version: str, findings: Findings, texts: Sequence[str]) -> Findings:
        """`findings` of a version read again, with a person's decisions in force: accepted spans are sure, of
        the type the person gave; rejected ones are no identifiers; added ones are findings of the person.

        A decision on words that stand elsewhere in `texts` now moves there; of those on words that are gone the
        findings get a warning. Raises Quarantined when a span that a person added is gone.
        """
        rows = self._decided(version)
        moved = [row for row in rows if row.said and row.said != self._digest(_words_at(texts, row))]
        if moved:
            lost = self._move(rows, moved, findings, texts)
            rows = self._decided(version)
            if lost:
                findings = replace(findings, warnings=(*findings.warnings, f"review_decisions_dropped:{lost}"))
        decided = {(row.block, row.start, row.end): row for row in rows if row.decision != "added"}
        items = [
            Finding(row.block, row.start, row.end, row.type, 1.0, "reviewer") for row in rows if row.decision == "added"
        ]
        for item in findings.items:
            row = decided.get(_place(item)) if item.review else None
            if row is None:
                items.append(item)
            elif row.decision == "accepted":
                items.append(replace(item, type=row.type, review=False))
        return replace(findings, items=tuple(items))

    def _decided(self, version: str) -> Sequence[Any]:
        query = select(review).where(review.c.version == version, review.c.decision != "")
        with self._database.transaction() as connection:
            return connection.execute(query).all()

    def _digest(self, text: str) -> str:
        return self._keys.mac(_SCOPE, text.encode("utf-8", "surrogatepass")).hex()

    def _move(self, rows: Sequence[Any], moved: Sequence[Any], findings: Findings, texts: Sequence[str]) -> int:
        """Give the decisions `moved` the places where their words stand now; how many there are none for."""
        taken = {(row.block, row.start, row.end) for row in rows if row not in moved}
        unsure = [_place(item) for item in findings.items if item.review]
        lost = []
        with self._database.exclusive() as connection:
            for row in moved:
                places = self._same(row, texts) if row.decision == "added" else unsure
                fitting = [
                    each
                    for each in places
                    if each not in taken and self._digest(texts[each[0]][each[1] : each[2]]) == row.said
                ]
                if not fitting and row.decision == "added":
                    raise Quarantined(
                        "a span that a reviewer added is not found in this document as it is read now",
                        "Mark it again at the reviewer's desk",
                    )
                at = review.c.id == row.id
                if fitting:
                    block, start, end = place = min(fitting, key=partial(_distance, row))
                    taken.add(place)
                    connection.execute(update(review).where(at).values(block=block, start=start, end=end))
                else:
                    lost.append(row.id)
                    connection.execute(delete(review).where(at))
        return len(lost)

    @staticmethod
    def _same(row: Any, texts: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """The places at the beginning of a word that are as long as an added span."""
        length = row.end - row.start
        for block, text in enumerate(texts):
            for start in range(len(text) - length + 1):
                if start == 0 or not text[start - 1].isalnum():
                    yield block, start, start + length

    def cleared(self, version: str) -> list[tuple[int, int, int]]:
        """(block, start, end) of the spans of which a person said that they identify nobody."""
        at = review.c
        query = select(at.block, at.start, at.end).where(at.version == version, at.decision == "rejected")
        with self._database.transaction() as connection:
            return [(row.block, row.start, row.end) for row in connection.execute(query)]

    def inherit(self, version: str, successor: str) -> int:
        """Let the decisions on a version hold for another that has the same content. How many there were."""
        query = select(review).where(review.c.version == version, review.c.decision != "")
        with self._database.exclusive() as connection:
            connection.execute(delete(review).where(review.c.version == successor))
            rows = [dict(row) for row in connection.execute(query).mappings()]
            for row in rows:
                del row["id"]
                connection.execute(insert(review).values({**row, "version": successor}))
        return len(rows)

    def add(
        self, version: str, block: int, start: int, end: int, type_: str, person: str, texts: Sequence[str]
    ) -> int:  # fmt: skip
        """Record a span that detection missed and a person found; added spans whose words are gone end. Its id."""
        stale = [
            old.id
            for old in self._decided(version)
            if old.decision == "added" and old.said and old.said != self._digest(_words_at(texts, old))
            and not any(self._digest(texts[b][s:e]) == old.said for b, s, e in self._same(old, texts))
        ]  # fmt: skip
        row = {
            "said": self._digest(texts[block][start:end]),
            "version": version, "block": block, "start": start, "end": end, "type": type_, "score": 1.0,
            "decision": "added", "decided_by": person, "decided": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        with self._database.exclusive() as connection:
            connection.execute(delete(review).where(review.c.id.in_(stale)))
            return int(connection.execute(insert(review).values(row).returning(review.c.id)).scalar_one())

    def find(self, identifier: int) -> Waiting:
        """A span that waits or was decided. Raises NotFound."""
        with self._database.transaction() as connection:
            row = connection.execute(select(review).where(review.c.id == identifier)).first()
        if row is None:
            raise NotFound("no such span to review")
        return Waiting(row.id, row.version, row.block, row.start, row.end, row.type, row.score)

    def ready(self) -> list[str]:
        """Versions of which every span was decided; those that still are in quarantine can be taken up."""
        open_ = select(review.c.version).where(review.c.decision == "")
        query = select(review.c.version).where(review.c.version.not_in(open_)).distinct().order_by(review.c.version)
        with self._database.transaction() as connection:
            return list(connection.execute(query).scalars())

    def waiting(self, version: str | None = None) -> list[Waiting]:
        """Undecided spans, of one version or of all, the least sure first."""
        query = select(review).where(review.c.decision == "").order_by(review.c.score, review.c.id)
        if version is not None:
            query = query.where(review.c.version == version)
        with self._database.transaction() as connection:
            return [
                Waiting(row.id, row.version, row.block, row.start, row.end, row.type, row.score)
                for row in connection.execute(query)
            ]

    def decide(self, identifier: int, decision: Decision, person: str, *, type_: str = "") -> int:
        """Record a person's decision on a span, with another type if they gave one.

        How many spans of that version still wait. Raises NotFound, or UsageError when it is decided already.
        """
        values = {"decision": decision, "decided_by": person, "decided": datetime.now(UTC).isoformat()}
        if type_:
            values["type"] = type_
        with self._database.exclusive() as connection:
            row = connection.execute(select(review).where(review.c.id == identifier)).first()
            if row is None:
                raise NotFound("no such span to review")
            if row.decision:
                raise UsageError("this span is decided already", "Reload the page")
            connection.execute(update(review).where(review.c.id == identifier).values(values))
            left = select(review.c.id).where(review.c.version == row.version, review.c.decision == "")
            return len(connection.execute(left).all())


def _words_at(texts: Sequence[str], row: Any) -> str:
    """The words of `texts` where a stored span says they are; fewer or none where the text is shorter now."""
    return texts[row.block][row.start : row.end] if row.block < len(texts) else ""


def _distance(row: Any, place: tuple[int, int, int]) -> tuple[int, int]:
    """How far a place is from where a stored span was: in blocks, then in characters."""
    return abs(place[0] - row.block), abs(place[1] - row.start)


def _place(item: Finding) -> tuple[int, int, int]:
    return item.block, item.start, item.end


def _row(version: str, item: Finding) -> dict[str, object]:
    return {
        "version": version,
        "block": item.block,
        "start": item.start,
        "end": item.end,
        "type": item.type,
        "score": item.score,
    }

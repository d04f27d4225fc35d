"""The journey of a document. Each step takes only what the step before it makes, and may be run again.

1. may this person add to this collection                   access     -> `WriteGrant`
2. intake: size, digest; duplicate or new version           documents  -> `Original`
3. parse in a sandboxed child without network               documents  -> `Document`
4. redact under the collection's profile                    redaction  -> `RedactedDocument`, `Findings`
5. screen: residual identifiers, hidden instructions        redaction  -> `ScreenedDocument`, or quarantine
6. chunk with section path, page and boxes                  search     -> `Chunk`s
7. embed, write to store and index, not yet visible         search     -> `IndexedVersion`
8. durable audit record, or stop                            audit      -> `Receipt`
9. publish: one atomic switch of the visible version        documents

Between steps 3 and 6 nothing is persisted (I1): what is on disk is the encrypted original, then the sealed
chunks and page images. A process killed at any point leaves a version that is not visible; `resume` takes it
up from its original, and every step replaces what it made before (I7). One worker holds a version at a time
(`documents/work.py`); what fails is tried again after a pause, and set aside with its reason the third time.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from appliance.access.grants import WriteGrant
from appliance.access.scope import default_label
from appliance.audit.events import (
    DocumentFailed,
    DocumentPublished,
    DocumentQuarantined,
    DocumentReceived,
    DocumentRedacted,
)
from appliance.audit.receipt import Recorder
from appliance.documents import attachments, intake
from appliance.documents.catalog import Catalog, Collection, Version
from appliance.documents.document import Document, Original
from appliance.documents.frames import UnreadableDocument
from appliance.documents.originals import Originals
from appliance.documents.pages import PageImages
from appliance.documents.sandbox import Sandbox
from appliance.documents.work import MOST_TRIES, MOST_VANISHED, UNFINISHED, Overtaken, Work
from appliance.errors import ApplianceError, IntegrityFailure, NotFound, Quarantined, TooLarge, Unavailable, Unreadable
from appliance.redaction.doubtful import with_doubtful
from appliance.redaction.drawing import PageDrawing
from appliance.redaction.findings import Findings, RedactedDocument, ScreenedDocument
from appliance.redaction.hints import hints_of
from appliance.redaction.inforce import ProfilesInForce
from appliance.redaction.page_readings import PageReadings
from appliance.redaction.policy import Profile
from appliance.redaction.redact import redact, texts_of
from appliance.redaction.review import Reviews, reasons_for_review
from appliance.redaction.screening import kept_types, screen
from appliance.redaction.vault import Vault
from appliance.search.ahead import Ahead
from appliance.search.chunking import chunk
from appliance.search.embedding import Embedder
from appliance.search.index import IndexWriter
from appliance.search.lexical import Lexicon
from appliance.search.store import ChunkStore
from appliance.search.writing import known_vectors, write_version
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.redaction.detection import Detector, Seen
    from appliance.redaction.workers import DetectionWorkers

OTHERS_SECONDS = 0.1
"""Between two looks at a version that another worker has."""
STOPPED_SECONDS = 20.0
Progress = Callable[[str], None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Rooms:
    """The parts that a document passes through; `assembly` puts them together."""

    settings: Settings
    log: Recorder
    catalog: Catalog
    originals: Originals
    pages: PageImages
    reviews: Reviews
    work: Work
    sandbox: Sandbox
    detector: "Detector | DetectionWorkers"
    vault: Vault
    store: ChunkStore
    index: IndexWriter
    embedder: Embedder
    lexicon: Lexicon
    profiles: ProfilesInForce
    drawing: PageDrawing
    readings: PageReadings


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a document ended: `published`, `duplicate`, `quarantined` or `failed`, and why.

    `deleted` while it was worked on, `waiting` to be tried again, `received` where another worker has it.
    """

    document: str
    version: str
    status: str
    reason: str = ""
    pages: int = 0
    chunks: int = 0
    entities: dict[str, int] | None = None
    seconds: float = 0.0
    attachments: tuple["Outcome", ...] = ()
    """Those of the files that were in it: each is a document of its own, with the same access label."""
    name: str = field(default="", repr=False)
    """Of an attachment, unredacted: for whoever brought the file in."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is here and waits to be worked on."""

    version: Version
    original: Original = field(repr=False)
    profile: Profile


def ingest(
    rooms: Rooms, grant: WriteGrant, source: Path | bytes, name: str, *, place: str = "",
    progress: Progress = lambda stage: None,
) -> Outcome:  # fmt: skip
    """Take one file in. Step 1 is done: only `access` makes a `WriteGrant`. `place` is what the document is known
    by, where its name is not enough: a path below a folder.

    A file that cannot be read or must be held back is an `Outcome`, recorded; Unavailable (a full disk, no
    audit device) is raised, and the version waits for `resume`.
    """
    started = time.perf_counter()
    progress("received")
    taken = receive(rooms, grant, source, name, place=place)
    if isinstance(taken, Outcome):
        return taken
    outcome = _attempt(rooms, grant.person, taken.version, taken.original, taken.profile, progress, started)
    return _with_attachments(rooms, grant.person, outcome, taken.profile, progress)


def receive(
    rooms: Rooms, grant: WriteGrant, source: Path | bytes, name: str, *, place: str = ""
) -> "Received | Outcome":
    """Step 2 alone: the file is here, encrypted, and waits as unfinished work; or how it ended already."""
    started = time.perf_counter()
    collection = rooms.catalog.collection(grant.collection)

    # 2. intake
    try:
        original = intake.accept(source, name, rooms.settings)
        taken = original
        original = replace(taken, kind=_twice(lambda: rooms.sandbox.detect(taken.content, taken.name)))
    except (Unreadable, NotFound, TooLarge) as error:
        rooms.log.append(DocumentFailed(document="", version="", reason=error.message), actor=grant.person)
        return Outcome("", "", "failed", str(error), seconds=_since(started))
    profile = rooms.profiles.checked(collection.profile)
    version, fresh = rooms.catalog.receive(
        collection, _label(rooms, collection), original, profile.name, profile.digest, place=place
    )
    if not fresh and version.status not in UNFINISHED:
        return _known(rooms, version, started)
    if fresh or not rooms.originals.kept(version.id):
        rooms.originals.put(version.id, name, original.content)
        rooms.log.append(_received(version, original), actor=grant.person)
    return Received(version, original, profile)


def resume(rooms: Rooms, *, progress: Callable[[str, str], None] = lambda version, stage: None) -> Iterator[Outcome]:
    """Take up every version that a killed process left unfinished, from its encrypted original; those too whose
    last span was decided before it."""
    for identifier in rooms.reviews.ready():
        version = rooms.catalog.version(identifier)
        if version.status == "quarantined" and rooms.originals.kept(identifier):
            rooms.catalog.release(identifier)
    while (outcome := take_up(rooms, progress)) is not None:
        yield outcome


def take_up(rooms: Rooms, progress: Callable[[str, str], None] = lambda version, stage: None) -> Outcome | None:
    """Work on the next unfinished version that is due, from its encrypted original; None when there is none."""
    taken = rooms.work.take()
    if taken is None:
        return None
    started = time.perf_counter()
    version = rooms.catalog.version(taken.version)
    with rooms.work.holding(taken):
        if taken.vanished >= MOST_VANISHED:
            cause = f"{taken.vanished} workers ended while they worked on it"
            return _set_aside(rooms, "system", version, cause, started)
        profile = rooms.profiles.get(rooms.catalog.collection(version.collection).profile)
        try:
            original = original_of(rooms, version)
        except (NotFound, IntegrityFailure, Unreadable) as error:
            return _failed(rooms, "system", version, error, started)
        return _tried(rooms, "system", version, original, profile, lambda stage: progress(version.id, stage), started)


def again(rooms: Rooms, identifier: str, actor: str, *, progress: Progress = lambda stage: None) -> Outcome:
    """Redact a version again from its encrypted original, under the profile in force and reviewers' decisions.

    A version in quarantine is taken up itself. Beside a published one a new version is made, which replaces it in
    one switch: until then the old one is what people see. Raises NotFound when the original is not kept.
    """
    started = time.perf_counter()
    version = rooms.catalog.version(identifier)
    collection = rooms.catalog.collection(version.collection)
    profile = rooms.profiles.get(collection.profile)
    original = original_of(rooms, version)
    if version.status == "quarantined":
        rooms.catalog.release(version.id, profile.digest)
        return _attempt(rooms, actor, version, original, profile, progress, started)
    made, fresh = rooms.catalog.receive(
        collection, version.label, original, profile.name, profile.digest, document=version.document
    )
    if not fresh:
        return _known(rooms, made, started)
    rooms.originals.put(made.id, original.name, original.content)
    rooms.reviews.inherit(version.id, made.id)
    rooms.log.append(_received(made, original), actor=actor)
    outcome = _attempt(rooms, actor, made, original, profile, progress, started)
    return _with_attachments(rooms, actor, outcome, profile, progress)


def _received(version: Version, original: Original) -> DocumentReceived:
    return DocumentReceived(
        document=version.document, version=version.id, collection=version.collection, kind_of_file=original.kind,
        bytes=version.bytes,
    )  # fmt: skip


def _redaction(version: Version, profile: Profile, redacted: RedactedDocument, findings: Findings) -> DocumentRedacted:
    return DocumentRedacted(
        document=version.document, version=version.id, profile=profile.name, profile_digest=profile.digest,
        entities=redacted.counts, review=sum(item.review for item in findings.items),
    )  # fmt: skip


def original_of(rooms: Rooms, version: Version) -> Original:
    """The original of a version as it came in, into memory only. Raises NotFound when it is not kept."""
    name, content = rooms.originals.get(version.id)
    return replace(intake.accept(content, name, rooms.settings), kind=rooms.sandbox.detect(content, name))


def _cleared(rooms: Rooms, version: Version, document: Document, name: str) -> dict[int, list[str]]:
    """What reviewers said identifies nobody, by block; in memory only."""
    texts = texts_of(document, name)
    cleared: dict[int, list[str]] = {}
    for block, start, end in rooms.reviews.cleared(version.id):
        if block < len(texts):
            cleared.setdefault(block, []).append(texts[block][start:end])
    return cleared


def _attempt(
    rooms: Rooms, actor: str, version: Version, original: Original, profile: Profile, progress: Progress,
    started: float,
) -> Outcome:  # fmt: skip
    """Hold a version and work on it; one that another worker has is waited for, one that is done is as it is."""
    while (taken := rooms.work.take(version.id)) is None:
        try:
            now = rooms.catalog.version(version.id)
        except NotFound:
            return _vanish(rooms, version, started)
        if now.status not in UNFINISHED:
            return _known(rooms, now, started)
        time.sleep(OTHERS_SECONDS)
    with rooms.work.holding(taken):
        return _tried(rooms, actor, version, original, profile, progress, started)


def _tried(
    rooms: Rooms, actor: str, version: Version, original: Original, profile: Profile, progress: Progress,
    started: float,
) -> Outcome:  # fmt: skip
    """Steps 3 to 9 once. Whatever fails is tried again later; the third failure sets the version aside."""
    try:
        return _process(rooms, actor, version, original, profile, progress, started)
    except Unavailable:
        rooms.work.retry(version.id, blame=False)
        raise
    except Exception as error:  # noqa: BLE001  One document must never end the work on others.
        defect = f"a defect of the program ({type(error).__name__})"
        cause = error.message if isinstance(error, ApplianceError) else defect
    try:
        rooms.work.check(version.id)
    except Overtaken:
        return _vanish(rooms, version, started)
    tries = rooms.work.retry(version.id, blame=True)
    if tries >= MOST_TRIES:
        return _set_aside(rooms, actor, version, f"{cause}, {tries} times", started)
    return Outcome(version.document, version.id, "waiting", f"{cause}; it is tried again", seconds=_since(started))


def _process(
    rooms: Rooms, actor: str, version: Version, original: Original, profile: Profile, told: Progress, started: float
) -> Outcome:
    def progress(stage: str) -> None:
        rooms.work.check(version.id)
        told(stage)

    try:
        # 3. to 5. in memory alone
        progress("parsing")
        document = _twice(lambda: rooms.sandbox.parse(original))
        inside = _unpack(rooms, actor, version, original, document, profile)
        progress("redacting")
        shown = rooms.catalog.before(version.id)
        known = known_vectors(rooms.index, rooms.store, shown)
        with Ahead(document, profile, original.name, rooms.embedder, known) as ahead:
            redacted, findings = _redact(rooms, document, profile, version, original.name, shown, ahead.seen)
        rooms.log.append(_redaction(version, profile, redacted, findings), actor=actor)
        cleared = _cleared(rooms, version, document, original.name)
        screened = screen(redacted, kept=kept_types(profile.acts_on), cleared=cleared)
        if why := reasons_for_review(findings, profile):
            rooms.reviews.queue(version.id, findings, texts_of(document, original.name))
            raise Quarantined(why, "It waits for a reviewer")

        # 6. and 7. not yet visible
        progress("indexing")
        rooms.pages.delete(version.id)
        chunks = _index(rooms, version, screened, ahead)
        if not rooms.settings.keep_originals:
            progress("drawing pages")
            _twice(lambda: rooms.drawing.draw_all(rooms.catalog.version(version.id)))
    except Quarantined as error:
        return _quarantined(rooms, actor, version, error, started)
    except (Unreadable, IntegrityFailure) as error:
        return _failed(rooms, actor, version, error, started)

    # 8. durable audit record, or stop
    rooms.log.append(
        DocumentPublished(
            document=version.document,
            version=version.id,
            collection=version.collection,
            label=rooms.catalog.version(version.id).label,
            profile_digest=profile.digest,
            pages=len(document.pages),
            chunks=chunks,
            entities=redacted.counts,
        ),
        actor=actor,
    )

    # 9. publish
    rooms.catalog.publish(
        version.id, on_publish=rooms.store.publish_statistics, on_retire=rooms.store.retire_statistics
    )
    if not rooms.settings.keep_originals:
        rooms.originals.delete(version.id)
    told("published")
    return Outcome(
        version.document, version.id, "published", "", len(document.pages), chunks, redacted.counts, _since(started),
        inside,
    )  # fmt: skip


def _unpack(
    rooms: Rooms, actor: str, version: Version, original: Original, document: Document, profile: Profile
) -> tuple[Outcome, ...]:
    """Receive the files in a file as documents of their own, before it is published: none is lost with a crash.

    They wait as `received`, are known by the document they came in and their name, and bear its access label.
    """
    received: list[Outcome] = []
    collection = rooms.catalog.collection(version.collection)
    for name, content, why in rooms.sandbox.attachments(original) if document.attachments else ():
        called = attachments.name_inside(original.name, name)
        place = f"{version.document}/{name}/{sum(one.name == called for one in received)}"
        try:
            if why is not None:
                raise why
            if attachments.depth_of(called) > attachments.MAX_DEPTH:
                raise UnreadableDocument("nested")
            inner = intake.accept(content, called, rooms.settings)
            inner = replace(inner, kind=rooms.sandbox.detect(inner.content, inner.name))
        except (Unreadable, TooLarge) as error:
            rooms.log.append(DocumentFailed(document="", version="", reason=error.message), actor=actor)
            received.append(Outcome("", "", "failed", str(error), name=called))
            continue
        made, fresh = rooms.catalog.receive(
            collection, version.label, inner, profile.name, profile.digest, place=place
        )  # fmt: skip
        if fresh or (made.status in UNFINISHED and not rooms.originals.kept(made.id)):
            rooms.originals.put(made.id, called, inner.content)
            rooms.log.append(_received(made, inner), actor=actor)
        received.append(Outcome(made.document, made.id, made.status, name=called))
    return tuple(received)


def _with_attachments(
    rooms: Rooms, actor: str, outcome: Outcome, profile: Profile, progress: Progress
) -> Outcome:
    """The outcome with those of its attachments, which are worked on now, and theirs."""
    done = []
    for one in outcome.attachments:
        if one.status in UNFINISHED:
            version = rooms.catalog.version(one.version)
            inner = _attempt(rooms, actor, version, original_of(rooms, version), profile, progress, time.perf_counter())
            one = replace(_with_attachments(rooms, actor, inner, profile, progress), name=one.name)
        done.append(one)
    return replace(outcome, attachments=tuple(done))


def _redact(
    rooms: Rooms, document: Document, profile: Profile, version: Version, name: str, shown: str | None, seen: "Seen"
) -> tuple[RedactedDocument, Findings]:
    before = rooms.readings.before(version.collection, shown, document)
    texts = texts_of(document, name)
    findings = rooms.detector.find(
        texts, profile, hints=hints_of(document), known=document.known, before=before, seen=seen
    )
    if before is not None:
        rooms.readings.put(version.id, document, before, findings.readings)
    findings = rooms.reviews.settled(version.id, with_doubtful(findings, document, profile), texts)
    return redact(document, findings, profile, rooms.vault.domain(version.collection, version.id), name=name), findings


def _index(rooms: Rooms, version: Version, screened: ScreenedDocument, ahead: Ahead) -> int:
    chunks = chunk(screened, version.id)
    rooms.store.put(version.id, chunks)
    indexed = write_version(
        rooms.index, rooms.embedder, rooms.lexicon, version.id, version.label, version.collection, chunks,
        ahead.vectors(),
    )
    label = rooms.catalog.mark_indexed(version.id, screened.document, indexed.chunks)
    if label != version.label:  # somebody changed it meanwhile
        rooms.index.relabel(version.id, label)
        rooms.index.flush()
    return indexed.chunks


def _twice(work: Callable[[], _T]) -> _T:
    """Once more when the parser stopped without an answer: somebody may have killed it. A document that stops it
    itself is refused the second time; one that took long to do so, at once."""
    began = time.monotonic()
    try:
        return work()
    except UnreadableDocument as error:
        if error.reason not in ("crashed", "limit") or time.monotonic() - began > STOPPED_SECONDS:
            raise
    return work()


def ended(version: Version) -> Outcome:
    """How a version ended that somebody else worked on."""
    return Outcome(
        version.document, version.id, version.status, version.reason, version.pages, version.chunks, version.entities
    )


def _known(rooms: Rooms, version: Version, started: float) -> Outcome:
    status = "duplicate" if version.status == "published" else version.status
    return Outcome(
        version.document, version.id, status, version.reason or "the same content is already here",
        version.pages, version.chunks, version.entities, _since(started),
    )  # fmt: skip


def _quarantined(rooms: Rooms, actor: str, version: Version, error: ApplianceError, started: float) -> Outcome:
    rooms.log.append(
        DocumentQuarantined(document=version.document, version=version.id, reason=error.message), actor=actor
    )
    rooms.catalog.quarantine(version.id, error.message)
    _withdraw(rooms, version)
    return Outcome(version.document, version.id, "quarantined", str(error), seconds=_since(started))


def _failed(rooms: Rooms, actor: str, version: Version, error: ApplianceError, started: float) -> Outcome:
    rooms.log.append(DocumentFailed(document=version.document, version=version.id, reason=error.message), actor=actor)
    rooms.catalog.fail(version.id, error.message)
    _withdraw(rooms, version)
    rooms.originals.delete(version.id)
    return Outcome(version.document, version.id, "failed", str(error), seconds=_since(started))


def _set_aside(rooms: Rooms, actor: str, version: Version, cause: str, started: float) -> Outcome:
    """A version that fails again and again: out of the way, its reason known, its original kept for another try."""
    reason = f"set aside: {cause}"
    rooms.log.append(DocumentFailed(document=version.document, version=version.id, reason=reason), actor=actor)
    rooms.catalog.fail(version.id, reason)
    _withdraw(rooms, version)
    advice = "Report it; ingest the file again to have it tried again"
    return Outcome(version.document, version.id, "failed", f"{reason}. {advice}.", seconds=_since(started))


def _vanish(rooms: Rooms, version: Version, started: float) -> Outcome:
    """The document was deleted, or another worker has it: nothing of this attempt stays where nobody looks."""
    try:
        status = rooms.catalog.version(version.id).status
    except NotFound:
        status = "deleting"
    if status == "deleting":
        _withdraw(rooms, version)
        rooms.originals.delete(version.id)
        rooms.catalog.forget_key(version.id)
        return Outcome(version.document, version.id, "deleted", "it was deleted meanwhile", seconds=_since(started))
    return _known(rooms, rooms.catalog.version(version.id), started)


def _withdraw(rooms: Rooms, version: Version) -> None:
    rooms.index.delete(version.id)
    rooms.store.delete(version.id)
    rooms.pages.delete(version.id)
    rooms.readings.delete(version.id)


def _label(rooms: Rooms, collection: Collection) -> str:
    digest, attributes = default_label(collection.id, dict(collection.attributes))
    rooms.catalog.add_label(digest, attributes)
    return digest


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)

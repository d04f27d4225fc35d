"""What is recorded. Each event is a dataclass; its docstring is its documentation (`docs/audit-events.md`).

Every record also carries, outside the event: index, id, time (UTC, never decreasing), kind, actor (a
person's id, or `system`) and operator (the operating system's user who acted for them, if any).

Public fields are readable for good by whoever holds the log: ids, digests, counts, decisions; never text
of a document or a question, never a name. Sealed fields are encrypted under the key of `subject_scope`
(by default the record's own, `audit/<record id>`): whoever destroys that key erases them, and all proofs
still hold. Sealed text is redacted text: surrogates, never originals.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

SEALED: dict[str, Any] = {"sealed": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has: the key scope of its sealed fields."""

    closing: ClassVar[bool] = False
    """True when it ends something begun; such records may use the reserved space of a full disk."""

    subject_scope: str = ""

    @classmethod
    def kind(cls) -> str:
        """The event's name in the log: `QuestionAsked` is `question_asked`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def public(self) -> dict[str, Any]:
        """The public fields, in order of declaration."""
        return {f.name: getattr(self, f.name) for f in fields(self) if _shown(f.name, f.metadata, sealed=False)}

    def sealed(self) -> dict[str, Any]:
        """The sealed fields that hold something, in order of declaration."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if _shown(f.name, f.metadata, sealed=True)}
        return {name: value for name, value in values.items() if value}


# questions


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(Event):
    """Intent: somebody puts a question. Durable before any retrieved text is shown; without a record of
    its outcome (`answer_given` or `question_refused` with this record as `intent`) the question was cut
    off. `vault_reference` finds the original wording in the vault, for those who may. `narrowed` holds the
    document ids, kinds and days that it was narrowed to; `typed` is a follow-up as it was asked, `question`
    what was made of it."""

    purpose: str
    policy_digest: str
    scope_digest: str
    collections: Sequence[str] = ()
    attack: Sequence[str] = ()
    vault_reference: str = ""
    narrowed: Mapping[str, Any] = field(default_factory=dict)
    question: str = field(default="", repr=False, metadata=SEALED)
    typed: str = field(default="", repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassagesShown(Event):
    """Quotations go to the screen at once, before a sentence is composed. `chunks` are the ids of the
    retrieved chunks with their scores, `evidence` the ids of those quoted, `versions` their document
    versions."""

    intent: str
    chunks: Sequence[tuple[str, float]]
    evidence: Sequence[str]
    versions: Sequence[str] = ()
    quotes: Sequence[str] = field(default=(), repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGiven(Event):
    """Outcome: durable before the last byte of an answer leaves. `status` is `answered`, `abstained`,
    `refused` or `failed`. `verification` lists, for each sentence, its support and whether it was shown;
    `dropped` counts composed sentences that failed; `reason` says what else ended it or why the language model
    wrote nothing (`busy`, `slow`, or the code of an error). `chunks` are the retrieved chunk ids with scores.
    `generation` says how the model was run (`max_tokens`, `temperature`, how it ended), `prompted` what the prompt
    was made from beside the evidence, and `draft` all that the model wrote, so that `audit replay` can do it again."""

    closing: ClassVar[bool] = True

    intent: str
    status: str
    reason: str = ""
    chunks: Sequence[tuple[str, float]] = ()
    evidence: Sequence[str] = ()
    versions: Sequence[str] = ()
    redaction_digests: Sequence[str] = ()
    prompt_digest: str = ""
    model: str = ""
    model_digest: str = ""
    verification: Sequence[Mapping[str, Any]] = ()
    dropped: int = 0
    usage: Mapping[str, float] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    prompt: str = field(default="", repr=False, metadata=SEALED)
    prompted: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata=SEALED)
    draft: str = field(default="", repr=False, metadata=SEALED)
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRefused(Event):
    """A question was not put to the documents: who, for which purpose, and why. `step` is the step of
    the journey that refused; `intent` is empty when that was before the intent record."""

    closing: ClassVar[bool] = True

    step: int
    reason: str
    purpose: str = ""
    intent: str = ""
    policy_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReplayed(Event):
    """Somebody opened an answer's sealed parts to re-create it, for a purpose. Written before anything is shown.
    `prompt` is `identical`, `unchecked` (no model ran) or `different` from what its digest says."""

    record: str
    purpose: str
    prompt: str
    rerun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationOpened(Event):
    """Somebody read a conversation of theirs again; `withheld` of its turns quote what they may no longer read."""

    conversation: str
    turns: int
    withheld: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDeleted(Event):
    """Somebody deleted a conversation of theirs: its key was destroyed."""

    conversation: str


# documents


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReceived(Event):
    """Somebody added a document or a new version. `content_mac` is a digest keyed per collection."""

    document: str
    version: str
    collection: str
    kind_of_file: str
    bytes: int
    content_mac: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRedacted(Event):
    """A version went through redaction: what was replaced by type, under which profile, and how many spans detection
    was unsure of (`review`). Recorded for one that goes to quarantine too."""

    document: str
    version: str
    profile: str
    profile_digest: str
    entities: Mapping[str, int] = field(default_factory=dict)
    review: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPublished(Event):
    """A version becomes the visible one; durable before the switch. `replaces` is retired with it."""

    document: str
    version: str
    collection: str
    label: str
    profile_digest: str
    pages: int = 0
    chunks: int = 0
    entities: Mapping[str, int] = field(default_factory=dict)
    embedding_digest: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentQuarantined(Event):
    """A version is held back until a person has looked at it, and why."""

    closing: ClassVar[bool] = True

    document: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFailed(Event):
    """A version could not be read or processed, and why."""

    closing: ClassVar[bool] = True

    document: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRetired(Event):
    """A version is no longer visible."""

    document: str
    version: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLabelled(Event):
    """What decides access to one document was changed, to these attributes; `label` is their digest, `replaces` the
    one before. Durable before it is in force."""

    document: str
    versions: Sequence[str]
    label: str
    replaces: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentErased(Event):
    """A document's keys, vectors, surrogates and derived text were destroyed. The tombstone."""

    document: str
    versions: Sequence[str]
    reason: str
    keys_destroyed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Event):
    """A data subject's keys and surrogates were destroyed. `subject` is the key scope, never a name; of `versions`,
    which name them, the originals were destroyed too."""

    subject: str
    reason: str
    versions: Sequence[str] = ()
    keys_destroyed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDecided(Event):
    """A person decided about spans of a version that waited for review: `accepted`, `rejected`, `added` (one that
    detection missed), or `retried` the version as a whole. `spans` are their numbers, `type` the identifier's type
    in force from now on, `was` what detection took it for. Durable before the decision is."""

    version: str
    decision: str
    items: int = 1
    spans: Sequence[int] = ()
    type: str = ""
    was: str = ""


# views and identities


@dataclass(frozen=True, slots=True, kw_only=True)
class PageViewed(Event):
    """Somebody looked at a redacted page."""

    document: str
    version: str
    page: int
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalViewed(Event):
    """Somebody opened an original, unredacted, or exported it."""

    document: str
    version: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedByIdentity(Event):
    """A name in a question was looked up in the vault: how many names, how many surrogates they found. `allowed`
    is false for a person without the right, who was answered as if there were none."""

    purpose: str
    domain: str
    names: int
    found: int
    allowed: bool = True
    surrogates: Sequence[str] = field(default=(), repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reidentified(Event):
    """Originals of surrogates were shown to somebody who holds the right. One record per data subject
    (`subject_scope`), so that a person's accounting of disclosures can be made and erased."""

    purpose: str
    domain: str
    count: int
    document: str = ""
    intent: str = ""
    surrogates: Sequence[str] = field(default=(), repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyAccess(Event):
    """Somebody broke the glass (`phase` `opened`: purpose code, when it ends, until when it is to be reviewed),
    ended it early (`ended`), or reviewed somebody's (`reviewed`, with the finding)."""

    phase: str
    purpose_code: str
    access: str = ""
    until: str = ""
    due: str = ""
    reviews: str = ""
    finding: str = ""
    note: str = field(default="", repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosuresListed(Event):
    """Somebody had the accounting of disclosures made for one data subject (45 CFR 164.528). `by_name` says that
    the subject was found by name, which is re-identification; `subject_scope` is the subject's."""

    domain: str
    by_name: bool
    disclosures: int
    purpose: str = ""
    surrogates: Sequence[str] = field(default=(), repr=False, metadata=SEALED)


# people and rights


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Event):
    """Somebody signed in."""

    method: str = "password"
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """A sign-in failed. The login that was typed is sealed: people type passwords there."""

    reason: str
    address: str = ""
    login: str = field(default="", repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut(Event):
    """Somebody signed out, or a session was ended."""

    closing: ClassVar[bool] = True

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionCreated(Event):
    """A collection was made, with the attributes that decide access to it."""

    collection: str
    profile: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionDeleted(Event):
    """A collection is gone with everything in it; each document has its `document_erased`."""

    closing: ClassVar[bool] = True

    collection: str
    documents: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionChanged(Event):
    """What decides access to a collection beside grants was changed, to these attributes."""

    collection: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChanged(Event):
    """A right was given (`change` is `added`) or taken (`removed`)."""

    change: str
    collection: str
    principal: str
    right: str
    purposes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(Event):
    """An account was `created`, `changed`, `disabled` or `deleted`; `changed` names the attributes."""

    person: str
    change: str
    changed: Sequence[str] = ()
    roles: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChanged(Event):
    """An API token was `created` or `revoked`: whose, for what, until when. Never the token itself."""

    token: str
    person: str
    change: str
    scopes: Sequence[str] = ()
    expires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemScopeUsed(Event):
    """The program itself read everything, for a stated reason: evaluation, rebuild, erasure check."""

    reason: str


# configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInForce(Event):
    """An access policy or a redaction profile with this digest is in force from now on."""

    policy: str
    digest: str
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionQueued(Event):
    """These versions were redacted under another text of a profile than the one in force, and wait to be redacted
    again."""

    policy: str
    digest: str
    versions: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakSampleDrawn(Event):
    """A simple random sample of a collection's published blocks was drawn, to be searched by a person for what
    redaction missed."""

    sample: str
    collection: str
    size: int
    population: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakMarked(Event):
    """A person searched a block of a sample: the types of the identifiers that they still saw."""

    sample: str
    item: int
    missed: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakRateCertified(Event):
    """A leak-rate certificate was signed; `digest` is the SHA-256 of its text."""

    sample: str
    collection: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecided(Event):
    """Somebody `proposed`, `approved` or `rejected` access policies with this digest, in place of `replaces`. Who
    approves is never who proposed."""

    policy: str
    digest: str
    decision: str
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInForce(Event):
    """A model pack with this digest is in use from now on. Under change control `change` names the change, `scores`
    are those of the site's golden questions, `scores_before` those of what it replaces; without golden questions
    there are none."""

    pack: str
    use: str
    digest: str
    replaces: str = ""
    change: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    scores_before: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMeasured(Event):
    """A model, with the prompt and the weights that go with it, was measured on the site's golden questions beside
    what it would replace. `digest` is of all three together."""

    change: str
    pack: str
    digest: str
    model_digest: str
    prompt_digest: str
    golden_digest: str
    scores: Mapping[str, float]
    scores_before: Mapping[str, float] = field(default_factory=dict)
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInForce(Event):
    """The settings with this digest are in force from now on; `changed` names those that differ from the last start,
    `alarming` insecure ones that are on."""

    digest: str
    changed: Sequence[str] = ()
    alarming: Sequence[str] = ()


# the log itself and the service


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRead(Event):
    """Somebody read records of this log: which, how many, and whether sealed parts were opened."""

    start: int
    end: int
    opened: bool
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported(Event):
    """Records were written to an export file, for this auditor's key if one is named."""

    start: int
    end: int
    digest: str
    auditor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecovered(Event):
    """At start a device of this log was repaired: bytes of a record that never was acknowledged were cut
    off after a crash, or records were copied from the other device."""

    device: int
    dropped_bytes: int = 0
    copied_records: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFailed(Event):
    """A device of this log stopped working while another went on, and why."""

    closing: ClassVar[bool] = True

    device: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade(Event):
    """A backup was written; `digest` is of the file, `records` the length of the log in it."""

    digest: str
    records: int
    files: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRestored(Event):
    """This home was restored from a backup with this digest, which held `records` records; `erased` of the
    erasures made since were made again. Records after the backup are not in this log."""

    digest: str
    records: int
    erased: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChanged(Event):
    """A legal hold was `placed` on or `lifted` from a document, a collection or a person (a surrogate)."""

    change: str
    hold: str = ""
    of: str = ""
    target: str = ""
    reason: str = field(default="", repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRefused(Event):
    """Something was to be erased and a legal hold forbade it."""

    of: str
    target: str
    hold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureVerified(Event):
    """After an erasure, places were searched for what was erased: how many places, and what was found there.
    `certificate` is the digest of the signed certificate."""

    target: str
    searched: int
    found: int
    certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionApplied(Event):
    """The retention schedule was carried out for one class of data: how much was erased, how much was held."""

    class_of_data: str
    days: int
    erased: int
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDrawn(Event):
    """A supervisor drew questions for review: how many of how many, on which basis, with which filters. With
    `seed` and the log a random sample can be drawn again."""

    basis: str
    drawn: int
    of: int
    seed: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionReviewed(Event):
    """A supervisor reviewed a question that was drawn; `record` is its intent."""

    record: str
    finding: str
    note: str = field(default="", repr=False, metadata=SEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePacked(Event):
    """Records were packed with their proofs for somebody outside; `digest` is of the JSON file."""

    records: int
    digest: str
    opened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMade(Event):
    """A compliance report was made: its controls, and how many of them were borne out by records then."""

    report: str
    controls: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorWritten(Event):
    """A signed checkpoint of `size` records went to a place outside this home. `cosigned` counts witnesses."""

    size: int
    place: str
    cosigned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorChecked(Event):
    """The log was compared with the checkpoints of a place outside; `size` is the longest they vouch for."""

    size: int
    place: str
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """The appliance started: its version and whether the previous run ended cleanly."""

    version: str
    clean: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    """The appliance stopped in good order."""

    closing: ClassVar[bool] = True

    reason: str = ""


def every_event() -> list[type[Event]]:
    """All event classes, in the order of this file."""
    return [v for v in globals().values() if isinstance(v, type) and issubclass(v, Event) and v is not Event]


def render_reference() -> str:
    """The text of `docs/audit-events.md`, made from the classes above."""
    lines = ["# What is recorded", "", "Generated from `appliance/audit/events.py`; do not edit.", ""]
    lines += [_paragraph((__doc__ or "").partition("\n")[2]), ""]
    for event in every_event():
        lines += [f"## {event.kind()}", "", _paragraph(event.__doc__ or ""), ""]
        if event.closing:
            lines += ["Closing record: may use the reserved space of a full disk.", ""]
        shown = [f for f in fields(event) if f.name != "subject_scope"]
        if shown:
            lines += ["| field | type | |", "|---|---|---|"]
            lines += [f"| `{f.name}` | {_type(f.type)} | {'sealed' if 'sealed' in f.metadata else ''} |" for f in shown]
            lines.append("")
    return "\n".join(lines)


def _shown(name: str, metadata: Mapping[str, Any], *, sealed: bool) -> bool:
    return name != "subject_scope" and metadata.get("sealed", False) is sealed


def _paragraph(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _type(annotation: Any) -> str:
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return f"`{re.sub(r'(collections.abc|typing)[.]', '', text)}`"

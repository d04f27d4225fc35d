"""An answer of the log, re-created: its prompt byte for byte, and at temperature 0 the model's text.

1. the record and its intent                                     audit      -> sealed payloads, opened
2. the prompt as it was kept, against its digest                 audit
3. the prompt built again from question, evidence and documents  answering
4. the model run again on that prompt, alone                     answering
5. both texts compared, every difference shown

Promised is the prompt. The text is run again by itself: a batch it shared, a prefix cache or another number of
threads may have changed what a model wrote then, and a reader is shown where. Whoever replays has the right
to audit and says so as their purpose; that is recorded before anything is shown.
"""

import difflib
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from appliance.access.grants import Person, Purpose
from appliance.answering import prompt
from appliance.answering.answer import Evidence, EvidenceSentence, Meaning, Question
from appliance.answering.engines.engine import EngineInfo
from appliance.ask import Rooms
from appliance.audit.events import AnswerReplayed
from appliance.audit.record import Record
from appliance.errors import NotFound, Refused, Unavailable, UsageError
from appliance.search.chunk import Passage
from appliance.search.store import ChunkStore, StoredChunk

IDENTICAL, DIFFERENT, UNAVAILABLE = "identical", "different", "unavailable"


@dataclass(frozen=True, slots=True)
class Compared:
    """`state` is `identical`, `different` or `unavailable`; `why` says what is the matter, in words."""

    state: str
    why: str = ""
    difference: tuple[str, ...] = ()
    """Lines of a unified diff, recorded text against new text."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A re-created answer. Texts are redacted, as they were recorded."""

    intent: Record = field(repr=False)
    outcome: Record = field(repr=False)
    kept: Compared
    """The prompt that was recorded, against its digest."""
    rebuilt: Compared
    """The prompt built again from the documents, against the same digest."""
    text: Compared
    """What the model writes now, against what it wrote."""


def replay(
    rooms: Rooms, store: ChunkStore, reader: Person, purpose: Purpose, record: str, *, rerun: bool = True
) -> Replayed:
    """Re-create the answer with this record, named by the id or number of its intent or of its outcome.

    Raises Refused without the right or the purpose to audit, NotFound when there is no such answer or its sealed
    parts were erased.
    """
    # 1. the record and its intent
    rooms.access.require(reader, "audit")
    if purpose is not Purpose.AUDIT:
        raise Refused("an answer is replayed for the purpose of audit only", "State --purpose audit")
    outcome, intent, shown = _parts(rooms, record)
    if outcome.erased or intent.erased:
        raise NotFound("the sealed parts of this answer were erased", "Its record and proof still hold")

    # 2. the prompt as it was kept
    kept = _kept(outcome)
    event = AnswerReplayed(record=outcome.id, purpose=purpose.value, prompt=kept.state, rerun=rerun)
    rooms.log.append(event, actor=reader.id, operator=reader.operator)

    # 3. the prompt built again
    rebuilt = _rebuilt(rooms, store, outcome, intent, shown)

    # 4. and 5. the model again
    text = _text(rooms, outcome, kept) if rerun else Compared(UNAVAILABLE, "not asked for")
    return Replayed(intent, outcome, kept, rebuilt, text)


def _parts(rooms: Rooms, record: str) -> tuple[Record, Record, Record | None]:
    found = rooms.log.find(record)
    if found.kind not in ("question_asked", "answer_given"):
        raise UsageError("this record is no question and no answer", "Give the number from the answer's receipt")
    intent = found if found.kind == "question_asked" else rooms.log.find(str(found.public["intent"]))
    shown = None
    for each in rooms.log.records(intent.index + 1):
        if each.public.get("intent") != intent.id:
            continue
        if each.kind == "passages_shown":
            shown = each
        elif each.kind == "answer_given":
            return each, intent, shown
    raise NotFound("this question has no answer", "It was refused, or cut off before its outcome")


def _kept(outcome: Record) -> Compared:
    text, digest = str((outcome.sealed or {}).get("prompt", "")), str(outcome.public["prompt_digest"])
    if not digest:
        return Compared(UNAVAILABLE, "no model was asked: the quotations stood alone")
    same = hashlib.sha256(text.encode()).hexdigest() == digest
    return Compared(IDENTICAL if same else DIFFERENT, "" if same else "the recorded prompt has another digest")


def _rebuilt(rooms: Rooms, store: ChunkStore, outcome: Record, intent: Record, shown: Record | None) -> Compared:
    digest = str(outcome.public["prompt_digest"])
    if not digest or shown is None:
        return Compared(UNAVAILABLE, "no model was asked, or no passages were shown")
    if shown.erased:
        return Compared(UNAVAILABLE, "the quotations were erased")
    ids = [str(each) for each in shown.public["evidence"]]
    chunks = store.get(ids)
    if missing := len(set(ids) - chunks.keys()):
        return Compared(UNAVAILABLE, f"{missing} of its source passages are no longer kept")
    quotes = [str(each) for each in (shown.sealed or {}).get("quotes", ())]
    sentences = tuple(_sentence(chunks[id_], quote) for id_, quote in zip(ids, quotes, strict=True))
    generation = outcome.public.get("generation") or {}
    max_tokens = int(generation.get("max_tokens", rooms.settings.compose_tokens))
    context = int(generation.get("context_tokens", rooms.settings.context_tokens))
    info = EngineInfo(str(outcome.public["model"]), str(outcome.public["model_digest"]), context)
    messages = prompt.build(
        _question(outcome, intent),
        Evidence(sentences, 0.0),
        info,
        max_tokens=max_tokens,
        salt=str(intent.public["scope_digest"]),
    )
    text = prompt.render(messages)
    if hashlib.sha256(text.encode()).hexdigest() == digest:
        return Compared(IDENTICAL)
    before = str((outcome.sealed or {}).get("prompt", ""))
    return Compared(DIFFERENT, "template, documents or settings have changed since", _difference(before, text))


def _question(outcome: Record, intent: Record) -> Question:
    prompted = (outcome.sealed or {}).get("prompted") or {"question": (intent.sealed or {}).get("question", "")}
    meanings = tuple(Meaning(*each) for each in prompted.get("meanings", ()))
    return Question(str(prompted["question"]), (), (), meanings=meanings)


def _sentence(stored: StoredChunk, quote: str) -> EvidenceSentence:
    passage = Passage(stored.chunk, stored.document, stored.version, stored.collection, stored.label, 0.0)
    return EvidenceSentence(passage, 0, len(quote), quote, 0, (), 0.0)


def _text(rooms: Rooms, outcome: Record, kept: Compared) -> Compared:
    """Run the model on the recorded prompt; compare with what it wrote, as far as that went."""
    if kept.state != IDENTICAL:
        return Compared(UNAVAILABLE, kept.why)
    generation: dict[str, Any] = outcome.public.get("generation") or {}
    if "max_tokens" not in generation:
        return Compared(UNAVAILABLE, "how the model was run is not in this record")
    try:
        engine = rooms.engine()
        if engine is None:
            return Compared(UNAVAILABLE, "no model is set here")
        if engine.info.digest != outcome.public["model_digest"]:
            return Compared(UNAVAILABLE, f"the model that answered is not the one that runs now ({engine.info.name})")
        sealed = outcome.sealed or {}
        messages = json.loads(sealed["prompt"])
        pieces = engine.stream(messages, max_tokens=int(generation["max_tokens"]), temperature=0.0)
        now = "".join(piece.text for piece in pieces)
    except Unavailable as error:
        return Compared(UNAVAILABLE, error.message)
    before = str(sealed.get("draft", ""))
    stopped = generation.get("ended") == "stopped"
    if now == before or (stopped and now.startswith(before)):
        return Compared(IDENTICAL, "up to where it was stopped" if stopped and now != before else "")
    return Compared(DIFFERENT, "the model wrote otherwise: see docs/auditor.md", _difference(before, now))


def _difference(before: str, now: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), "recorded", "again", lineterm="", n=1)
    return tuple(lines)

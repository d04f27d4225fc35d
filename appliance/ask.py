"""The journey of a question. Each step takes only what the step before it makes.

 1. who is asking, for which purpose                         given: `Person`, `Purpose`
 2. what may they read                                       access     -> `ReadableScope`
 3. guard the question: identifiers become surrogates,       redaction  -> `Question`
    a follow-up becomes a question of its own                answering
 4. durable intent record, or no answer                      audit      -> `Receipt`
 5. hybrid retrieval inside the scope                        search     -> `Passage`s
 6. rerank                                                   search
 7. the sentences that carry the answer, or abstain          answering  -> `Evidence` | `Abstention`
    - their record, then they are shown at once: quotations are true by construction
 8. the local model composes from the evidence, when its     answering  -> drafts, never shown
    turn has come: first come, first served
 9. verify sentence by sentence; citations made by code      answering  -> `VerifiedAnswer`
10. guard the answer: no identifier, no live link            redaction
11. durable outcome record, then the last byte               audit      -> `Receipt`

A refusal at steps 1 to 3 has its record too. What the reader stops is recorded as interrupted. Whenever something
is about to be shown, the rights and labels of that moment are asked again (`standing`). Nothing here knows of HTTP
or a terminal: `ask` yields what may be shown, in order, and the caller shows it.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

import numpy as np

from appliance.access.grants import Person, Purpose, ReadableScope
from appliance.access.limits import NameUses
from appliance.access.scope import Access
from appliance.answering import (
    composition,
    evidence,
    expansion,
    followup,
    parts,
    question,
    tongues,
    usage,
    verification,
)
from appliance.answering.answer import (
    Abstention,
    Evidence,
    EvidenceSentence,
    Question,
    Refusal,
)
from appliance.answering.composed import Composed
from appliance.answering.engines.engine import Engine
from appliance.answering.entailment import Entailment, weigh
from appliance.answering.queueing import Queue
from appliance.answering.shown import Finished as Finished
from appliance.answering.shown import Quotes as Quotes
from appliance.answering.shown import Sentence as Sentence
from appliance.answering.shown import Shown as Shown
from appliance.answering.shown import Understood, Waiting
from appliance.answering.standing import Standing
from appliance.audit.events import QuestionAsked, QuestionRefused, SearchedByIdentity
from appliance.audit.log import AuditLog
from appliance.audit.receipt import Receipt
from appliance.documents.catalog import Catalog
from appliance.documents.narrowing import Narrowing
from appliance.errors import ApplianceError, AuditUnavailable
from appliance.outcome import Clock, Outcome, quotations
from appliance.redaction.question import QuestionGuard
from appliance.redaction.screening import residual_identifiers
from appliance.redaction.wordings import Wordings
from appliance.search.chunk import Passage
from appliance.search.hybrid import Retriever
from appliance.search.reranking import Reranker
from appliance.settings import Settings

EVERYTHING = Narrowing()
NO_DOCUMENTS = "There are no documents here that you may read for this purpose."
MOST_HISTORY = 4
"""Questions before this one that a follow-up may lean on."""


@dataclass(frozen=True)
class Rooms:
    """The parts that a question passes through; `assembly` puts them together.

    `engine` gives the language model, or None where the site composes nothing.
    """

    settings: Settings
    access: Access
    guard: QuestionGuard
    log: AuditLog
    catalog: Catalog
    retriever: Retriever
    reranker: Reranker
    embed: Callable[[list[str]], np.ndarray]
    engine: Callable[[], Engine | None]
    names: NameUses
    queue: Queue = field(default_factory=Queue)
    """Before the language model."""
    entailment: Entailment | None = None
    """A site's NLI model, beside the verifier."""
    wordings: Wordings | None = None
    """Keeps the original words of questions that held identifiers, in the vault; None where a site keeps none."""
    finding: Queue = field(default_factory=lambda: Queue(len(os.sched_getaffinity(0))))
    """Before the processors: more questions at once than cores would only keep each other, and the log, waiting."""


def ask(
    rooms: Rooms,
    person: Person,
    purpose: Purpose,
    text: str,
    *,
    collection: str | None = None,
    narrowed: Narrowing = EVERYTHING,
    history: Sequence[str] = (),
    cancel: Event | None = None,
) -> Iterator[Shown]:
    """Answer `text` for `person` (step 1 was the caller's sign-in). Yields what may be shown, in order.

    `history` are the person's own questions before this one, oldest first; each is guarded like this one.
    Raises AuditUnavailable when the log cannot write: then nothing, or nothing more, was shown.
    """
    clock = Clock()

    try:
        # 2. what may they read
        scope = rooms.access.readable(person, purpose, collection)
        # 3. guard the question
        typed = guard(rooms, scope, question.check(text, rooms.settings.max_question_chars))
        rooms.names.take(person.id, "search", typed.by_identity)
        asked = follow(rooms, scope, typed, history)
        wording = rooms.wordings.keep(text) if rooms.wordings and typed.entities else ""
    except ApplianceError as error:
        yield _refuse(rooms, person, purpose, error, clock)
        return
    clock.lap("guard")

    # 4. durable intent record
    said = typed.text if asked.text != typed.text else ""
    intent = _record_intent(rooms, person, scope, asked, said, narrowed, wording)
    clock.lap("intent")
    if asked.text != typed.text:
        yield Understood(asked.text)

    outcome = Outcome(rooms.log, rooms.catalog, rooms.settings, person, intent)
    standing = Standing(rooms.access, rooms.catalog, person, scope)
    try:
        # 5. and 6. retrieval and reranking
        asked = understand(rooms, scope, asked)
        passages = retrieve(rooms, scope, asked, rooms.settings.passages, narrowed)
        clock.lap("retrieval")

        # 7. evidence, or abstain
        found = select(rooms, asked, passages)
        clock.lap("evidence")
        sources = _versions(found)
        standing.check(sources)
        if isinstance(found, Abstention):
            yield outcome.abstained(_explained(rooms, scope, asked, found), passages, asked, clock)
            return
        outcome.record_shown(found, passages)
        quotes = quotations(rooms.catalog, found.sentences)
        clock.lap("quotes")
        yield Quotes(quotes, found.probability)

        # 8., 9. and 10. compose, verify, guard
        answer = Composed(found)
        for shown in _compose_in_turn(rooms, asked, scope, answer, clock, cancel):
            standing.check(sources)
            yield shown
        clock.lap("composition")
        if cancel is not None and cancel.is_set():
            return

        # 11. durable outcome record, then the last byte
        standing.check(sources)
        if answer.is_doubtful(rooms.settings):
            yield outcome.abstained(_doubted(found), passages, asked, clock, answer)
        else:
            yield outcome.answered(answer, passages, asked, clock)
    except ApplianceError as error:
        outcome.failed(error)
        raise
    finally:
        outcome.close()


def find(
    rooms: Rooms,
    person: Person,
    purpose: Purpose,
    text: str,
    *,
    collection: str | None = None,
    k: int,
    narrowed: Narrowing = EVERYTHING,
) -> tuple[list[Passage], dict[str, float]]:
    """Steps 2 to 6 alone: the passages of a question, and seconds by stage. Intent and what is shown have their
    record first. Raises what a question is refused for, after it was recorded."""
    clock = Clock()
    try:
        scope = rooms.access.readable(person, purpose, collection)
        asked = guard(rooms, scope, question.check(text, rooms.settings.max_question_chars))
        rooms.names.take(person.id, "search", asked.by_identity)
    except ApplianceError as error:
        _record_refusal(rooms, person, purpose, error)
        raise
    clock.lap("guard")
    intent = _record_intent(rooms, person, scope, asked, "", narrowed)
    outcome = Outcome(rooms.log, rooms.catalog, rooms.settings, person, intent)
    try:
        passages = retrieve(rooms, scope, understand(rooms, scope, asked), k, narrowed)
        clock.lap("retrieval")
        Standing(rooms.access, rooms.catalog, person, scope).check(passage.version for passage in passages)
        outcome.listed(passages)
    finally:
        outcome.close()
    return passages, clock.seconds


def guard(rooms: Rooms, scope: ReadableScope, text: str) -> Question:
    """Step 3: the question with surrogates in place of identifiers. Raises when a detector fails (I1)."""
    with rooms.finding.turn():
        guarded = rooms.guard.guard(text, scope.collections, allow_identity=scope.search_by_identity)
    return Question(
        guarded.text, guarded.entities, guarded.terms, question.attack_signals(text), guarded.warnings,
        by_identity=guarded.by_identity, found=guarded.found,
    )  # fmt: skip


def follow(rooms: Rooms, scope: ReadableScope, typed: Question, history: Sequence[str]) -> Question:
    """Step 3 for a follow-up: the question as it is meant after those before it.

    What those hold is guarded again under the scope of now, so nothing is found by a name that was once allowed.
    """
    before = ""
    for each in history[-MOST_HISTORY:]:
        said = guard(rooms, scope, each[: rooms.settings.max_question_chars]).text
        before = followup.standalone(said, before, rooms.embed) if before else said
    if not before:
        return typed
    text = followup.standalone(typed.text, before, rooms.embed)
    borrowed = [term for term in followup.surrogates(text) if term not in typed.terms]
    return replace(typed, text=text, terms=(*typed.terms, *borrowed)) if text != typed.text else typed


def understand(rooms: Rooms, scope: ReadableScope, asked: Question) -> Question:
    """Before step 5: what the question's words may be called in the documents of the scope."""
    hidden = rooms.catalog.hidden_versions(scope.labels)
    return expansion.expand(
        asked,
        lambda words: rooms.retriever.counts(words, scope),
        lambda phrases: rooms.retriever.defined(phrases, scope, hidden),
    )


def retrieve(
    rooms: Rooms, scope: ReadableScope, asked: Question, k: int, narrowed: Narrowing = EVERYTHING
) -> list[Passage]:
    """Steps 5 and 6: the `k` best passages of the scope, of those documents that it was narrowed to."""
    hidden = rooms.catalog.hidden_versions(scope.labels)
    pool = max(k, rooms.settings.retrieve_depth)
    meanings = [(meaning.said, meaning.meant) for meaning in asked.meanings]
    text = expansion.spelt_out(asked)
    only = rooms.catalog.matching(narrowed, scope.labels) if narrowed else None
    with rooms.finding.turn():
        candidates = rooms.retriever.retrieve(text, asked.terms, scope, hidden, pool, meanings=meanings, versions=only)
        return rooms.reranker.rerank(asked.text, candidates)[:k]


def select(rooms: Rooms, asked: Question, passages: Sequence[Passage]) -> Evidence | Abstention:
    """Step 7, and step 10 for what it lets out: a quotation that still holds an identifier is withheld."""

    def evidence_of(question: Question, among: Sequence[Passage]) -> Evidence | Abstention:
        settings = rooms.settings
        return evidence.select(
            question, among, quotes=settings.quotes, abstain_below=settings.abstain_below, embed=rooms.embed
        )

    with rooms.finding.turn():
        found = parts.by_part(asked, passages, evidence_of, evidence_of(asked, passages))
    if isinstance(found, Abstention):
        return replace(found, related=_presentable(found.related))
    kept = _presentable(found.sentences)
    if kept:
        return replace(found, sentences=kept)
    return Abstention(evidence.NOT_ANSWERED, (), found.probability, found.parts)


def _explained(rooms: Rooms, scope: ReadableScope, asked: Question, found: Abstention) -> Abstention:
    """An abstention that says what else may be behind it: nothing there to read, or another language."""
    if not found.related and not rooms.catalog.matching(EVERYTHING, scope.labels):
        return replace(found, reason=NO_DOCUMENTS)
    language = tongues.foreign(asked.text)
    hint = f" The question seems to be in {language}: ask in the language of the documents." if language else ""
    return replace(found, reason=found.reason + hint)


def _doubted(found: Evidence) -> Abstention:
    """What was shown as quotations, offered as related only."""
    return Abstention(evidence.NOT_ANSWERED, found.sentences, found.probability, found.parts)


def _versions(found: Evidence | Abstention) -> frozenset[str]:
    """The versions whose sentences are about to be shown."""
    shown = found.related if isinstance(found, Abstention) else found.sentences
    return frozenset(sentence.passage.version for sentence in shown)


def _presentable(sentences: Sequence[EvidenceSentence]) -> tuple[EvidenceSentence, ...]:
    return tuple(sentence for sentence in sentences if not residual_identifiers(sentence.text))


def _compose_in_turn(
    rooms: Rooms, asked: Question, scope: ReadableScope, answer: Composed, clock: Clock, cancel: Event | None
) -> Iterator[Waiting | Sentence]:
    """Steps 8 to 10 when the model is free. Whatever becomes of the model, the quotations stand.

    A calculation is made by code, from what is quoted; no model is asked then.
    """
    computed = answer.compute(asked.text)
    if computed is not None:
        yield Sentence(computed.text, computed.citations, computed.support)
        return
    try:
        engine = rooms.engine()
        if engine is None:
            return
        with rooms.queue.place() as place:
            yield from map(Waiting, place.wait(rooms.settings.queue_seconds, cancel))
            clock.lap("waiting")
            if place.has_turn:
                yield from _compose(rooms, engine, asked, scope, answer, cancel)
            elif cancel is None or not cancel.is_set():
                answer.stands_alone("busy", "many questions are being answered")
    except AuditUnavailable:
        raise
    except ApplianceError as error:
        answer.stands_alone(error.code, f"the language model is unavailable ({error.message})")


def _compose(
    rooms: Rooms, engine: Engine, asked: Question, scope: ReadableScope, answer: Composed, cancel: Event | None
) -> Iterator[Sentence]:
    settings, found = rooms.settings, answer.found
    drafts = composition.compose(
        engine,
        asked,
        found,
        max_tokens=settings.compose_tokens,
        seconds=settings.compose_seconds,
        cancel=cancel,
        salt=scope_digest(scope),
    )
    answer.engine, answer.drafts, answer.asked = engine, drafts, asked
    for draft in drafts:
        sentence = verification.plain_claim(draft)
        verdict = verification.verify(sentence, found, asked, rooms.embed)
        if rooms.entailment is not None:
            verdict = weigh(verdict, sentence, [each.text for each in found.sentences], rooms.entailment)
        shown = answer.may_say(verdict, settings) and not residual_identifiers(sentence)
        shown = shown and not answer.says(sentence)
        answer.verdicts.append((sentence, verdict, shown))
        if shown:
            yield Sentence(sentence, tuple(sorted(index + 1 for index in verdict.cites)), verdict.support)
    if drafts.outcome == "stopped" and not (cancel is not None and cancel.is_set()):
        answer.stands_alone("slow", f"the language model took more than {settings.compose_seconds:.0f} seconds")


def _record_intent(
    rooms: Rooms,
    person: Person,
    scope: ReadableScope,
    asked: Question,
    typed: str,
    narrowed: Narrowing,
    wording: str = "",
) -> Receipt:
    if asked.by_identity:  # with and without the right alike, so that both take the same time and records
        event = SearchedByIdentity(
            purpose=scope.purpose.value,
            domain=",".join(sorted(scope.collections)),
            names=asked.by_identity,
            found=asked.found,
            allowed=scope.search_by_identity,
            surrogates=asked.terms,
        )
        rooms.log.append(event, actor=person.id, operator=person.operator)
    return rooms.log.append(
        QuestionAsked(
            purpose=scope.purpose.value,
            policy_digest=scope.policy_digest,
            scope_digest=scope_digest(scope),
            collections=sorted(scope.collections),
            attack=asked.attack,
            narrowed=narrowed.as_json(),
            vault_reference=wording,
            question=asked.text,
            typed=typed,
        ),
        actor=person.id,
        operator=person.operator,
    )


def _refuse(rooms: Rooms, person: Person, purpose: Purpose, error: ApplianceError, clock: Clock) -> Finished:
    receipt = _record_refusal(rooms, person, purpose, error)
    clock.lap("refusal")
    refusal = Refusal(error.message, error.advice)
    return Finished(
        "refused",
        refusal,
        (),
        rooms.log.prove(receipt),
        usage.measure(0, 0, clock.total, rooms.settings.watts),
        clock.seconds,
        error=error,
    )


def _record_refusal(rooms: Rooms, person: Person, purpose: Purpose, error: ApplianceError) -> Receipt:
    event = QuestionRefused(step=3, reason=error.code, purpose=purpose.value)
    return rooms.log.append(event, actor=person.id, operator=person.operator)


def scope_digest(scope: ReadableScope) -> str:
    """SHA-256 (hex) of what decides what a scope can see: person, purpose, labels, policies."""
    parts = [scope.person, scope.purpose.value, scope.policy_digest, *sorted(scope.labels)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

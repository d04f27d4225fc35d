"""The last step of a question: its outcome is on the disk before the last byte leaves (invariant I2).

`Outcome` writes exactly one outcome for an intent, however the question ends, and what comes back may be shown.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

from appliance.access.grants import Person
from appliance.answering import citations, disagreement, usage
from appliance.answering.answer import Abstention, Citation, Draft, Evidence, EvidenceSentence, Question
from appliance.answering.composed import Composed
from appliance.answering.shown import Finished, Status
from appliance.audit.events import AnswerGiven, PassagesShown
from appliance.audit.log import AuditLog
from appliance.audit.receipt import ProofedReceipt, Receipt
from appliance.documents.catalog import Catalog
from appliance.errors import ApplianceError
from appliance.search.chunk import Passage
from appliance.settings import Settings


class Clock:
    """Seconds since the last lap, by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """The stage `stage` ends now."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 4)
        self._last = now

    @property
    def total(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started


class Outcome:
    """Writes exactly one outcome for an intent, however the question ends."""

    def __init__(self, log: AuditLog, catalog: Catalog, settings: Settings, person: Person, intent: Receipt) -> None:
        self._log = log
        self._catalog = catalog
        self._settings = settings
        self._person = person
        self._intent = intent.record
        self._written = False

    def record_shown(self, found: Evidence, passages: Sequence[Passage]) -> None:
        """The quotations are about to be shown."""
        self._append(
            PassagesShown(
                intent=self._intent,
                chunks=_scores(passages),
                evidence=[sentence.passage.chunk.id for sentence in found.sentences],
                versions=_versions(passages),
                quotes=[sentence.text for sentence in found.sentences],
            )
        )

    def listed(self, passages: Sequence[Passage]) -> None:
        """Record passages that are shown as a list, with no answer."""
        self._write(
            AnswerGiven(
                intent=self._intent,
                status="listed",
                chunks=_scores(passages),
                versions=_versions(passages),
                redaction_digests=self._profiles(passages),
            )
        )

    def answered(self, answer: Composed, passages: Sequence[Passage], asked: Question, clock: Clock) -> Finished:
        """Record the answer; what comes back may be shown."""
        quotes = quotations(self._catalog, answer.found.sentences)
        verified = replace(answer.verified(), citations=quotes)
        told = verified.text, verified.citations
        receipt, cost = self._conclude("answered", told, passages, clock, answer)
        differ = disagreement.disagreements(answer.found.sentences)
        warnings = (*asked.warnings, *_differing(quotes, differ), *answer.warnings)
        sources = _sources(answer.found.sentences)
        return Finished(
            "answered", verified, verified.citations, receipt, cost, clock.seconds, warnings, None, asked, sources,
            answer.found.parts, differ,
        )  # fmt: skip

    def abstained(
        self,
        found: Abstention,
        passages: Sequence[Passage],
        asked: Question,
        clock: Clock,
        answer: Composed | None = None,
    ) -> Finished:
        """Record that the documents do not answer, and what is offered as related."""
        related = quotations(self._catalog, found.related)
        receipt, cost = self._conclude("abstained", (found.reason, related), passages, clock, answer)
        warnings = (*asked.warnings, *(answer.warnings if answer else ()))
        sources = _sources(found.related)
        return Finished(
            "abstained", found, related, receipt, cost, clock.seconds, warnings, None, asked, sources, found.parts
        )

    def _conclude(
        self,
        status: Status,
        told: tuple[str, tuple[Citation, ...]],
        passages: Sequence[Passage],
        clock: Clock,
        answer: Composed | None,
    ) -> tuple[ProofedReceipt, usage.Usage]:
        """Write the outcome and prove it: what was told, and, where a model ran, what it was given and wrote."""
        engine = answer.engine if answer else None
        draft = answer.drafts.draft if answer and answer.drafts else Draft("", "")
        verdicts = answer.verdicts if answer else []
        spent = clock.total - clock.seconds.get("waiting", 0.0)
        cost = usage.measure(draft.prompt_tokens, draft.completion_tokens, spent, self._settings.watts)
        text, quotes = told
        receipt = self._write(
            AnswerGiven(
                intent=self._intent,
                status=status,
                reason=answer.reason if answer else "",
                chunks=_scores(passages),
                evidence=[citation.chunk for citation in quotes],
                versions=_versions(passages),
                redaction_digests=self._profiles(passages),
                prompt_digest=hashlib.sha256(draft.prompt.encode()).hexdigest() if draft.prompt else "",
                model=engine.info.name if engine else "",
                model_digest=engine.info.digest if engine else "",
                verification=[
                    {"support": round(verdict.support, 4), "shown": shown, "reasons": list(verdict.reasons)}
                    for _, verdict, shown in verdicts
                ],
                dropped=sum(not shown for _, _, shown in verdicts),
                usage=cost.as_json(),
                generation=_generation(self._settings, answer),
                prompt=draft.prompt,
                prompted=_prompted(answer.asked if answer else None),
                draft=draft.text,
                answer={"text": text, "quotes": [citation.quote for citation in quotes]},
            )
        )
        clock.lap("outcome")
        proof = self._log.prove(receipt)
        clock.lap("receipt")
        return proof, cost

    def failed(self, error: ApplianceError) -> None:
        """Record that the question could not be answered, unless an outcome stands already."""
        if not self._written:
            self._write(AnswerGiven(intent=self._intent, status="failed", reason=error.code))

    def close(self) -> None:
        """Record an interruption if nothing else was recorded: the reader went away."""
        if not self._written:
            self._write(AnswerGiven(intent=self._intent, status="interrupted"))

    def _profiles(self, passages: Sequence[Passage]) -> list[str]:
        return sorted(self._catalog.profile_digests({passage.version for passage in passages}))

    def _write(self, event: AnswerGiven) -> Receipt:
        self._written = True
        return self._append(event)

    def _append(self, event: AnswerGiven | PassagesShown) -> Receipt:
        return self._log.append(event, actor=self._person.id, operator=self._person.operator)


def quotations(catalog: Catalog, sentences: Sequence[EvidenceSentence]) -> tuple[Citation, ...]:
    """Numbered citations of sentences, each with the day of its version's publication."""
    days = catalog.published_days({sentence.passage.version for sentence in sentences})
    found = citations.quotations(Evidence(tuple(sentences), 0.0)).citations
    return tuple(replace(each, published=days.get(each.version, "")) for each in found)


def _differing(quotes: Sequence[Citation], pairs: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """A line for each pair of quotations that disagree: which, and of when."""
    return tuple(
        f"Quotations {one + 1} (published {quotes[one].published}) and {other + 1} (published "
        f"{quotes[other].published}) state different figures: see both"
        for one, other in pairs
    )


def _generation(settings: Settings, answer: Composed | None) -> dict[str, float | str]:
    if answer is None or answer.drafts is None:
        return {}
    context = answer.engine.info.context_tokens if answer.engine else 0
    return {
        "max_tokens": settings.compose_tokens,
        "temperature": 0.0,
        "context_tokens": context,
        "ended": answer.drafts.outcome,
    }


def _prompted(asked: Question | None) -> dict[str, object]:
    """What the prompt was made from beside the evidence."""
    if asked is None:
        return {}
    meanings = [(meaning.said, meaning.meant, meaning.kind) for meaning in asked.meanings]
    return {"question": asked.text, "meanings": meanings}


def _scores(passages: Sequence[Passage]) -> list[tuple[str, float]]:
    return [(passage.chunk.id, round(passage.score, 6)) for passage in passages]


def _sources(sentences: Sequence[EvidenceSentence]) -> frozenset[tuple[str, str]]:
    return frozenset((sentence.passage.version, sentence.passage.label) for sentence in sentences)


def _versions(passages: Sequence[Passage]) -> list[str]:
    return sorted({passage.version for passage in passages})

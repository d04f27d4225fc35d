"""Citations: numbered by code from what verification aligned, never by what a model wrote.

The floor of an answer does not depend on a model: when no composed sentence passed, the answer is its quotations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.answering.answer import (
    Citation,
    Evidence,
    EvidenceSentence,
    VerifiedAnswer,
    VerifiedSentence,
)


@dataclass(frozen=True, slots=True)
class Passed:
    """A composed sentence that passed verification, and the indices of the evidence sentences it rests on."""

    text: str
    cites: tuple[int, ...]
    support: float


def quotations(evidence: Evidence, count: int | None = None) -> VerifiedAnswer:
    """The first `count` evidence sentences as an answer: quotes, true by construction, shown at once."""
    chosen = evidence.sentences[:count]
    sentences = tuple(
        VerifiedSentence(sentence.text, (number,), 1.0, "quote") for number, sentence in enumerate(chosen, 1)
    )
    return VerifiedAnswer(sentences, _citations(chosen), 0, evidence.probability)


def assemble(evidence: Evidence, passed: Sequence[Passed], *, dropped: int = 0) -> VerifiedAnswer:
    """The answer: the composed sentences that passed, else the quotations.

    Citation n is evidence sentence n - 1: the number under which its quotation was already shown. `dropped` is
    how many composed sentences failed verification.
    """
    floor = quotations(evidence)
    sentences = tuple(
        VerifiedSentence(sentence.text, tuple(sorted(i + 1 for i in sentence.cites)), sentence.support, "composed")
        for sentence in passed
    )
    return VerifiedAnswer(sentences or floor.sentences, floor.citations, dropped, evidence.probability)


def _citations(sentences: Sequence[EvidenceSentence]) -> tuple[Citation, ...]:
    return tuple(_citation(number, sentence) for number, sentence in enumerate(sentences, 1))


def _citation(n: int, sentence: EvidenceSentence) -> Citation:
    passage = sentence.passage
    return Citation(
        n,
        passage.document,
        passage.version,
        passage.chunk.id,
        passage.chunk.title,
        sentence.page,
        sentence.text,
        sentence.boxes,
    )

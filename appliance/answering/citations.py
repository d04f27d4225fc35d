"""Citations: numbered by code from what verification aligned, never by what a model wrote.

The floor of an answer does not depend on a model: when no composed sentence passed, the answer is its quotations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.answering.answer import Citation, Evidence, EvidenceSentence, VerifiedAnswer, VerifiedSentence


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
    """The answer: composed sentences with citations numbered in order of first use, else the quotations.

    Citation numbers start at 1 and index `citations` of the result. `dropped` is how many composed sentences
    failed verification.
    """
    if not passed:
        floor = quotations(evidence)
        return VerifiedAnswer(floor.sentences, floor.citations, dropped, evidence.probability)
    order: dict[int, int] = {}
    sentences = []
    for sentence in passed:
        numbers = tuple(sorted(order.setdefault(index, len(order) + 1) for index in sentence.cites))
        sentences.append(VerifiedSentence(sentence.text, numbers, sentence.support, "composed"))
    cited = [evidence.sentences[index] for index in order]
    return VerifiedAnswer(tuple(sentences), _citations(cited), dropped, evidence.probability)


def _citations(sentences: Sequence[EvidenceSentence]) -> tuple[Citation, ...]:
    return tuple(_citation(number, sentence) for number, sentence in enumerate(sentences, 1))


def _citation(n: int, sentence: EvidenceSentence) -> Citation:
    passage = sentence.passage
    return Citation(
        n, passage.document, passage.version, passage.chunk.id, passage.chunk.title, sentence.page, sentence.text, sentence.boxes
    )

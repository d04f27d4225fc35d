"""Citations: numbered by code from what verification aligned, never by what a model wrote.

The floor of an answer does not depend on a model: when no composed sentence passed, the answer is its quotations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.answering.answer import (
    Citation,
    Evidence,
    EvidenceSentence,
    Question,
    VerifiedAnswer,
    VerifiedSentence,
)
from appliance.answering.verdict import led, verdict


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


def assemble(
    evidence: Evidence, passed: Sequence[Passed], *, dropped: int = 0, question: Question | None = None
) -> VerifiedAnswer:
    """The answer: composed sentences, then the best quotations they do not repeat; without any, the quotations.

    Citation numbers start at 1, in order of first use, and index `citations` of the result. `dropped` is how
    many composed sentences failed. With `question`, a verdict that the evidence makes clear is put first.
    """
    order: dict[int, int] = {}
    said = _verdict(evidence, passed, question)
    sentences = [
        VerifiedSentence(
            sentence.text,
            tuple(sorted(order.setdefault(index, len(order) + 1) for index in sentence.cites)),
            sentence.support,
            "composed",
        )
        for sentence in [*said, *passed]
    ]
    quoted = range(len(evidence.sentences)) if not passed else sorted(order, key=order.__getitem__)[:1] or range(1)
    for index in quoted:
        text = evidence.sentences[index].text
        if not any(_says(sentence.text, text) for sentence in sentences):
            number = order.setdefault(index, len(order) + 1)
            sentences.append(VerifiedSentence(text, (number,), 1.0, "quote"))
    cited = [evidence.sentences[index] for index in order]
    return VerifiedAnswer(tuple(sentences), _citations(cited), dropped, evidence.probability)


def _verdict(evidence: Evidence, passed: Sequence[Passed], question: Question | None) -> list[Passed]:
    """A verdict sentence that code made, unless a composed sentence already gives one."""
    if question is None or any(led(sentence.text)[0] for sentence in passed):
        return []
    said, probability = verdict(question, evidence)
    if not said:
        return []
    return [Passed(f"{said.capitalize()}, the evidence points that way.", (0,), probability)]


def _says(shown: str, quote: str) -> bool:
    return " ".join(quote.lower().split()).strip(".") in " ".join(shown.lower().split())


def _citations(sentences: Sequence[EvidenceSentence]) -> tuple[Citation, ...]:
    return tuple(_citation(number, sentence) for number, sentence in enumerate(sentences, 1))


def _citation(n: int, sentence: EvidenceSentence) -> Citation:
    passage = sentence.passage
    return Citation(
        n, passage.document, passage.version, passage.chunk.id, passage.chunk.title, sentence.page, sentence.text, sentence.boxes
    )

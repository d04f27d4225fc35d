"""Quotations that seem to say different things of the same: shown together, with their dates, for a reader to judge.

Two sentences of different documents disagree when they share most of their words and state different numbers. It is
a sign and no verdict: neither is dropped.
"""

from collections.abc import Sequence

from appliance.answering.answer import EvidenceSentence
from appliance.answering.words import NUMBER, SURROGATE, dates, stems

ALIKE = 0.5
"""Share of the words of the shorter sentence that the other has too."""
FEWEST_WORDS = 3


def disagreements(sentences: Sequence[EvidenceSentence]) -> tuple[tuple[int, int], ...]:
    """Pairs of indices, each ascending, of sentences from different documents that disagree."""
    facts = [_facts(sentence.text) for sentence in sentences]
    return tuple(
        (first, second)
        for second in range(len(sentences))
        for first in range(second)
        if sentences[first].passage.document != sentences[second].passage.document
        and _disagree(facts[first], facts[second])
    )


def _facts(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of a sentence, and its numbers and dates."""
    plain = SURROGATE.sub(" ", text)
    numbers = {number.replace(",", "").rstrip("0").rstrip(".") if "." in number else number.replace(",", "")
               for number in NUMBER.findall(plain)}  # fmt: skip
    words = frozenset(stem for stem in stems(plain) if not any(character.isdigit() for character in stem))
    return words, frozenset(numbers | dates(plain))


def _disagree(one: tuple[frozenset[str], frozenset[str]], other: tuple[frozenset[str], frozenset[str]]) -> bool:
    shorter = min(len(one[0]), len(other[0]))
    if shorter < FEWEST_WORDS or len(one[0] & other[0]) < ALIKE * shorter:
        return False
    return bool(one[1] and other[1] and not one[1] & other[1])

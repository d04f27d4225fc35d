"""Evidence: the sentences, list items and table rows that carry the answer, or an abstention.

1. Split every passage that is not flagged into quotable units.
2. Score each by words alone; embed the best few and the question, score again (`weights/sentence.json`).
3. Choose: the best first, each part of the question covered, no repetition.
4. From the features of the best, the probability that the question is answered (`weights/answerable.json`).
   Below the threshold: abstain, and offer the nearest as related.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from appliance.answering import calculation, linear
from appliance.answering.answer import Abstention, Evidence, EvidenceSentence, Question
from appliance.answering.asking import Asked, understand
from appliance.answering.expansion import spelt_out
from appliance.answering.features import Asking, answerable_features, sentence_features
from appliance.answering.retrieved import is_retrieved, retrieval_features
from appliance.answering.sentences import Unit, units
from appliance.search.chunk import Passage

Embed = Callable[[list[str]], np.ndarray]

EMBEDDED = 8
"""Units that are embedded for one question, the nearest by words: with 24 the same sentences are chosen, later."""
NOTHING_FOUND = "Nothing in the documents you may read is near this question."
NOT_ANSWERED = "The documents you may read do not seem to answer this question."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of a passage, the features of its match with the question, and the model's score."""

    index: int
    passage: Passage
    unit: Unit
    text: str
    features: dict[str, float]
    vector: np.ndarray | None
    score: float


def select(
    question: Question,
    passages: Sequence[Passage],
    *,
    quotes: int,
    abstain_below: float,
    embed: Embed | None,
) -> Evidence | Abstention:
    """The `quotes` best sentences for the question, or an Abstention when they probably do not answer it.

    Passages come best first, from `search`. Flagged ones are never evidence. Without `embed` the words alone
    decide. Leaves to its caller: what the person may read, and the record.
    """
    ranking = rank(question, passages, embed)
    if ranking is None:
        return Abstention(NOTHING_FOUND)
    chosen = _choose(ranking, quotes)
    probability = answered(ranking, passages, embed)
    row = _operands(question, ranking)
    if row is not None:  # first: who reads the result sees its operands
        chosen = [row, *(candidate for candidate in chosen if candidate is not row)][: len(chosen)]
        chunk = row.passage.chunk
        if calculation.is_all_of(question.text, " ".join((chunk.title, *chunk.section, chunk.text))):
            probability = max(probability, calculation.RIGHT)
    sentences = tuple(_sentence(candidate) for candidate in chosen)
    if probability < abstain_below:
        return Abstention(NOT_ANSWERED, sentences, probability)
    return Evidence(sentences, probability)


def answered(ranking: "Ranking", passages: Sequence[Passage], embed: Embed | None) -> float:
    """The probability that the ranking's best sentences answer the question; passages from search say more."""
    features = ranking.features()
    if embed is None:
        return linear.load("answerable_lexical").probability(features)
    if is_retrieved(passages):
        return linear.load("answerable_retrieved").probability(features | retrieval_features(passages))
    return linear.load("answerable").probability(features)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every candidate, best first; the first `EMBEDDED` have been embedded."""

    asked: Asked
    asking: Asking
    candidates: tuple[Candidate, ...]

    def features(self) -> dict[str, float]:
        """Features for the probability that the question is answered."""
        return answerable_features(self.asking, [(c.index, c.score, c.features) for c in self.candidates])


def rank(question: Question, passages: Sequence[Passage], embed: Embed | None) -> Ranking | None:
    """Score every unit of the passages that are not flagged; None when there is none."""
    pieces = [
        (order, passage, unit, passage.chunk.text[unit.start : unit.end])
        for order, passage in enumerate(passages)
        if not passage.chunk.flagged
        for unit in units(passage.chunk.text)
    ]
    if not pieces:
        return None
    asked = understand(question.text)
    asking = Asking.of(question, asked, [_context(unit, text) for _, _, unit, text in pieces])
    lexical = linear.load("sentence_lexical")
    found = []
    for index, (order, passage, unit, text) in enumerate(pieces):
        features = sentence_features(asking, index, passage, unit, text, order)
        found.append(Candidate(index, passage, unit, text, features, None, lexical.probability(features)))
    found.sort(key=lambda candidate: -candidate.score)
    return Ranking(asked, asking, tuple(found if embed is None else _embedded(question, found, embed)))


def _embedded(question: Question, found: list[Candidate], embed: Embed) -> list[Candidate]:
    """The nearest by words scored again with their meaning; the rest stays behind them."""
    model = linear.load("sentence")
    near = found[:EMBEDDED]
    vectors = embed([spelt_out(question), *(_context(c.unit, c.text) for c in near)])
    scored = []
    for candidate, vector in zip(near, vectors[1:], strict=True):
        features = candidate.features | {"dense": float(vector @ vectors[0])}
        scored.append(replace(candidate, features=features, vector=vector, score=model.probability(features)))
    scored.sort(key=lambda candidate: -candidate.score)
    return scored + [replace(c, score=min(c.score, scored[-1].score)) for c in found[EMBEDDED:]]


def _context(unit: Unit, text: str) -> str:
    """A unit with what it needs to be understood alone: a row's header."""
    return f"{unit.header} {text}" if unit.header else text


def _choose(ranking: Ranking, quotes: int) -> list[Candidate]:
    ranked, asked = ranking.candidates, ranking.asked
    chosen: list[Candidate] = []
    for part in range(len(asked.parts) if len(asked.parts) > 1 else 0):
        best = max(ranked[:EMBEDDED], key=lambda c: (c.features.get(f"part{part}", 0.0), c.score))
        if best not in chosen:
            chosen.append(best)
    for candidate in ranked:
        if len(chosen) >= quotes:
            break
        if candidate not in chosen and not any(_same(candidate, other) for other in chosen) and _shown(candidate):
            chosen.append(candidate)
    return sorted(chosen, key=lambda candidate: -candidate.score)[:quotes] or list(ranked[:1])


def _operands(question: Question, ranking: Ranking) -> Candidate | None:
    """The row that the calculation asked for is made from, where one is."""
    rows = [candidate for candidate in ranking.candidates if candidate.unit.kind == "row" and candidate.unit.header]
    made = calculation.calculate(question.text, [f"{row.unit.header}\n{row.text}" for row in rows])
    return rows[made[0]] if made else None


def _shown(candidate: Candidate) -> bool:
    return len(candidate.text) >= 12 and not (candidate.unit.kind == "row" and not candidate.unit.header)


def _same(one: Candidate, other: Candidate) -> bool:
    return " ".join(one.text.lower().split()) == " ".join(other.text.lower().split())


def _sentence(candidate: Candidate) -> EvidenceSentence:
    start, end = candidate.unit.start, candidate.unit.end
    spans = [span for span in candidate.passage.chunk.spans if span.start < end and span.end > start]
    page = spans[0].page if spans else 1
    boxes = tuple(
        (x0, y0, x1, y1)
        for span in spans
        if span.page == page
        for x0, y0, x1, y1, box_start, box_end in span.boxes
        if box_start < end and box_end > start
    )
    text = f"{candidate.unit.header}\n{candidate.text}" if candidate.unit.header else candidate.text
    return EvidenceSentence(candidate.passage, start, end, text, page, boxes, candidate.score)

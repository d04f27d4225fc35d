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

from appliance.answering import linear
from appliance.answering.answer import Abstention, Evidence, EvidenceSentence, Question
from appliance.answering.asking import Asked, understand
from appliance.answering.features import Asking, answerable_features, sentence_features
from appliance.answering.sentences import Unit, units
from appliance.search.chunk import Passage

Embed = Callable[[list[str]], np.ndarray]

EMBEDDED = 24
"""Units that are embedded for one question: what two cores do within the time for quotes."""
NOTHING_FOUND = "Nothing in the documents you may read is near this question."
NOT_ANSWERED = "The documents you may read do not seem to answer this question."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of a passage, the features of its match with the question, and the model's score."""

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
    asked = understand(question.text)
    ranked = rank(question, asked, passages, embed)
    if not ranked:
        return Abstention(NOTHING_FOUND)
    chosen = _choose(ranked, asked, quotes)
    probability = linear.load("answerable").probability(answerable_features(asked, [c.features for c in ranked]))
    sentences = tuple(_sentence(candidate) for candidate in chosen)
    if probability < abstain_below:
        return Abstention(NOT_ANSWERED, sentences, probability)
    return Evidence(sentences, probability)


def rank(question: Question, asked: Asked, passages: Sequence[Passage], embed: Embed | None) -> list[Candidate]:
    """Every unit of the passages that are not flagged, best first; the first `EMBEDDED` have been embedded."""
    pieces = [
        (passage, unit, passage.chunk.text[unit.start : unit.end])
        for passage in passages
        if not passage.chunk.flagged
        for unit in units(passage.chunk.text)
    ]
    if not pieces:
        return []
    asking = Asking.of(question, asked, [_context(*piece) for piece in pieces])
    model = linear.load("sentence" if embed else "sentence_lexical")
    lexical = linear.load("sentence_lexical")
    found = []
    order = {id(passage): i for i, passage in enumerate(passages)}
    for index, (passage, unit, text) in enumerate(pieces):
        features = sentence_features(asking, index, passage, unit, text, order[id(passage)])
        found.append(Candidate(passage, unit, text, features, None, lexical.probability(features)))
    found.sort(key=lambda candidate: -candidate.score)
    if embed is None:
        return found
    near = found[:EMBEDDED]
    vectors = embed([question.text, *(_context(c.passage, c.unit, c.text) for c in near)])
    similarity = vectors[1:] @ vectors[0]
    scored = []
    for candidate, vector, value in zip(near, vectors[1:], similarity, strict=True):
        features = candidate.features | {"dense": float(value)}
        scored.append(replace(candidate, features=features, vector=vector, score=model.probability(features)))
    scored.sort(key=lambda candidate: -candidate.score)
    return scored + [replace(c, score=min(c.score, scored[-1].score)) for c in found[EMBEDDED:]]


def _context(passage: Passage, unit: Unit, text: str) -> str:
    """A unit with what it needs to be understood alone: a row's header."""
    return f"{unit.header} {text}" if unit.header else text


def _choose(ranked: list[Candidate], asked: Asked, quotes: int) -> list[Candidate]:
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
    return sorted(chosen, key=lambda candidate: -candidate.score)[:quotes] or ranked[:1]


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

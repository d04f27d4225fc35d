"""Features of a question's match with a sentence, and of a ranking with being an answer: named, in [0, 1] or so."""

import json
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from appliance.answering.answer import Question
from appliance.answering.asking import Asked, fits
from appliance.answering.ranges import asked_numbers, within
from appliance.answering.sentences import Unit
from appliance.answering.words import NUMBER, names, polarity, stems
from appliance.search.chunk import Passage


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as features need it: stems with weights, names, numbers; the stems of every candidate."""

    text: str
    kind: str
    terms: dict[str, float]
    """Stems of the question with their weight in English at large (`weights/background.json`)."""
    local: dict[str, float]
    """The same stems with their weight among the candidates."""
    part_terms: tuple[dict[str, float], ...]
    names: frozenset[str]
    numbers: frozenset[str]
    bags: tuple[Counter[str], ...]
    also: tuple[str, ...]
    """What of the question each candidate says in other words: see `said_otherwise`."""
    average: float
    question: Question

    @classmethod
    def of(cls, question: Question, asked: Asked, texts: list[str]) -> "Asking":
        """The question against the candidates `texts` of this question alone; no other statistics are learnt."""
        bags = tuple(Counter(stems(text)) for text in texts)
        also = tuple(said_otherwise(question, text, bag) for text, bag in zip(texts, bags, strict=True))
        for bag, more in zip(bags, also, strict=True):
            bag.update(stems(more))
        frequency = Counter(stem for bag in bags for stem in bag)
        asked_stems = stems(question.text)
        local = {s: math.log(1 + (len(texts) - frequency[s] + 0.5) / (frequency[s] + 0.5)) for s in asked_stems}
        rarity = {stem: rarity_of(stem) for stem in asked_stems}
        parts = tuple({stem: rarity[stem] for stem in stems(part) if stem in rarity} for part in asked.parts)
        average = sum(bag.total() for bag in bags) / max(1, len(bags))
        return cls(
            question.text, asked.kind, rarity, local, parts,
            frozenset(names(question.text)) | frozenset(term.lower() for term in question.terms),
            frozenset(NUMBER.findall(question.text)), bags, also, average, question,
        )  # fmt: skip


def sentence_features(
    asking: Asking, index: int, passage: Passage, unit: Unit, text: str, order: int
) -> dict[str, float]:
    """Features of candidate `index`: how its words, names, numbers, type and place agree with the question."""
    bag = asking.bags[index]
    total = sum(asking.terms.values()) or 1.0
    covered = sum(weight for stem, weight in asking.terms.items() if stem in bag)
    length = bag.total()
    bm25 = sum(
        weight * bag[stem] * 2.2 / (bag[stem] + 1.2 * (0.25 + 0.75 * length / max(1.0, asking.average)))
        for stem, weight in asking.local.items()
    )
    neighbours = Counter(asking.bags[index - 1] if index else ())
    if index + 1 < len(asking.bags):
        neighbours |= asking.bags[index + 1]
    around = sum(w for stem, w in asking.terms.items() if stem in neighbours and stem not in bag)
    above = " ".join((passage.chunk.title, *passage.chunk.section))
    title = set(stems(above))
    title.update(stems(said_otherwise(asking.question, above, title)))
    told = f"{text} {asking.also[index]}"
    headed = sum(w for stem, w in asking.terms.items() if stem in title and stem not in bag)
    content = [stem for stem in bag if stem not in asking.terms]
    features = {
        "covered": covered / total,
        "bm25": bm25 / (sum(asking.local.values()) or 1.0),
        "around": around / total,
        "headed": headed / total,
        "names": _share(asking.names, told.lower()),
        "numbers": _share(asking.numbers, told),
        "fits": fits(asking.kind, text),
        "fits_covered": fits(asking.kind, text) * covered / total,
        "new": min(1.0, len(content) / 12),
        "short": float(length < 4),
        "long": float(length > 40),
        "row": float(unit.kind == "row"),
        "item": float(unit.kind == "item"),
        "head_row": float(unit.kind == "row" and not unit.header),
        "question": float(text.rstrip().endswith("?")),
        "order": 1.0 / (1 + order),
        "negated": float(min(1, polarity(text)[0])),
    }
    for number, part in enumerate(asking.part_terms if len(asking.part_terms) > 1 else ()):
        whole = sum(part.values()) or 1.0
        features[f"part{number}"] = sum(w for stem, w in part.items() if stem in bag) / whole
    return features


def said_otherwise(question: Question, text: str, held: Collection[str] | None = None) -> str:
    """The words of the question that `text` says by another name, and its numbers that a range in `text` holds.

    `held` are the stems of `text`, where the caller has them.
    """
    if not question.meanings and not any(character.isdigit() for character in question.text):
        return ""
    held = set(stems(text)) if held is None else held
    said = [meaning.said for meaning in question.meanings if all(stem in held for stem in stems(meaning.meant))]
    numbers = [written for written, value in asked_numbers(question.text).items() if within(value, text)]
    return " ".join((*said, *numbers))


def answerable_features(asking: Asking, ranked: Sequence[tuple[int, float, dict[str, float]]]) -> dict[str, float]:
    """Features of a ranking for the probability that it answers the question.

    `ranked` holds (index of the candidate, score, features), best first. Nothing here tells how many passages
    there are, how long, or what kind of question it is: in the fitting data that would tell the set, not the answer.
    """
    best = [features for _, _, features in ranked[:4]]
    top, dense = best[0], sorted((f.get("dense", 0.0) for _, _, f in ranked[:24]), reverse=True)
    total = sum(asking.terms.values()) or 1.0
    shown = set().union(*(asking.bags[index] for index, _, _ in ranked[:4]))
    rarest = max(asking.terms, key=lambda stem: asking.terms[stem], default="")
    return {
        "top_score": _logit(ranked[0][1]),
        "second_score": _logit(ranked[min(1, len(ranked) - 1)][1]),
        "top_covered": top["covered"],
        "best_covered": max(f["covered"] for f in best),
        "shown_covered": sum(w for stem, w in asking.terms.items() if stem in shown) / total,
        "rarest_shown": float(rarest in shown),
        "top_dense": top.get("dense", 0.0),
        "best_dense": dense[0],
        "mean_dense": sum(dense[:4]) / len(dense[:4]),
        "top_fits": top["fits"],
        "fits_covered": max(f["fits_covered"] for f in best),
        "context_covered": max(f["covered"] + f["around"] + f["headed"] for f in best),
        "names": max(f["names"] for f in best),
        "numbers": max(f["numbers"] for f in best),
        "terms": min(1.0, len(asking.terms) / 10),
    }


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


@lru_cache(maxsize=1)
def _background() -> tuple[int, int, dict[str, int]]:
    content = json.loads(
        resources.files("appliance.answering").joinpath("weights", "background.json").read_text("utf-8")
    )
    return int(content["units"]), int(content["floor"]), content["frequency"]


@lru_cache(maxsize=50_000)
def rarity_of(stem: str) -> float:
    """How rare a stem is in English at large, about 0 to 10: its inverse document frequency in a fixed sample."""
    total, floor, frequency = _background()
    n = frequency.get(stem, floor / 2)
    return math.log(1 + (total - n + 0.5) / (n + 0.5))


def is_common(word: str) -> bool:
    """Whether English at large knows a word."""
    return any(stem in _background()[2] for stem in stems(word)) or not stems(word)


def _share(wanted: frozenset[str], text: str) -> float:
    """Share of `wanted` strings in `text`; 1 when nothing is wanted."""
    return sum(item in text for item in wanted) / len(wanted) if wanted else 1.0

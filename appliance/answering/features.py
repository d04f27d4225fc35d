"""Features of a question's match with a sentence, and of a ranking with being an answer: named, in [0, 1] or so."""

import math
from collections import Counter
from dataclasses import dataclass

from appliance.answering.answer import Question
from appliance.answering.asking import Asked, fits
from appliance.answering.sentences import Unit
from appliance.answering.words import NUMBER, names, polarity, stems
from appliance.search.chunk import Passage


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as features need it: stems with weights, names, numbers; the stems of every candidate."""

    text: str
    kind: str
    terms: dict[str, float]
    part_terms: tuple[dict[str, float], ...]
    names: frozenset[str]
    numbers: frozenset[str]
    bags: tuple[Counter[str], ...]
    idf: dict[str, float]
    average: float

    @classmethod
    def of(cls, question: Question, asked: Asked, texts: list[str]) -> "Asking":
        """Weights are inverse document frequencies over the candidates `texts` of this question alone."""
        bags = tuple(Counter(stems(text)) for text in texts)
        frequency = Counter(stem for bag in bags for stem in bag)
        asked_stems = stems(question.text)
        idf = {
            stem: math.log(1 + (len(texts) - frequency[stem] + 0.5) / (frequency[stem] + 0.5)) for stem in asked_stems
        }
        parts = tuple({stem: idf[stem] for stem in stems(part) if stem in idf} for part in asked.parts)
        average = sum(bag.total() for bag in bags) / max(1, len(bags))
        return cls(
            question.text, asked.kind, {stem: idf[stem] for stem in asked_stems}, parts,
            frozenset(names(question.text)) | frozenset(term.lower() for term in question.terms),
            frozenset(NUMBER.findall(question.text)), bags, idf, average,
        )


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
        for stem, weight in asking.terms.items()
    )
    neighbours = Counter(asking.bags[index - 1] if index else ())
    if index + 1 < len(asking.bags):
        neighbours |= asking.bags[index + 1]
    around = sum(w for stem, w in asking.terms.items() if stem in neighbours and stem not in bag)
    title = set(stems(" ".join((passage.chunk.title, *passage.chunk.section))))
    headed = sum(w for stem, w in asking.terms.items() if stem in title and stem not in bag)
    content = [stem for stem in bag if stem not in asking.terms]
    features = {
        "covered": covered / total,
        "bm25": bm25 / total,
        "around": around / total,
        "headed": headed / total,
        "names": _share(asking.names, text.lower()),
        "numbers": _share(asking.numbers, text),
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


def answerable_features(asked: Asked, ranked: list[dict[str, float]]) -> dict[str, float]:
    """Features of a ranking, best first, for the probability that it answers the question."""
    best = ranked[:4]
    return {
        "top_covered": ranked[0]["covered"],
        "best_covered": max(f["covered"] for f in best),
        "top_dense": ranked[0].get("dense", 0.0),
        "best_dense": max(f.get("dense", 0.0) for f in ranked[:24]),
        "mean_dense": sum(f.get("dense", 0.0) for f in best) / len(best),
        "top_fits": ranked[0]["fits"],
        "fits_covered": max(f["fits_covered"] for f in best),
        "context_covered": max(f["covered"] + f["around"] + f["headed"] for f in best),
        "names": max(f["names"] for f in best),
        "numbers": max(f["numbers"] for f in best),
        f"kind_{asked.kind}": 1.0,
    }


def _share(wanted: frozenset[str], text: str) -> float:
    """Share of `wanted` strings in `text`; 1 when nothing is wanted."""
    return sum(item in text for item in wanted) / len(wanted) if wanted else 1.0

"""Alignment of a claim with evidence, hard disagreements between them, and features of soft support.

The features follow what is known to matter for scientific and encyclopaedic claims (Wadden et al. 2020, SciFact;
Kamoi et al. 2023, WiCE): lexical and embedding closeness, numbers, names, and for contradictions the turn of
polarity, direction and modality.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from appliance.answering.binding import bound_elsewhere
from appliance.answering.features import rarity_of
from appliance.answering.polarity import direction, negations_near, opposed_words, shared
from appliance.answering.valence import assertiveness, reversed_by, turning_features
from appliance.answering.words import (
    STRONG,
    SURROGATE,
    WEAK,
    Quantity,
    dates,
    names,
    polarity,
    quantities,
    stems,
    words,
)

Embed = Callable[[list[str]], np.ndarray]
SHORT_UNIT = 3
MAX_CITES = 3
SAME_MATTER = 0.5
"""Share of a claim's stems in a text from which both are about the same matter."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence taken apart once: what has to be found in its evidence."""

    text: str
    stems: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    dates: frozenset[str]
    names: frozenset[str]
    asked: frozenset[str]
    """Names and stems of the question: a sentence may repeat them."""

    @classmethod
    def of(cls, text: str, question: str) -> "Claim":
        """Take `text` apart; what the `question` itself named need not stand in the evidence."""
        asked = (
            frozenset(stems(question))
            | frozenset(names(question))
            | frozenset(q.lower() for q in re.findall(r"[\w-]+", question))
        )
        return cls(
            text, tuple(stems(text)), tuple(quantities(text)), frozenset(dates(text)), frozenset(names(text)), asked
        )


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which texts a claim rests on, best first; how near each is in meaning and words."""

    cites: tuple[int, ...]
    similarity: tuple[float, ...]
    coverage: tuple[float, ...]


def align(claim: Claim, texts: Sequence[str], embed: Embed | None) -> Alignment:
    """The texts that together cover the claim: the nearest, then each that adds words, at most three."""
    bags = [set(stems(text)) for text in texts]
    weights = {stem: rarity_of(stem) for stem in claim.stems} or {"": 1.0}
    total = sum(weights.values())
    coverage = [sum(weight for stem, weight in weights.items() if stem in bag) / total for bag in bags]
    similarity = [0.0] * len(texts)
    if embed is not None:
        vectors = embed([claim.text, *texts])
        similarity = [float(value) for value in vectors[1:] @ vectors[0]]
    order = sorted(range(len(texts)), key=lambda i: -(similarity[i] + coverage[i]))
    cites = [order[0]]
    found = {stem for stem in weights if stem in bags[order[0]]}
    for index in order[1:]:
        added = {stem for stem in weights if stem in bags[index]} - found
        if len(cites) < MAX_CITES and sum(weights[stem] for stem in added) / total >= 0.15:
            cites.append(index)
            found |= added
    return Alignment(tuple(cites), tuple(similarity), tuple(coverage))


def disagreements(
    claim: Claim, cited: Sequence[str], texts: Sequence[str] = (), above: Sequence[str] = ()
) -> tuple[str, ...]:
    """What the claim says and its evidence does not: `number`, `unit`, `fact`, `date`, `name`, `turned`; or nothing.

    `cited` are the texts it rests on, best first. `fact`: a number of it belongs to something else in `texts`, all of
    the evidence, with the headings `above` each. `turned`: it denies what the best of the cited says, or says the
    opposite of one of its words.
    """
    text = "\n".join(cited)
    found = quantities(text)
    reasons = []
    for quantity in claim.quantities:
        same = [other for other in found if _equal(quantity.value, other.value)]
        if not same:
            if not re.search(rf"(?<![\w.]){re.escape(f'{quantity.value:g}')}(?![\w.])", text):
                reasons.append("number")
        elif (
            quantity.unit
            and not any(other.unit == quantity.unit for other in same)
            and (all(other.unit for other in same) or _invented(quantity.unit, text))
        ):
            reasons.append("unit")
    if claim.quantities and bound_elsewhere(claim.text, texts, above):
        reasons.append("fact")
    if any(not _date_in(date, dates(text), text) for date in claim.dates):
        reasons.append("date")
    low = text.lower()
    for name in claim.names:
        if SURROGATE.fullmatch(name.upper()) or name.startswith("["):
            if name not in low:
                reasons.append("name")
        elif name not in low and name not in claim.asked and name.rstrip("s") not in low:
            reasons.append("name")
    if _turned(claim.text, cited[0]):
        reasons.append("turned")
    return tuple(dict.fromkeys(reasons))


def _turned(claim: str, text: str) -> bool:
    """True when a claim about the same matter has another polarity than `text`, or an opposite of its words."""
    both = shared(claim, text)
    if len(both) < SAME_MATTER * len(set(stems(claim))):
        return False
    negated = (negations_near(claim, both) > 0) != (negations_near(text, both) > 0)
    return negated or opposed_words(claim, text) > 0 or reversed_by(claim, text)


def _invented(unit: str, text: str) -> bool:
    """Whether a short unit, such as mm, stands nowhere but behind other numbers: a table's header may hold it."""
    return (
        unit.isalpha()
        and len(unit) <= SHORT_UNIT
        and not re.search(rf"(?<!\d)(?<!\d )\b{unit}\b", text, re.IGNORECASE)
    )


def consistency_features(claim: Claim, texts: Sequence[str], aligned: Alignment) -> dict[str, float]:
    """Features of what the texts say about the claim's matter, for the probability that they do not contradict it."""
    best = texts[aligned.cites[0]]
    rank = [
        near + words + assertiveness(text)
        for near, words, text in zip(aligned.similarity, aligned.coverage, texts, strict=True)
    ]
    order = sorted(range(len(texts)), key=lambda i: -rank[i])
    said = "\n".join(texts[index] for index in aligned.cites)
    return {
        **turning_features(claim.text, [texts[index] for index in order]),
        **_polarity_features(claim.text, best, said),
    }


def support_features(
    claim: Claim, texts: Sequence[str], aligned: Alignment, reasons: Sequence[str] = ()
) -> dict[str, float]:
    """Features of how much of the claim the texts it is aligned with hold; `reasons` are its disagreements."""
    cited = [texts[index] for index in aligned.cites]
    text = "\n".join(cited)
    bag = set(stems(text))
    weights = {stem: rarity_of(stem) for stem in claim.stems} or {"": 1.0}
    missing = [weight for stem, weight in weights.items() if stem not in bag]
    near = sorted(aligned.similarity, reverse=True)
    numbers = [any(_equal(q.value, other.value) for other in quantities(text)) for q in claim.quantities]
    mine = claim.names - claim.asked
    low = text.lower()
    return {
        "similarity": near[0],
        "similarity_3": sum(near[:3]) / len(near[:3]),
        "cited_similarity": aligned.similarity[aligned.cites[0]],
        "coverage": 1 - sum(missing) / sum(weights.values()),
        "best_coverage": max(aligned.coverage),
        "rarest_missing": max(missing, default=0.0) / 10,
        "bigrams": _bigrams(claim.text, text),
        "numbers": float(bool(numbers)),
        "numbers_missing": 1 - sum(numbers) / len(numbers) if numbers else 0.0,
        "names": float(bool(mine)),
        "names_missing": sum(name not in low for name in mine) / len(mine) if mine else 0.0,
        "length": min(1.0, len(claim.stems) / 20),
        **{f"wrong_{reason}": float(reason in reasons) for reason in ("number", "unit", "date", "name")},
    }


def _polarity_features(claim: str, first: str, text: str) -> dict[str, float]:
    both = shared(claim, first)
    negated, denied = polarity(claim)[0] > 0, negations_near(first, both) > 0
    way, other = direction(claim), direction(first, both)
    said = words(text)
    strong = any(word in STRONG for word in words(claim)) and not any(word in STRONG for word in said)
    opposed = opposed_words(claim, text)
    return {
        "negation_differs": float(negated != denied),
        "negated": float(negated),
        "both_negated": float(negated and denied),
        "direction_differs": float(way * other < 0),
        "direction_agrees": float(way * other > 0),
        "direction_unsaid": float(way != 0 and other == 0),
        "opposed": float(min(2, opposed)),
        "turned": float((negated != denied) != (way * other < 0)),
        "stronger": float(strong and any(word in WEAK for word in said)),
    }


def _bigrams(claim: str, text: str) -> float:
    mine, theirs = stems(claim), stems(text)
    pairs = set(itertools.pairwise(mine))
    return len(pairs & set(itertools.pairwise(theirs))) / len(pairs) if pairs else 0.0


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(1.0, abs(one))


def _date_in(date: str, found: set[str], text: str) -> bool:
    if date in found:
        return True
    parts = date.split("-")
    return len(parts) == 3 and any(
        all(a == b or "?" in a for a, b in zip(parts, other.split("-"), strict=False))
        for other in found
        if other.count("-") == 2
    )

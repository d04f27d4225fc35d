"""Alignment of a claim with evidence, hard disagreements between them, and features of soft support.

The features follow what is known to matter for scientific and encyclopaedic claims (Wadden et al. 2020, SciFact;
Kamoi et al. 2023, WiCE): lexical and embedding closeness, numbers, names, and for contradictions the turn of
polarity, direction and modality.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

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
MAX_CITES = 3


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
        asked = frozenset(stems(question)) | frozenset(names(question)) | frozenset(q.lower() for q in re.findall(r"[\w-]+", question))
        return cls(text, tuple(stems(text)), tuple(quantities(text)), frozenset(dates(text)), frozenset(names(text)), asked)


@dataclass(frozen=True, slots=True)
class Alignment:
    """Indices of the evidence a claim rests on, best first; similarity and coverage of every text."""

    cites: tuple[int, ...]
    similarity: tuple[float, ...]
    coverage: tuple[float, ...]


def align(claim: Claim, texts: Sequence[str], embed: Embed | None) -> Alignment:
    """The texts that together cover the claim: the nearest, then each that adds words, at most three."""
    bags = [set(stems(text)) for text in texts]
    wanted = set(claim.stems) or {""}
    coverage = [len(wanted & bag) / len(wanted) for bag in bags]
    similarity = [0.0] * len(texts)
    if embed is not None:
        vectors = embed([claim.text, *texts])
        similarity = [float(value) for value in vectors[1:] @ vectors[0]]
    order = sorted(range(len(texts)), key=lambda i: -(similarity[i] + coverage[i]))
    cites = [order[0]]
    found = wanted & bags[order[0]]
    for index in order[1:]:
        added = (wanted & bags[index]) - found
        if len(cites) < MAX_CITES and len(added) / len(wanted) >= 0.15:
            cites.append(index)
            found |= added
    return Alignment(tuple(cites), tuple(similarity), tuple(coverage))


def disagreements(claim: Claim, cited: Sequence[str]) -> tuple[str, ...]:
    """What the claim says and its evidence does not: `number`, `unit`, `date`, `name`. Empty when all agree."""
    text = "\n".join(cited)
    found = quantities(text)
    reasons = []
    for quantity in claim.quantities:
        same = [other for other in found if _equal(quantity.value, other.value)]
        if not same:
            if not re.search(rf"(?<![\w.]){re.escape(f'{quantity.value:g}')}(?![\w.])", text):
                reasons.append("number")
        elif quantity.unit and all(other.unit and other.unit != quantity.unit for other in same):
            reasons.append("unit")
    if any(not _date_in(date, dates(text), text) for date in claim.dates):
        reasons.append("date")
    low = text.lower()
    for name in claim.names:
        if SURROGATE.fullmatch(name.upper()) or name.startswith("["):
            if name not in low:
                reasons.append("name")
        elif name not in low and name not in claim.asked and name.rstrip("s") not in low:
            reasons.append("name")
    return tuple(dict.fromkeys(reasons))


def support_features(claim: Claim, texts: Sequence[str], aligned: Alignment) -> dict[str, float]:
    """Features of the claim against the evidence it is aligned with."""
    cited = [texts[index] for index in aligned.cites]
    text = "\n".join(cited)
    bag, wanted = set(stems(text)), set(claim.stems) or {""}
    mine, theirs = polarity(claim.text), polarity(cited[0])
    strong = sum(word in STRONG for word in words(claim.text))
    return {
        "similarity": max(aligned.similarity),
        "cited_similarity": aligned.similarity[aligned.cites[0]],
        "coverage": len(wanted & bag) / len(wanted),
        "best_coverage": max(aligned.coverage),
        "bigrams": _bigrams(claim.text, text),
        "numbers": float(bool(claim.quantities)) * float("number" not in disagreements(claim, cited)),
        "number_missing": float("number" in disagreements(claim, cited)),
        "names_missing": _missing(claim.names - claim.asked, text),
        "negation_differs": float((mine[0] > 0) != (theirs[0] > 0)),
        "direction_differs": float((mine[1] > 0 and theirs[2] > 0 and not theirs[1]) or (mine[2] > 0 and theirs[1] > 0 and not theirs[2])),
        "direction_agrees": float((mine[1] > 0 and theirs[1] > 0) or (mine[2] > 0 and theirs[2] > 0)),
        "stronger": float(strong > 0 and not any(word in STRONG for word in words(text)) and any(word in WEAK for word in words(text))),
        "length": min(1.0, len(claim.stems) / 20),
    }


def _bigrams(claim: str, text: str) -> float:
    mine, theirs = stems(claim), stems(text)
    pairs = set(zip(mine, mine[1:], strict=False))
    return len(pairs & set(zip(theirs, theirs[1:], strict=False))) / len(pairs) if pairs else 0.0


def _missing(wanted: frozenset[str], text: str) -> float:
    low = text.lower()
    return sum(name not in low for name in wanted) / len(wanted) if wanted else 0.0


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(1.0, abs(one))


def _date_in(date: str, found: set[str], text: str) -> bool:
    if date in found:
        return True
    parts = date.split("-")
    return len(parts) == 3 and any(
        all(a == b or "?" in a for a, b in zip(parts, other.split("-"), strict=False)) for other in found if other.count("-") == 2
    )

"""Order passages by how well they answer, on features that a person can read.

Without a cross-encoder at hand the default is a weighted sum of a few features in 0..1, its weights in
`reranking.json` beside this file. `Reranker` is the port that a cross-encoder pack plugs into.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

from appliance.search.chunk import Passage
from appliance.search.lexical import terms

WEIGHTS = Path(__file__).with_name("reranking.json")
_NUMBER = re.compile(r"\d")


class Reranker(Protocol):
    """Gives passages new scores and a new order. Looks at nothing but the question and the passages."""

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """The same passages, best first, `score` and the feature `rerank` set."""
        ...


class FeatureReranker:
    """The default: `weights` maps feature names (see `features`) to their weights."""

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        self._weights = dict(weights) if weights is not None else _shipped_weights()

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """See `Reranker.rerank`. Equal scores keep the order of chunk ids."""
        asked = terms(question)
        scored = []
        for passage in passages:
            found = features(asked, passage)
            score = sum(self._weights.get(name, 0.0) * value for name, value in found.items())
            scored.append(replace(passage, score=score, features={**passage.features, **found, "rerank": score}))
        return sorted(scored, key=lambda passage: (-passage.score, passage.chunk.id))


def features(asked: Sequence[str], passage: Passage) -> dict[str, float]:
    """What is known of a passage for the question's terms, each in 0..1.

    `fused`: the retrieval score. `coverage`: share of the question's terms in the chunk. `nearness`: the same
    within the best window of 40 terms. `heading`: the same in title and section. `exact`: share of the
    question's numbers, codes and surrogates in it.
    """
    wanted = set(asked)
    said = terms(passage.chunk.text)
    above = set(terms(" ".join((passage.chunk.title, *passage.chunk.section))))
    exact = {term for term in wanted if _NUMBER.search(term)}
    return {
        "fused": passage.features.get("fused", passage.score),
        "coverage": _share(wanted, set(said) | above),
        "nearness": max((_share(wanted, set(said[i : i + 40])) for i in range(0, max(1, len(said)), 20)), default=0.0),
        "heading": _share(wanted, above),
        "exact": _share(exact, set(said) | above) if exact else 0.0,
    }


def _share(wanted: set[str], found: set[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0


@cache
def _shipped_weights() -> dict[str, float]:
    return {str(name): float(value) for name, value in json.loads(WEIGHTS.read_text("utf-8"))["weights"].items()}

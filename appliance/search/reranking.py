"""Order passages by how well they answer.

Without a cross-encoder at hand the default is a weighted sum of the features that retrieval measured
(`features.py`, and `fused`), its weights in `reranking.json` beside this file. `Reranker` is the port that a
cross-encoder pack plugs into.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

from appliance.search.chunk import Passage

WEIGHTS = Path(__file__).with_name("reranking.json")


class Reranker(Protocol):
    """Gives passages new scores and a new order. Looks at nothing but the question and the passages."""

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """The same passages, best first, with `score` and the feature `rerank` set to the new score."""
        ...


class FeatureReranker:
    """The default. `weights` maps names of features to their weights; a passage without a feature has 0."""

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        self.weights = dict(weights) if weights is not None else shipped_weights()

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """See `Reranker.rerank`. Equal scores stand in the order of chunk ids."""
        scored = []
        for passage in passages:
            score = sum(weight * passage.features.get(name, 0.0) for name, weight in self.weights.items())
            scored.append(replace(passage, score=score, features={**passage.features, "rerank": score}))
        return sorted(scored, key=lambda passage: (-passage.score, passage.chunk.id))


@cache
def _read(path: Path) -> dict[str, float]:
    return {str(name): float(value) for name, value in json.loads(path.read_text("utf-8"))["weights"].items()}


def shipped_weights() -> dict[str, float]:
    """The weights that come with the program."""
    return dict(_read(WEIGHTS))

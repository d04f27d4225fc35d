"""What retrieval itself says of a question: features of the ranked passages, for the decision to abstain.

Passages that did not come from search (an evaluation's bare contexts) have none of these.
"""

from collections.abc import Sequence

from appliance.search.chunk import Passage

MEASURED = "dense"
"""The feature that every passage from `search.hybrid` carries."""
LOOKED_AT = 8


def is_retrieved(passages: Sequence[Passage]) -> bool:
    """Whether these passages were scored by search."""
    return bool(passages) and MEASURED in passages[0].features


def retrieval_features(passages: Sequence[Passage]) -> dict[str, float]:
    """Features of the best passages, best first; lexical scores are brought to the scale of the others."""
    best = passages[0]
    near = passages[:LOOKED_AT]

    def most(name: str) -> float:
        return max(passage.features.get(name, 0.0) for passage in near)

    return {
        "first_score": best.score,
        "first_lexical": best.features.get("lexical", 0.0) / 20,
        "first_dense": best.features.get("dense", 0.0),
        "first_coverage": best.features.get("coverage", 0.0),
        "lead": best.score - near[min(3, len(near) - 1)].score,
        "most_coverage": most("coverage"),
        "most_nearness": most("nearness"),
        "most_dense": most("dense"),
    }

"""Evaluation of the verifier: does it accept claims that their context supports, and no others?"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from appliance.answering.evidence import Embed
from appliance.answering.verification import ACCEPT, check_passage

Row = dict[str, Any]


def evaluate(rows: Iterable[Row], embed: Embed | None, *, accept: float = ACCEPT) -> dict[str, Any]:
    """Check each claim against its context.

    A row is `{"id", "context", "claim", "label": "supported" or other}` with optional `fine`. Returns balanced
    accuracy, F1 of `supported`, and the share accepted of each class of `fine` (of `label` where there is none).
    """
    accepted: dict[str, list[bool]] = defaultdict(list)
    counts = {"tp": 0, "fp": 0, "fn": 0, "tn": 0}
    for row in rows:
        supported = row["label"] == "supported"
        passed = check_passage(str(row["claim"]), str(row["context"]), embed, accept=accept).supported
        counts["tp" if passed and supported else "fp" if passed else "fn" if supported else "tn"] += 1
        accepted[str(row.get("fine") or row["label"])].append(passed)
    return _figures(counts) | {
        "accepted": {name: round(sum(values) / len(values), 4) for name, values in sorted(accepted.items())},
    }


def _figures(n: dict[str, int]) -> dict[str, Any]:
    positives, negatives = n["tp"] + n["fn"], n["fp"] + n["tn"]
    both = positives and negatives
    return {
        "rows": positives + negatives,
        "balanced_accuracy": round((n["tp"] / positives + n["tn"] / negatives) / 2, 4) if both else None,
        "f1": round(2 * n["tp"] / (2 * n["tp"] + n["fp"] + n["fn"]), 4) if n["tp"] else 0.0,
        "supported_accepted": round(n["tp"] / positives, 4) if positives else None,
        "unsupported_accepted": round(n["fp"] / negatives, 4) if negatives else None,
    }

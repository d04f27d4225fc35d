"""A site's golden questions: what a model must answer, and must not, before it is used (model change control).

A file is JSON Lines of objects, or one JSON object with `questions`, as `sample_docs/ground_truth.json`. A question:

    {"question": "...", "user": "login", "purpose": "treatment", "collection": "ward",
     "answerable": true, "answers": ["4 hours"], "match": "any"}

`answers` are accepted words; `match` is `any` or `all` of them. `may_see` (logins) may stand for `user`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from appliance.errors import UsageError
from appliance.evaluation.sample_questions import Asked, right_answer, share

FORM = "See `appliance/evaluation/golden.py` and docs/operator.md"


@dataclass(frozen=True, slots=True)
class Golden:
    """The questions of a file, and the file's digest (SHA-256, hex)."""

    questions: tuple[Mapping[str, Any], ...]
    digest: str


def read(file: Path) -> Golden:
    """The golden questions of a file. Raises UsageError when it is missing, malformed or empty."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"the golden questions {file} cannot be read ({error.strerror})", FORM) from error
    try:
        text = content.decode()
        rows = json.loads(text)["questions"] if file.suffix == ".json" else list(map(json.loads, text.splitlines()))
        questions = tuple({**row, "user": row.get("user") or row["may_see"][0]} for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UsageError(f"{file} holds no golden questions", FORM) from error
    wanted = ("question", "answerable", "user")
    if not questions or any(name not in row for row in questions for name in wanted):
        raise UsageError(f"{file} holds a question without {', '.join(wanted)}", FORM)
    return Golden(questions, hashlib.sha256(content).hexdigest())


def score(golden: Golden, results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Scores of the journey's results, as JSON, one for each question.

    `right`: share of answerable questions answered with an accepted answer shown; `abstained_rightly`: share of the
    others that were not answered; `composed`: share of answers with a composed sentence; `uncited`: sentences shown
    without a citation; `seconds`: median.
    """
    pairs = zip(golden.questions, results, strict=True)
    rows = [Asked({"answers": [], "match": "any", **question}, result) for question, result in pairs]
    answerable = [row for row in rows if row.question["answerable"]]
    answered = [row for row in rows if row.result["status"] == "answered"]
    return {
        "questions": len(rows),
        "right": round(share(r.result["status"] == "answered" and right_answer(r) for r in answerable), 4),
        "abstained_rightly": round(_abstained(rows), 4),
        "composed": round(share(any(s["kind"] == "composed" for s in r.result["sentences"]) for r in answered), 4),
        "uncited": sum(not s["citations"] for r in rows for s in r.result["sentences"]),
        "seconds": round(median(sum(r.result["seconds"].values()) for r in rows), 3),
    }


def _abstained(rows: Sequence[Asked]) -> float:
    hopeless = [row for row in rows if not row.question["answerable"]]
    return share(row.result["status"] != "answered" for row in hopeless) if hopeless else 1.0

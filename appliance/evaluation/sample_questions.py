"""Score answers to the sample questions against their ground truth: right source, right answer, right refusal."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

_SPACE = re.compile(r"[\s|]+")
_MARKS = re.compile(r"[^\w%./+-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the ground truth, the result it got, and seconds to the first quotes and sentence."""

    question: Mapping[str, Any]
    result: Mapping[str, Any]
    first_quotes: float | None = None
    first_sentence: float | None = None


def right_source(asked: Asked, versions: Mapping[str, str], *, page: bool = False) -> bool:
    """Whether a source of the ground truth is cited. `versions` maps a version id to its sample document."""
    wanted = {(s["document"], s["page"] if page else 0) for s in asked.question["sources"]}
    cited = {(versions.get(c["version"], ""), c["page"] if page else 0) for c in asked.result["citations"]}
    return bool(wanted & cited)


def right_answer(asked: Asked) -> bool:
    """Whether what was shown (sentences and quotations) holds an accepted answer, or all where all are asked for."""
    shown = normal(" ".join([asked.result["answer"], *(c["quote"] for c in asked.result["citations"])]))
    held = [normal(answer) in shown for answer in asked.question["answers"]]
    return all(held) if asked.question.get("match") == "all" else any(held)


def normal(text: str) -> str:
    """Lower case, cell borders and repeated white space as one space, punctuation that ends words removed."""
    words = _MARKS.sub(" ", _SPACE.sub(" ", text.casefold())).split()
    return " ".join(word.strip("./-") for word in words)


def score(asked: Iterable[Asked], versions: Mapping[str, str]) -> dict[str, float]:
    """Shares over the questions: see the names. Sentences without a citation are counted, not averaged."""
    rows = list(asked)
    answerable = [row for row in rows if row.question["answerable"]]
    hopeless = [row for row in rows if not row.question["answerable"]]
    answered = [row for row in answerable if row.result["status"] == "answered"]
    composed = [row for row in answered if any(s["kind"] == "composed" for s in row.result["sentences"])]
    uncited = sum(not s["citations"] for row in rows for s in row.result["sentences"])
    return {
        "answerable": len(answerable),
        "unanswerable": len(hopeless),
        "answered_with_right_source": share(right_source(row, versions) for row in answered)
        * _part(answered, answerable),
        "answered_with_right_page": share(right_source(row, versions, page=True) for row in answered)
        * _part(answered, answerable),
        "answered_with_right_answer": share(right_answer(row) for row in answered) * _part(answered, answerable),
        "answered": _part(answered, answerable),
        "unanswerable_refused": share(row.result["status"] != "answered" for row in hopeless),
        "answered_with_a_composed_sentence": _part(composed, answered),
        "sentences_without_evidence": uncited,
    }


def timing(asked: Iterable[Asked]) -> dict[str, float]:
    """Median and 95th percentile of seconds to the first quotes and to the first composed sentence."""
    rows = list(asked)
    quotes = sorted(row.first_quotes for row in rows if row.first_quotes is not None)
    sentences = sorted(row.first_sentence for row in rows if row.first_sentence is not None)
    return {
        "quotes_median_s": round(median(quotes), 3) if quotes else 0.0,
        "quotes_p95_s": round(quotes[int(0.95 * (len(quotes) - 1))], 3) if quotes else 0.0,
        "sentence_median_s": round(median(sentences), 3) if sentences else 0.0,
        "sentence_p95_s": round(sentences[int(0.95 * (len(sentences) - 1))], 3) if sentences else 0.0,
    }


def share(truths: Iterable[bool]) -> float:
    """The share of true values; 0 of none."""
    values = list(truths)
    return sum(values) / len(values) if values else 0.0


def _part(some: list[Asked], of: list[Asked]) -> float:
    return len(some) / len(of) if of else 0.0

"""Evaluation of the detectors of instructions: what they find in attacks, and what they call an attack wrongly."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from appliance.answering.question import attack_signals
from appliance.redaction.instructions import instruction_signals

Row = dict[str, Any]


def evaluate(rows: Iterable[Row]) -> dict[str, Any]:
    """Run the detector that the row's `where` (`question` or `document`) asks for.

    A row is `{"id", "text", "label": "attack" or "benign", "where"}`. Returns the detection rate of attacks and
    the rate of false alarms on benign rows, in all and by place, and how often each signal was seen. A detection
    is a signal only: what holds an attack off is the code path, which `ask` is tested for.
    """
    flagged: dict[tuple[str, str], list[bool]] = defaultdict(list)
    signals: Counter[str] = Counter()
    for row in rows:
        where = "document" if row.get("where") == "document" else "question"
        found = (instruction_signals if where == "document" else attack_signals)(str(row["text"]))
        signals.update(found)
        flagged[(str(row["label"]), where)].append(bool(found))
    return {
        "rows": sum(len(values) for values in flagged.values()),
        "detection_rate": _rate(flagged, "attack"),
        "false_alarms": _rate(flagged, "benign"),
        "by_place": {
            where: {"detection_rate": _rate(flagged, "attack", where), "false_alarms": _rate(flagged, "benign", where)}
            for where in ("question", "document")
        },
        "signals": dict(sorted(signals.items())),
    }


def _rate(flagged: dict[tuple[str, str], list[bool]], label: str, where: str | None = None) -> float | None:
    values = [
        value for (kind, place), found in flagged.items() if kind == label and where in (None, place) for value in found
    ]
    return round(sum(values) / len(values), 4) if values else None

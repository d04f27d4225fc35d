"""Compliance reports: each line is a control, says which records bear it out, and whether they do so now.

A report claims nothing by itself. For every line it names the records of the period, verifies the proofs of a
sample of them with the stand-alone checker against a checkpoint signed now, and applies the line's own condition.
`held` borne out; `nothing` no such event in the period, so nothing to bear out; `open` something is missing, and what.
The controls are data (`controls.yaml` beside this file), so that a compliance officer can read them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import yaml

from appliance.audit import check
from appliance.audit.log import AuditLog
from appliance.audit.record import Record
from appliance.audit.report import OUTCOMES
from appliance.errors import UsageError

PROVED = 5
"""Records of a line whose proofs are verified: the newest."""
NAMED = 200
"""Record numbers that a line lists; `count` has all of them."""
REVIEW_HOURS = 24
Held, Nothing, Open = "held", "nothing", "open"


@dataclass(frozen=True, slots=True)
class Line:
    """One control: its paragraph, what is claimed, the records that show it, and the state."""

    control: str
    claim: str
    kinds: tuple[str, ...]
    state: str
    why: str
    count: int
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report as of a checkpoint: the log's size and root when it was made, and facts for its first page."""

    name: str
    title: str
    since: str
    until: str
    size: int
    root: str
    lines: tuple[Line, ...]
    facts: dict[str, Any]


def names() -> list[str]:
    """The reports there are."""
    return list(_controls())


def report(log: AuditLog, name: str, since: str = "", until: str = "~") -> Report:
    """Make a report over records from `since` (inclusive) to `until` (exclusive), ISO 8601 UTC.

    Raises UsageError for an unknown report. Reads the whole log, seals stay closed. The caller records it.
    """
    known = _controls()
    if name not in known:
        raise UsageError(f"unknown report {name[:40]}", f"Use one of {', '.join(known)}")
    _, size, _ = log.snapshot()
    everything = list(log.records(0, size, opened=False))
    inside = [record for record in everything if since <= record.time < until]
    whole = log.verify().ok
    lines = tuple(_line(log, control, inside, everything, whole) for control in known[name]["controls"])
    root = log.root().hex()
    return Report(name, known[name]["title"], since, until, size, root, lines, _facts(inside))


def _controls() -> dict[str, Any]:
    return dict(yaml.safe_load(resources.files("appliance.audit").joinpath("controls.yaml").read_text("utf-8")))


def _line(log: AuditLog, control: dict[str, Any], inside: list[Record], everything: list[Record], whole: bool) -> Line:
    kinds = tuple(control["records"])
    found = [record for record in inside if record.kind in kinds]
    why = "" if whole else "the log is not whole: see `appliance audit verify`"
    why = why or _unproved(log, found[-PROVED:]) or _condition(control.get("condition", ""), inside, everything)
    state = Open if why else Held if found or not kinds else Nothing
    if state == Nothing and control.get("required"):
        state, why = Open, "no record of this in the period"
    numbers = tuple(record.index for record in found[-NAMED:])
    return Line(control["control"], control["claim"], kinds, state, why, len(found), numbers)


def _unproved(log: AuditLog, records: Iterable[Record]) -> str:
    """What is the matter with the proof of one of the records; nothing when all hold."""
    for record in records:
        found = check.check_receipt(log.prove(record.index).proof, log.verifier, record.data)
        if not found["ok"]:
            return f"record {record.index} has no proof: {found['first_error']}"
    return ""


def _condition(name: str, inside: list[Record], everything: list[Record]) -> str:
    """What is missing, in words; nothing when the condition holds."""
    if name == "outcomes":
        return _without_outcome(inside, everything)
    if name == "reviewed":
        return _unreviewed(inside, everything)
    if name == "erasures clean":
        return _unclean(inside)
    if name == "failures repaired":
        return _unrepaired(inside, everything)
    return _gap(everything) if name == "numbered" else ""


def _without_outcome(inside: list[Record], everything: list[Record]) -> str:
    closed = {record.public.get("intent") for record in everything if record.kind in OUTCOMES}
    running = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    cut = [r.index for r in inside if r.kind == "question_asked" and r.id not in closed and r.time < running]
    return f"questions without an outcome, cut off: records {_some(cut)}" if cut else ""


def _unreviewed(inside: list[Record], everything: list[Record]) -> str:
    broken = [record for record in everything if record.kind == "emergency_access"]
    reviewed = {record.public["access"] for record in broken if record.public["phase"] == "reviewed"}
    now = datetime.now(UTC).isoformat()
    late = [
        r.index
        for r in inside
        if r.kind == "emergency_access" and r.public["phase"] == "opened"
        and r.public["access"] not in reviewed and r.public["due"] < now
    ]  # fmt: skip
    return f"emergency accesses not reviewed within {REVIEW_HOURS} hours: records {_some(late)}" if late else ""


def _unclean(inside: list[Record]) -> str:
    left = [r.index for r in inside if r.kind == "erasure_verified" and r.public["found"]]
    return f"something was found after an erasure: records {_some(left)}" if left else ""


def _gap(everything: list[Record]) -> str:
    return next((f"record {n} is missing" for n, record in enumerate(everything) if record.index != n), "")


def _unrepaired(inside: list[Record], everything: list[Record]) -> str:
    lost = [r for r in inside if r.kind == "device_failed"]
    if not lost:
        return ""
    back = {r.public["device"] for r in everything if r.kind == "log_recovered" and r.index > lost[-1].index}
    open_ = [r.index for r in lost if r.public["device"] not in back]
    return f"devices of the log that have not come back: records {_some(open_)}" if open_ else ""


def _some(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")


def _facts(inside: list[Record]) -> dict[str, Any]:
    """What a record of processing lists: who acted, for which purposes, on what, with which models and policies."""
    asked = [record for record in inside if record.kind == "question_asked"]
    given = [record for record in inside if record.kind == "answer_given"]
    return {
        "records": len(inside),
        "from": inside[0].time if inside else "",
        "to": inside[-1].time if inside else "",
        "people": len({record.actor for record in asked}),
        "questions_by_purpose": dict(Counter(record.public["purpose"] for record in asked)),
        "outcomes": dict(Counter(record.public["status"] for record in given)),
        "collections": sorted({each for record in asked for each in record.public["collections"]}),
        "models": sorted({record.public["model_digest"] for record in given if record.public["model_digest"]}),
        "access_policies": sorted({record.public["policy_digest"] for record in asked}),
        "redaction_profiles": sorted({each for record in given for each in record.public["redaction_digests"]}),
        "events": dict(Counter(record.kind for record in inside)),
    }

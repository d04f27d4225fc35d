"""Checking a log as an outsider would, with the stand-alone checker, on every device."""

from dataclasses import dataclass
from pathlib import Path

from appliance.audit import check


@dataclass(frozen=True, slots=True)
class Verification:
    """Is the log whole? `first_error` names the first bad record; `root` is hex."""

    records: int
    root: str
    checkpoints: int
    ok: bool
    first_error: str | None = None


def verify_devices(
    directories: list[Path], vkey: str | None = None, anchor: str | None = None, size: int | None = None
) -> Verification:
    """Check every directory and that all hold the same records. Needs no key ring and no open log.

    Without `vkey` the key beside the log is taken; `anchor` is the text of one or more checkpoints; `size`
    is the number of records to read of a log that is being written.
    """
    anchors = check.split_notes(anchor) if anchor else []
    if anchor and not anchors:
        return Verification(0, "", 0, False, "the anchor holds no checkpoint")
    found = [check.check_log(directory, vkey, anchors, size=size) for directory in directories]
    first = max(found, key=lambda each: each.get("records", 0))
    error = next(
        (f"device {number}: {each['first_error']}" for number, each in enumerate(found) if not each["ok"]), None
    )
    if error is None and any(each["root"] != first["root"] for each in found):
        error = "the devices hold different records"
    if len(found) == 1:
        error = found[0]["first_error"]
    records, root = first.get("records", 0), first.get("root", "")
    return Verification(records, root, first.get("checkpoints", 0), error is None, error)

"""Opening a log: read every device, cut what a crash tore, bring the devices to one state, check the anchors.

Order matters: 1. read each device whole and find its tree; 2. the devices that can be read must agree, one
being a prefix of another; 3. the longest must hold every record that a checkpoint vouches for; 4. only
then is anything changed: torn ends are cut, devices that lag are brought up to date.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from appliance.audit import segment
from appliance.audit.checkpoint import Verifier, open_checkpoint
from appliance.audit.device import Device, fsync_directory
from appliance.audit.merkle import Tree, leaf_hash
from appliance.errors import IntegrityFailure


@dataclass(slots=True)
class Found:
    """What one device holds: its tree, its last record's time, and a torn end, if any."""

    device: Device
    tree: Tree
    time: str = ""
    torn: segment.Torn | None = None
    damage: IntegrityFailure | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """What opening changed on a device."""

    device: int
    dropped_bytes: int
    copied_records: int


def survey(device: Device) -> Found:
    """Step 1: read a device. Damage is noted, not raised: another device may be whole."""
    found, last = Found(device, Tree()), b""
    try:
        for item in segment.read(device.directory):
            if isinstance(item, segment.Torn):
                found.torn = item
            else:
                last = item[1]
                found.tree.append(leaf_hash(last))
        if last:
            found.time = _time(last, found.tree.size - 1)
    except IntegrityFailure as error:
        found.damage = error
    return found


def reconcile(found: list[Found], verifier: Verifier, anchors: list[str]) -> tuple[Found, list[Repair]]:
    """Steps 2 to 4. Returns the device whose records are the log, and what was repaired.

    Raises IntegrityFailure when no device is whole, two disagree, or records that a checkpoint vouches
    for are missing or different. Devices left damaged are marked failed and their files are not touched.
    """
    whole = [each for each in found if each.damage is None]
    if not whole:
        raise found[0].damage or IntegrityFailure("the audit log cannot be read")
    best = max(whole, key=lambda each: each.tree.size)
    for other in whole:
        _agree(best, other)
    for note in [*anchors, *(note for each in found for note in _kept(each.device.directory))]:
        check_anchor(best.tree, note, verifier)
    repairs = []
    for each in found:
        if each.damage is not None:
            each.device.fail(f"is damaged: {each.damage.message}")
            continue
        dropped = _cut(each.torn) if each.torn else 0
        copied = best.tree.size - each.tree.size
        if copied:
            _copy(best, each)
        if dropped or copied:
            repairs.append(Repair(each.device.number, dropped, copied))
    return best, repairs


def check_anchor(tree: Tree, note: str, verifier: Verifier) -> None:
    """Raise IntegrityFailure unless the log still holds what this checkpoint vouches for."""
    checkpoint = open_checkpoint(note, verifier)
    if checkpoint.size > tree.size:
        raise IntegrityFailure(
            f"the audit log ends at record {tree.size}, a signed checkpoint counts {checkpoint.size}",
            "Records were removed or an old copy was put back; keep everything and see docs/auditor.md",
        )
    if tree.root(checkpoint.size) != checkpoint.root:
        raise IntegrityFailure(
            f"the first {checkpoint.size} records of the audit log differ from a signed checkpoint",
            "Records were altered; keep everything and see docs/auditor.md",
        )


def _time(last: bytes, index: int) -> str:
    try:
        record = json.loads(last)
        if record["index"] != index:
            raise ValueError("index")
        return str(record["time"])
    except (ValueError, KeyError, TypeError) as error:
        raise segment.BadFrame(index, "it does not carry its own number") from error


def _agree(best: Found, other: Found) -> None:
    size = other.tree.size
    if best.tree.root(size) == other.tree.root(size):
        return
    first = next(index for index in range(size) if best.tree.leaf(index) != other.tree.leaf(index))
    raise IntegrityFailure(
        f"audit devices {best.device.number} and {other.device.number} disagree from record {first} on",
        "One was altered; keep both and see docs/auditor.md",
    )


def _kept(directory: Path) -> list[str]:
    try:
        return [(directory / "checkpoint").read_text("utf-8")]
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise IntegrityFailure("the newest checkpoint cannot be read", "See docs/auditor.md") from error


def _cut(torn: segment.Torn) -> int:
    if torn.offset == 0:
        torn.path.unlink()
        fsync_directory(torn.path.parent)
        return torn.dropped
    with torn.path.open("r+b") as file:
        file.truncate(torn.offset)
        os.fsync(file.fileno())
    return torn.dropped


def _copy(best: Found, lagging: Found) -> None:
    existing = segment.segments(lagging.device.directory)
    first = lagging.tree.size
    path = existing[-1] if existing else lagging.device.directory / segment.name(first)
    with path.open("ab") as file:
        if not existing:
            file.write(segment.header(first))
        for item in segment.read(best.device.directory, first):
            if not isinstance(item, segment.Torn):
                file.write(segment.frame(item[1]))
        file.flush()
        os.fsync(file.fileno())
    fsync_directory(lagging.device.directory)

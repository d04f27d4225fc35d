"""Opening a log: read every device, cut what a crash tore, bring the devices to one state, check the anchors.

Order matters: 1. read each device whole and find its tree; 2. the devices that can be read must agree, one
being a prefix of another; 3. the longest must hold every record that a checkpoint vouches for; 4. only
then is anything changed: torn ends are cut, devices that lag are brought up to date.

One disagreement is no forgery: a device that failed while it wrote may hold that one batch, which was never
acknowledged, where the others hold what came instead. The record of the failure is the first of what came
instead (`commit`), so the log itself says which end to cut. What is cut is kept beside the segments.
"""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.audit import segment
from appliance.audit.checkpoint import Verifier, open_checkpoint
from appliance.audit.device import SEGMENT_BYTES, Device, fsync_directory
from appliance.audit.merkle import Frontier, Tree, leaf_hash
from appliance.errors import IntegrityFailure


@dataclass(slots=True)
class Found:
    """What one device holds up to its last head: the tree, the head and the last record's time.

    `cut` says from where on a segment holds what nobody was told is recorded: (segment, offset).
    """

    device: Device
    tree: Tree
    head: str = ""
    time: str = ""
    cut: tuple[Path, int] | None = None
    forked: int | None = None
    damage: IntegrityFailure | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """What opening changed on a device."""

    device: int
    dropped_bytes: int
    copied_records: int


def survey(device: Device, verifier: Verifier) -> Found:
    """Step 1: read a device, from its disk and not from memory. Damage is noted, not raised: another device may be
    whole."""
    device.forget_cached()
    found = Found(device, Tree())
    try:
        _survey(found, verifier)
    except IntegrityFailure as error:
        found.damage = error
    return found


def _survey(found: Found, verifier: Verifier) -> None:
    frontier, waiting, last = Frontier(), [], b""
    end: tuple[Path, int] | None = None
    for item in segment.read(found.device.directory):
        if isinstance(item, tuple):
            last = item[1]
            waiting.append(leaf_hash(last))
            frontier.append(waiting[-1])
        elif isinstance(item, segment.Head):
            size, root = _head(item.note)
            if size != frontier.size or root != frontier.root():
                raise segment.BadFrame(found.tree.size, "it or one soon after it was altered, by the head of its batch")
            for leaf in waiting:
                found.tree.append(leaf)
            waiting, found.head, end = [], item.note, (item.path, item.end)
            found.time = _time(last, size - 1)
    if found.head:
        open_checkpoint(found.head, verifier)
    paths = segment.segments(found.device.directory)
    if paths:
        last_end = end[1] if end and end[0] == paths[-1] else segment.HEADER.size
        size = paths[-1].stat().st_size
        if size != last_end:
            found.cut = (paths[-1], last_end if size > last_end else 0)


def _head(note: str) -> tuple[int, bytes]:
    """Size and root of a head, its signature unread: that of the last head covers all before it."""
    try:
        _, size, root, _ = note.split("\n", 3)
        return int(size), base64.b64decode(root, validate=True)
    except ValueError:
        return -1, b""


def reconcile(found: list[Found], verifier: Verifier, anchors: list[str]) -> tuple[Found, list[Repair]]:
    """Steps 2 to 4. Returns the device whose records are the log, and what was repaired.

    Raises IntegrityFailure when no device is whole, two disagree, or records that a checkpoint vouches
    for are missing or different. Devices left damaged are marked failed and their files are not touched.
    """
    whole = [each for each in found if each.damage is None]
    if not whole:
        raise found[0].damage or IntegrityFailure("the audit log cannot be read")
    best = _authority(whole)
    for note in [*anchors, *(note for each in found for note in _kept(each.device.directory))]:
        check_anchor(best.tree, note, verifier)
    repairs = []
    for each in found:
        if each.damage is not None:
            each.device.fail(f"is damaged: {each.damage.message}")
            continue
        dropped = _cut(*each.cut) if each.cut else 0
        dropped += _cut_fork(each) if each.forked is not None else 0
        copied = best.tree.size - each.tree.size
        if copied:
            _copy(best, each)
        if dropped or copied:
            repairs.append(Repair(each.device.number, dropped, copied))
    return best, repairs


def check_anchor(tree: Tree, note: str, verifier: Verifier) -> int:
    """The size of a checkpoint that the log still bears out. Raises IntegrityFailure otherwise."""
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
    return checkpoint.size


def _time(last: bytes, index: int) -> str:
    try:
        record = json.loads(last)
        if record["index"] != index:
            raise ValueError("index")
        return str(record["time"])
    except (ValueError, KeyError, TypeError) as error:
        raise segment.BadFrame(index, "it does not carry its own number") from error


def _authority(whole: list[Found]) -> Found:
    """The device whose records are the log: all others are prefixes of it, or failed where they part from it."""
    refusal: IntegrityFailure | None = None
    for best in sorted(whole, key=lambda each: each.tree.size, reverse=True):
        try:
            forks = [_fork(best, other) for other in whole]
        except IntegrityFailure as error:
            refusal = refusal or error
            continue
        for other, fork in zip(whole, forks, strict=True):
            other.forked = fork
        return best
    assert refusal is not None
    raise refusal


def _fork(best: Found, other: Found) -> int | None:
    """Where `other` holds one unacknowledged batch instead of what `best` has; None when it is a prefix."""
    size = min(best.tree.size, other.tree.size)
    if best.tree.root(size) == other.tree.root(size) and other.tree.size <= best.tree.size:
        return None
    first = next((i for i in range(size) if best.tree.leaf(i) != other.tree.leaf(i)), size)
    if first < best.tree.size and _says_failed(best, first, other) and _batches_after(other, first) <= 1:
        return first
    raise IntegrityFailure(
        f"audit devices {best.device.number} and {other.device.number} disagree from record {first} on",
        "One was altered; keep both and see docs/auditor.md",
    )


def _says_failed(best: Found, index: int, other: Found) -> bool:
    _, data = next(segment.records(best.device.directory, index))
    record = json.loads(data)
    return bool(record["kind"] == "device_failed" and record["public"]["device"] == other.device.number)


def _batches_after(found: Found, index: int) -> int:
    items = segment.read(found.device.directory, index)
    return sum(isinstance(item, segment.Head) and _head(item.note)[0] > index for item in items)


def _cut_fork(each: Found) -> int:
    """Cut the batch that was acknowledged to nobody off, keep it aside, and let the tree forget it."""
    assert each.forked is not None
    directory, paths = each.device.directory, segment.segments(each.device.directory)
    end = (paths[0], segment.HEADER.size)
    for item in segment.read(directory):
        if isinstance(item, segment.Head) and _head(item.note)[0] <= each.forked:
            end = (item.path, item.end)
    aside = directory / f"unacknowledged-{each.forked:012d}"
    aside.write_bytes(
        b"".join(path.read_bytes()[end[1] if path == end[0] else 0 :] for path in paths if path >= end[0])
    )
    dropped = sum(_cut(path, 0) for path in paths if path > end[0]) + _cut(*end)
    each.tree = each.tree.first(each.forked)
    return dropped


def _kept(directory: Path) -> list[str]:
    try:
        return [(directory / "checkpoint").read_text("utf-8")]
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise IntegrityFailure("the newest checkpoint cannot be read", "See docs/auditor.md") from error


def _cut(path: Path, offset: int) -> int:
    """Cut a segment at `offset`; one without a whole header goes. Returns the bytes dropped."""
    dropped = path.stat().st_size - offset
    if offset == 0:
        path.unlink()
        fsync_directory(path.parent)
        return dropped
    with path.open("r+b") as file:
        file.truncate(offset)
        os.fsync(file.fileno())
    return dropped


def _copy(best: Found, lagging: Found) -> None:
    directory, first, boundary = lagging.device.directory, lagging.tree.size, True
    existing = segment.segments(directory)
    path = existing[-1] if existing else directory / segment.name(first)
    file = path.open("ab")
    try:
        if not existing:
            file.write(segment.header(first))
        for item in segment.read(best.device.directory, first):
            if isinstance(item, tuple):
                if file.tell() >= SEGMENT_BYTES and boundary:
                    _finish(file)
                    file = (directory / segment.name(item[0])).open("ab")
                    file.write(segment.header(item[0]))
                boundary = False
                file.write(segment.frame(item[1]))
            elif isinstance(item, segment.Head) and _head(item.note)[0] <= best.tree.size:
                file.write(segment.frame(item.note.encode(), head=True))
                boundary = True
    finally:
        _finish(file)
    fsync_directory(directory)


def _finish(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()

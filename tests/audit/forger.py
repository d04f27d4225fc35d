"""An adversary with write access to the files of a log: takes it apart and puts it together otherwise."""

import json
from dataclasses import dataclass
from pathlib import Path

from appliance.audit import segment
from appliance.audit.checkpoint import Signer
from appliance.audit.merkle import Frontier, leaf_hash


@dataclass(frozen=True)
class Frame:
    """A record, or the head of a batch."""

    data: bytes
    head: bool = False


def take_apart(directory: Path) -> list[Frame]:
    """All frames of a log."""
    frames = []
    for item in segment.read(directory):
        assert not isinstance(item, segment.Torn)
        frames.append(Frame(item.note.encode(), True) if isinstance(item, segment.Head) else Frame(item[1]))
    return frames


def put_together(directory: Path, frames: list[Frame]) -> None:
    """Write the frames as one segment, with correct checksums."""
    for path in segment.segments(directory):
        path.unlink()
    content = segment.header(0) + b"".join(segment.frame(each.data, head=each.head) for each in frames)
    (directory / segment.name(0)).write_bytes(content)


def altered(frame: Frame) -> Frame:
    """The record with another actor: valid JSON, the same number and time."""
    record = json.loads(frame.data)
    record["actor"] = "somebody-else"
    return Frame(json.dumps(record, separators=(",", ":")).encode())


def renumbered(frame: Frame, index: int, time: str = "") -> Frame:
    """The record with another number, and time."""
    record = json.loads(frame.data)
    record["index"] = index
    record["time"] = time or record["time"]
    return Frame(json.dumps(record, separators=(",", ":")).encode())


def numbered_again(frames: list[Frame]) -> list[Frame]:
    """The records numbered and dated in the order in which they stand."""
    times = iter(sorted(json.loads(frame.data)["time"] for frame in frames if not frame.head))
    index, result = 0, []
    for frame in frames:
        result.append(frame if frame.head else renumbered(frame, index, next(times)))
        index += not frame.head
    return result


def with_heads(frames: list[Frame], signer: Signer) -> list[Frame]:
    """The frames with every head made again and signed by `signer`."""
    frontier, result = Frontier(), []
    for frame in frames:
        if frame.head:
            result.append(Frame(signer.sign(frontier.size, frontier.root()).encode(), True))
        else:
            frontier.append(leaf_hash(frame.data))
            result.append(frame)
    while result and not result[-1].head:
        result.pop()
    return result


def resign_checkpoints(directory: Path, frames: list[Frame]) -> None:
    """Replace the checkpoints kept beside the log by heads of the forged one."""
    notes = [frame.data for frame in frames if frame.head]
    (directory / "checkpoints").write_bytes(segment.frame(notes[-1]))
    (directory / "checkpoint").write_bytes(notes[-1])

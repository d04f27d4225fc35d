"""The files of a log: segments of frames, read without trusting them.

A segment is a header (`APPAUDIT`, version, index of its first record, CRC-32) and frames: length and
CRC-32 of length and data, four bytes each, big-endian, then the data. A frame holds a record or, with the
top bit of its length set, a head: the signed checkpoint of all records so far, which ends every batch. A
record counts only with a head after it, so what a crash leaves behind the last head was acknowledged to
nobody and may be cut off: records without a head, or a `torn` frame, incomplete or with zeros where its end
should be (frames hold no zeros at their ends). Nothing else is excused.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import IntegrityFailure

MAGIC = b"APPAUDIT"
VERSION = 1
HEADER = struct.Struct(">8sIQI")
FRAME = struct.Struct(">II")
HEAD_BIT = 1 << 31
BLOCK_BYTES = 4096
MAX_FRAME_BYTES = 16 * 1024 * 1024
HEAD_LINES = 5


@dataclass(frozen=True, slots=True)
class Head:
    """A signed checkpoint that ends a batch, and the offset behind it in its segment."""

    note: str
    path: Path
    end: int


@dataclass(frozen=True, slots=True)
class Torn:
    """From `offset` on the last segment holds no whole frame."""

    path: Path
    offset: int


class BadFrame(IntegrityFailure):
    """A segment is damaged: `index` is the first bad record."""

    def __init__(self, index: int, what: str) -> None:
        super().__init__(f"the audit log is damaged at record {index}: {what}", "Keep the files; see docs/auditor.md")
        self.index = index


def header(first: int) -> bytes:
    """The header of a segment whose first record is `first`."""
    bare = HEADER.pack(MAGIC, VERSION, first, 0)
    return HEADER.pack(MAGIC, VERSION, first, zlib.crc32(bare))


def frame(data: bytes, *, head: bool = False) -> bytes:
    """`data` with its length and checksum before it."""
    length = (len(data) | (HEAD_BIT if head else 0)).to_bytes(4, "big")
    return length + zlib.crc32(data, zlib.crc32(length)).to_bytes(4, "big") + data


def name(first: int) -> str:
    """The file name of the segment whose first record is `first`."""
    return f"segment-{first:012d}.log"


def segments(directory: Path) -> list[Path]:
    """The segments of a log directory, in order."""
    return sorted(directory.glob("segment-*.log"))


def records(directory: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Every record from `start` on as (index, bytes), in order."""
    return (item for item in read(directory, start) if isinstance(item, tuple))


def read(directory: Path, start: int = 0) -> Iterator[tuple[int, bytes] | Head | Torn]:
    """Records from `start` on as (index, bytes) and the heads after them; at the end perhaps a `Torn`.

    Raises BadFrame at the first frame that is neither whole nor torn, or when a segment is missing.
    """
    paths = segments(directory)
    firsts = [int(path.stem.removeprefix("segment-")) for path in paths]
    skip = max((number for number, first in enumerate(firsts) if first <= start), default=0)
    index = firsts[skip] if skip else 0
    for number in range(skip, len(paths)):
        if firsts[number] != index:
            raise BadFrame(index, f"the segment that should hold it is missing, {paths[number].name} follows")
        for item in _frames(paths[number], index, last=number == len(paths) - 1):
            if isinstance(item, bytes):
                if index >= start:
                    yield index, item
                index += 1
            elif isinstance(item, Torn) or index > start:
                yield item


def _frames(path: Path, first: int, *, last: bool) -> Iterator[bytes | Head | Torn]:
    content = path.read_bytes()
    if content[: HEADER.size] != header(first):
        if last and len(content) <= HEADER.size and header(first).startswith(content.rstrip(b"\0")):
            yield Torn(path, 0)
            return
        raise BadFrame(first, "its segment has no valid header")
    index, offset, view = first, HEADER.size, memoryview(content)
    while offset < len(content):
        whole = _whole(view, offset)
        if whole is None:
            if last and _is_torn(content, offset):
                yield Torn(path, offset)
                return
            raise BadFrame(index, "its checksum or length is wrong")
        offset += FRAME.size + len(whole)
        if view[offset - FRAME.size - len(whole)] & 0x80:
            yield Head(whole.decode("utf-8", "replace"), path, offset)
        else:
            yield whole
            index += 1


def _whole(view: memoryview, offset: int) -> bytes | None:
    if offset + FRAME.size > len(view):
        return None
    length, checksum = FRAME.unpack_from(view, offset)
    length &= ~HEAD_BIT
    data = bytes(view[offset + FRAME.size : offset + FRAME.size + length])
    if length == 0 or length > MAX_FRAME_BYTES or len(data) != length:
        return None
    return data if zlib.crc32(data, zlib.crc32(view[offset : offset + 4])) == checksum else None


def _is_torn(content: bytes, offset: int) -> bool:
    """Did a crash cut the frame at `offset` off? Not so when what follows is whole: then its head was altered."""
    rest = content[offset:]
    end = len(content.rstrip(b"\0"))
    if end < len(content) and (end % BLOCK_BYTES == 0 or len(content) - end >= BLOCK_BYTES or end <= offset):
        return True
    length = int.from_bytes(rest[:4], "big") & ~HEAD_BIT
    if len(rest) >= FRAME.size and (length > MAX_FRAME_BYTES or FRAME.size + length <= len(rest)):
        return False
    return not _looks_whole(rest[FRAME.size :]) and not _holds_frame(rest)


def _looks_whole(data: bytes) -> bool:
    if data.count(b"\n") == HEAD_LINES and data.endswith(b"\n"):
        return True
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _holds_frame(rest: bytes) -> bool:
    """Is there a whole frame further on? One begins after every `}` of a record and newline of a head."""
    view = memoryview(rest)
    return any(
        _whole(view, position + 1) is not None
        for position, byte in enumerate(rest)
        if byte in b"}\n" and position + 1 < len(rest)
    )

"""The files of a log: segments of framed records, read without trusting them.

A segment is a header (`APPAUDIT`, version, index of its first record, CRC-32) and frames: length and
CRC-32 of length and data, four bytes each, big-endian, then the data. The CRC finds accidents; what finds
attacks is the tree. A frame that a crash cut off in the middle of the last segment is `torn`: it is
incomplete, or the file system left zeros where its end should be (records hold no zero byte). Nothing
else is excused.
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
BLOCK_BYTES = 4096
MAX_FRAME_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Torn:
    """Bytes at the end of the last segment that never were a whole record: cut the file at `offset`."""

    path: Path
    offset: int
    dropped: int


class BadFrame(IntegrityFailure):
    """A segment is damaged: `index` is the first bad record."""

    def __init__(self, index: int, what: str) -> None:
        super().__init__(f"the audit log is damaged at record {index}: {what}", "Keep the files; see docs/auditor.md")
        self.index = index


def header(first: int) -> bytes:
    """The header of a segment whose first record is `first`."""
    bare = HEADER.pack(MAGIC, VERSION, first, 0)
    return HEADER.pack(MAGIC, VERSION, first, zlib.crc32(bare))


def frame(data: bytes) -> bytes:
    """`data` with its length and checksum before it."""
    length = len(data).to_bytes(4, "big")
    return length + zlib.crc32(data, zlib.crc32(length)).to_bytes(4, "big") + data


def name(first: int) -> str:
    """The file name of the segment whose first record is `first`."""
    return f"segment-{first:012d}.log"


def segments(directory: Path) -> list[Path]:
    """The segments of a log directory, in order."""
    return sorted(directory.glob("segment-*.log"))


def read(directory: Path, start: int = 0) -> Iterator[tuple[int, bytes] | Torn]:
    """Every record from `start` on as (index, bytes), in order; at the end a `Torn`, if there is one.

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
            if isinstance(item, Torn):
                yield item
            else:
                if index >= start:
                    yield index, item
                index += 1


def _frames(path: Path, first: int, *, last: bool) -> Iterator[bytes | Torn]:
    with path.open("rb") as file:
        content = file.read()
    if content[: HEADER.size] != header(first):
        if last and (len(content) < HEADER.size or not content.strip(b"\0")) and header(first).startswith(
            content.rstrip(b"\0")
        ):
            yield Torn(path, 0, len(content))
            return
        raise BadFrame(first, "its segment has no valid header")
    index, offset, view = first, HEADER.size, memoryview(content)
    while offset < len(content):
        whole = _whole(view, offset)
        if whole is None:
            if last and _is_torn(content, offset):
                yield Torn(path, offset, len(content) - offset)
                return
            raise BadFrame(index, "its checksum or length is wrong")
        yield whole
        index, offset = index + 1, offset + FRAME.size + len(whole)


def _whole(view: memoryview, offset: int) -> bytes | None:
    if offset + FRAME.size > len(view):
        return None
    length, checksum = FRAME.unpack_from(view, offset)
    data = bytes(view[offset + FRAME.size : offset + FRAME.size + length])
    if length == 0 or length > MAX_FRAME_BYTES or len(data) != length:
        return None
    return data if zlib.crc32(data, zlib.crc32(view[offset : offset + 4])) == checksum else None


def _is_torn(content: bytes, offset: int) -> bool:
    """Did a crash cut the frame at `offset` off? Not so when what follows is whole: then its head was altered."""
    rest = content[offset:]
    end = len(content.rstrip(b"\0"))
    if end < len(content) and (-end % BLOCK_BYTES == 0 or len(content) - end >= BLOCK_BYTES or end <= offset):
        return True
    length = int.from_bytes(rest[:4], "big")
    if len(rest) >= FRAME.size and (length > MAX_FRAME_BYTES or FRAME.size + length <= len(rest)):
        return False
    return not _is_json(rest[FRAME.size :]) and not _holds_frame(rest)


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _holds_frame(rest: bytes) -> bool:
    view = memoryview(rest)
    position = rest.find(b"}")
    while position >= 0:
        if _whole(view, position + 1) is not None:
            return True
        position = rest.find(b"}", position + 1)
    return False

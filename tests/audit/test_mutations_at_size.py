"""Every way to falsify a log of 100,000 records is found against the last anchor; a second implementation agrees.

The second one is written from RFC 9162 alone (`test_merkle.mth`) and knows nothing of `check.py`: a log is whole when
its first records have the root of the anchor, and a signed head covers all of them.
"""

import base64
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.audit import check, segment
from appliance.audit.checkpoint import Signer, Verifier
from appliance.cli.audit_benchmark import SEGMENT, build

from .forger import Frame, altered, numbered_again, renumbered, resign_checkpoints, with_heads
from .test_merkle import mth

RECORDS, BATCH, REPEATS = 100_000, 10, 12
HALF = RECORDS // 2
pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3600)]
Frames = list[Frame]


def frames_of(path: Path) -> Frames:
    """The frames of one segment, by its lengths alone. Raises ValueError where they lead nowhere."""
    content, offset, found = path.read_bytes(), segment.HEADER.size, []
    while offset < len(content):
        if offset + 8 > len(content):
            raise ValueError("half a frame")
        length, checksum = struct.unpack_from(">II", content, offset)
        head, length = length >> 31, length & 0x7FFFFFFF
        data = content[offset + 8 : offset + 8 + length]
        if len(data) != length or zlib.crc32(data, zlib.crc32(content[offset : offset + 4])) != checksum:
            raise ValueError("no frame")
        found.append(Frame(data, bool(head)))
        offset += 8 + length
    return found


def write(path: Path, frames: Frames) -> None:
    first = int(path.stem.removeprefix("segment-"))
    content = b"".join(segment.frame(each.data, head=each.head) for each in frames)
    path.write_bytes(segment.header(first) + content)


def whole_by_the_rfc(directory: Path, anchors: list[str]) -> bool:
    """The second implementation's verdict."""
    try:
        frames = [frame for path in segment.segments(directory) for frame in frames_of(path)]
    except ValueError:
        return False
    leaves = [frame.data for frame in frames if not frame.head]
    for anchor in anchors:
        _, size, root, *_ = anchor.split("\n")
        if len(leaves) < int(size) or mth(leaves[: int(size)]) != base64.b64decode(root):
            return False
    if not frames or not frames[-1].head:
        return False
    body, _, lines = frames[-1].data.decode().rpartition("\n\n")
    _, size, root = body.split("\n")
    try:
        signature = base64.b64decode(lines.split(" ")[2])[4:]
        key = Verifier.parse((directory / "verifier.pub").read_text()).key
        Ed25519PublicKey.from_public_bytes(key).verify(signature, f"{body}\n".encode())
    except (InvalidSignature, ValueError, IndexError):
        return False
    return int(size) == len(leaves) and mth(leaves) == base64.b64decode(root)


class Log:
    """A log of 100,000 records in segments, two anchors, and what puts it right again."""

    def __init__(self, directory: Path) -> None:
        end = build(directory, RECORDS, BATCH)
        self.directory = directory
        self.signer = Signer(end.split("\n")[0], b"\x01" * 32)
        self.segments = segment.segments(directory)
        self.contents = [path.read_bytes() for path in self.segments]
        frames = [frame for path in self.segments[: HALF // SEGMENT + 1] for frame in frames_of(path)]
        heads = [frame.data.decode() for frame in frames if frame.head]
        self.anchors = [next(head for head in heads if head.split("\n")[1] == str(HALF)), end]

    def put_right(self) -> None:
        for path in self.directory.glob("*checkpoint*"):
            path.unlink()
        for path, content in zip(self.segments, self.contents, strict=True):
            path.write_bytes(content)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("size") / "log")


def place_of(frames: Frames, at: int) -> int:
    """Where the record number `at` of a segment stands among its frames."""
    return [place for place, frame in enumerate(frames) if not frame.head][at]


def drop(frames: Frames, at: int) -> Frames:
    place = place_of(frames, at)
    return frames[:place] + frames[place + 1 :]


def swap(frames: Frames, at: int) -> Frames:
    one, other = place_of(frames, at), place_of(frames, at + 1)
    result = list(frames)
    result[one], result[other] = result[other], result[one]
    return result


def duplicate(frames: Frames, at: int) -> Frames:
    place = place_of(frames, at)
    return [*frames[:place], frames[place], *frames[place:]]


def alter(frames: Frames, at: int) -> Frames:
    place = place_of(frames, at)
    return [*frames[:place], altered(frames[place]), *frames[place + 1 :]]


KINDS: list[Callable[[Frames, int], Frames]] = [drop, swap, duplicate, alter]


def touched(seed: int) -> Iterator[tuple[int, int]]:
    """Segment and record in it, drawn."""
    draw = random.Random(seed)
    for _ in range(REPEATS):
        yield draw.randrange(RECORDS // SEGMENT), draw.randrange(SEGMENT - 1)


def found(log: Log, expected: range) -> None:
    """`check.py` finds it and names a record of `expected`; the second implementation finds it too."""
    told = check.check_log(log.directory, None, log.anchors)
    assert not told["ok"], "the falsified log was taken for whole"
    assert told["first_bad_record"] in expected, (told["first_error"], expected)
    assert not whole_by_the_rfc(log.directory, log.anchors)


def batch(index: int) -> range:
    """Numbers of the records of its batch, and the one after it."""
    first = index // BATCH * BATCH
    return range(first, first + BATCH + 1)


def test_both_take_the_log_for_whole_before_it_is_touched(log: Log) -> None:
    assert check.check_log(log.directory, None, log.anchors)["ok"]
    assert whole_by_the_rfc(log.directory, log.anchors)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_changed_without_the_key_is_named(log: Log, kind: Callable[[Frames, int], Frames]) -> None:
    for number, at in touched(1):
        path = log.segments[number]
        write(path, kind(frames_of(path), at))
        found(log, batch(number * SEGMENT + at))
        path.write_bytes(log.contents[number])


def test_a_flipped_bit_is_named(log: Log) -> None:
    draw = random.Random(2)
    for number, _ in touched(2):
        content = log.contents[number]
        at = draw.randrange(len(content))
        starts, offset = [], segment.HEADER.size
        for frame in frames_of(log.segments[number]):
            starts.append((offset, frame.head))
            offset += segment.FRAME.size + len(frame.data)
        before = sum(not head for start, head in starts if start <= at)
        flipped = bytes([content[at] ^ (1 << draw.randrange(8))])
        log.segments[number].write_bytes(content[:at] + flipped + content[at + 1 :])
        found(log, batch(number * SEGMENT + max(before - 1, 0)))
        log.segments[number].write_bytes(content)


def test_a_log_cut_short_is_named_at_the_cut(log: Log) -> None:
    for number, at in touched(3):
        frames = frames_of(log.segments[number])
        write(log.segments[number], frames[: place_of(frames, at)])
        for later in log.segments[number + 1 :]:
            later.unlink()
        found(log, batch(number * SEGMENT + at))
        log.put_right()


def test_an_appended_record_is_named(log: Log) -> None:
    path, forger = log.segments[-1], Signer(log.anchors[0].split("\n")[0], b"\x07" * 32)
    frames = frames_of(path)
    late = renumbered(altered(frames[0]), RECORDS, "2027-01-01T00:00:00.000000+00:00")
    for appended in ([late], [late, Frame(forger.sign(RECORDS + 1, b"\x07" * 32).encode(), True)]):
        write(path, [*frames, *appended])
        found(log, range(RECORDS, RECORDS + 1))
    log.put_right()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_rewrite_with_the_old_key_is_found_between_two_anchors(
    log: Log, kind: Callable[[Frames, int], Frames]
) -> None:
    everything = [frames_of(path) for path in log.segments]
    for number, at in list(touched(4))[:3]:
        rest = [frame for frames in everything[number + 1 :] for frame in frames]
        before = [frame for frames in everything[:number] for frame in frames]
        changed = [*before, *numbered_again_from(kind(everything[number], at) + rest, number * SEGMENT)]
        forged = with_heads(changed, log.signer)
        for path in log.segments[1:]:
            path.unlink()
        write(log.segments[0], forged)
        resign_checkpoints(log.directory, forged)
        assert check.check_log(log.directory)["ok"], "only an anchor can tell"
        half = (number * SEGMENT + at) // HALF
        found(log, range(half * HALF, (half + 1) * HALF + 1))
        log.put_right()


def numbered_again_from(frames: Frames, first: int) -> Frames:
    """As `numbered_again`, for frames that begin at record `first`."""
    index, result = first, []
    for frame in numbered_again(frames):
        result.append(frame if frame.head else renumbered(frame, index))
        index += not frame.head
    return result

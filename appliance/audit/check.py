#!/usr/bin/env python3
"""Check an audit log, an export, a receipt or an answer of the appliance, without the appliance.

    python check.py LOGDIR            a log directory, copied from the appliance or mounted
    python check.py EXPORT.jsonl      an export file
    python check.py RECEIPT           a receipt (C2SP tlog-proof)
    python check.py ANSWER.json       a disclosed record: what was answered, with its receipt
    python check.py PACK.json         an evidence pack: several disclosed records
    python check.py CERTIFICATE       a signed certificate, such as of an erasure

    --anchor FILE   a checkpoint (or several) that you kept earlier, elsewhere: what it counts must be there
    --key VKEY      the log's public key, or a file that holds it; without it the key that lies beside the
                    log is taken, and then only an anchor shows that nobody replaced log and key together
    --witness VKEY  a witness's public key, or a file that holds it (several times for several): each must have
                    cosigned one of the anchors, and is told with what it saw and when
    --open FILE     your X25519 private key: print what an export holds for you (needs `cryptography`)
    --list          print who did what when, one line a record; --json: one JSON object instead of text

Exit code 0: whole. 4: not whole, the first bad record is named. 2: cannot read what was given.

One file, standard library only (`cryptography` is used for speed where it is installed). It is written
from the specifications and shares no code with the appliance: RFC 9162 section 2.1 (tree), RFC 8032
(Ed25519), C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof. What it cannot show: records that were never
written, and changes after the last anchor by somebody who holds the log's signing key.
"""

import argparse
import base64
import hashlib
import hmac
import json
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

Found = dict[str, Any]
Show = Callable[[Found], None]
Key = tuple[str, bytes, bytes]
Point = tuple[int, int, int, int]
VERIFY_EVERY = 1000
MAX_FRAME = 16 * 1024 * 1024
LOG_KEY, WITNESS_KEY = 1, 4


class Bad(Exception):
    """Not whole. `index` is the first bad record, or -1 when no single record can be named."""

    def __init__(self, message: str, index: int = -1) -> None:
        super().__init__(message)
        self.index = index


# Ed25519 verification (RFC 8032 section 5.1.7)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _add(a: Point, b: Point) -> Point:
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result


def _point(raw: bytes) -> Point | None:
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if len(raw) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P


def ed25519_pure(key: bytes, signature: bytes, message: bytes) -> bool:
    """Is `signature` (64 bytes) by `key` (32 bytes) over `message`? In pure Python, about 5 ms."""
    public, commitment = _point(key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or public is None or commitment is None or scalar >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = _times(scalar, BASE), _add(commitment, _times(challenge, public))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def ed25519(key: bytes, signature: bytes, message: bytes) -> bool:
    """As `ed25519_pure`, by `cryptography` where it is installed."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return ed25519_pure(key, signature, message)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# the tree (RFC 9162 section 2.1), as the few subtrees that cover what was read so far


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\0" + data).digest()


class Range:
    """Subtrees that cover the leaves so far, biggest first: enough to know the root at any moment."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, node: bytes, level: int = 0) -> None:
        """Append a complete subtree of 2**level leaves."""
        if self.size & ((1 << level) - 1):
            raise Bad("a subtree is out of place")
        peaks, count = self.peaks, self.size >> level
        while count & 1:
            node, count = hashlib.sha256(b"\1" + peaks.pop() + node).digest(), count >> 1
        peaks.append(node)
        self.size += 1 << level

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        node = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            node = hashlib.sha256(b"\1" + peak + node).digest()
        return node


def root_of_path(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """The root that an inclusion path leads to (RFC 9162 section 2.1.3.2)."""
    node, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Bad("the inclusion path is too long", index)
        if node & 1 or node == last:
            result = hashlib.sha256(b"\1" + sibling + result).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            result = hashlib.sha256(b"\1" + result + sibling).digest()
        node, last = node >> 1, last >> 1
    if last or index >= size:
        raise Bad("the inclusion path is too short", index)
    return result


# signed notes


def parse_key(vkey: str, kind: int = LOG_KEY) -> Key:
    """(name, key id, key) of a C2SP verifier key of this kind."""
    try:
        name, key_id, encoded = vkey.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Bad("the verifier key is malformed") from None
    wanted = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) == 33 and raw[0] in (LOG_KEY, WITNESS_KEY) and raw[0] != kind:
        raise Bad("a log's key was given for a witness's" if kind == WITNESS_KEY else "that is a witness's key")
    if len(raw) != 33 or raw[0] != kind or wanted.hex() != key_id:
        raise Bad("the verifier key is malformed")
    return name, wanted, raw[1:]


def signed_by(key: Key, lines: str) -> bytes | None:
    """What a note's signature lines hold of this key, its id cut off; None when it has not signed."""
    name, key_id, _ = key
    for line in lines.split("\n"):
        parts = line.split(" ")
        if len(parts) == 3 and parts[0] == "\u2014" and parts[1] == name:
            try:
                raw = base64.b64decode(parts[2], validate=True)
            except ValueError:
                raise Bad("a signature of a checkpoint is malformed") from None
            if raw[:4] == key_id:
                return raw[4:]
    return None


def open_note(note: str, key: Key) -> tuple[int, bytes]:
    """(size, root) of a checkpoint that `key` signed."""
    body, _, signatures = note.rpartition("\n\n")
    lines = body.split("\n")
    try:
        size, root = int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError):
        raise Bad("a checkpoint is malformed") from None
    if lines[0] != key[0]:
        raise Bad("a checkpoint belongs to another log")
    if str(size) != lines[1] or len(root) != 32:
        raise Bad("a checkpoint is malformed")
    signature = signed_by(key, signatures)
    if signature is None:
        raise Bad(f"the checkpoint of {size} records is not signed by the log's key")
    if not ed25519(key[2], signature, (body + "\n").encode()):
        raise Bad(f"the signature of the checkpoint of {size} records does not verify")
    return size, root


def witnessed(witness: str, notes: Iterable[str]) -> Found:
    """The longest of these checkpoints that a witness cosigned (C2SP cosignature/v1), and when it did."""
    key, found = parse_key(witness, WITNESS_KEY), []
    for note in notes:
        body, _, signatures = note.rpartition("\n\n")
        raw = signed_by(key, signatures)
        if raw is None:
            continue
        size, seconds = int(body.split("\n")[1]), int.from_bytes(raw[:8], "big")
        if not ed25519(key[2], raw[8:], f"cosignature/v1\ntime {seconds}\n{body}\n".encode()):
            raise Bad(f"the signature of {key[0]} on the checkpoint of {size} records does not verify")
        found.append((size, seconds))
    if not found:
        raise Bad(f"{key[0]} has signed none of the anchors that count here")
    size, seconds = max(found)
    return {"witness": key[0], "size": size, "time": datetime.fromtimestamp(seconds, UTC).isoformat()}


def split_notes(text: str) -> list[str]:
    """The checkpoints in a text that holds one or several, one after the other."""
    notes, lines = [], text.split("\n")
    start, seen = 0, False
    for number, line in enumerate(lines):
        signature = line.startswith("\u2014 ")
        if seen and line and not signature:
            notes.append("\n".join(lines[start:number]) + "\n")
            start, seen = number, False
        seen = seen or signature
    return [*notes, "\n".join(lines[start:])] if seen else notes


# reading


def framed(content: bytes, offset: int) -> tuple[bool, bytes, int] | None:
    """(is head, data, offset behind) of the frame at `offset`, or None when it is not whole."""
    length = int.from_bytes(content[offset : offset + 4], "big")
    head, length = length >> 31, length & 0x7FFFFFFF
    data = content[offset + 8 : offset + 8 + length]
    checksum = zlib.crc32(data, zlib.crc32(content[offset : offset + 4])).to_bytes(4, "big")
    if not 0 < length <= MAX_FRAME or len(data) != length or content[offset + 4 : offset + 8] != checksum:
        return None
    return bool(head), data, offset + 8 + length


def read_segments(directory: Path) -> Iterator[tuple[int | None, bytes]]:
    """(index, bytes) of every record of a log directory, and after each batch (None, its signed head)."""
    paths = sorted(directory.glob("segment-*.log"))
    index = 0
    for number, path in enumerate(paths):
        content = path.read_bytes()
        bare = struct.pack(">8sIQ", b"APPAUDIT", 1, index)
        if content[:24] != bare + struct.pack(">I", zlib.crc32(bare + b"\0\0\0\0")):
            if number == len(paths) - 1 and len(content) < 24:
                return
            raise Bad(f"record {index}: the segment that should begin with it is missing or damaged", index)
        offset = 24
        while offset < len(content):
            whole = framed(content, offset)
            if whole is None:
                if number == len(paths) - 1 and torn(content[offset:]):
                    return
                raise Bad(f"record {index}: its checksum or length is wrong", index)
            head, data, offset = whole
            yield (None if head else index), data
            index += not head


def torn(rest: bytes) -> bool:
    """Could a crash have left these bytes: an incomplete frame, or zeros where its end should be?"""
    if not rest.strip(b"\0") or rest[-4096:] == b"\0" * 4096:
        return True
    length = int.from_bytes(rest[:4], "big") & 0x7FFFFFFF
    if len(rest) >= 8 and (length > MAX_FRAME or 8 + length <= len(rest)):
        return False
    if any(rest[at] in b"}\n" and framed(rest, at + 1) for at in range(len(rest))):
        return False
    return not (rest.endswith(b"\n") and rest.count(b"\n") == 5) and not is_json(rest[8:])


def is_json(data: bytes) -> bool:
    """Is this a whole JSON text?"""
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def read_checkpoints(directory: Path) -> list[str]:
    """The checkpoints kept beside a log, oldest first."""
    notes: list[str] = []
    path = directory / "checkpoints"
    content = path.read_bytes() if path.is_file() else b""
    offset = 0
    while whole := framed(content, offset):
        _, note, offset = whole
        notes.append(note.decode("utf-8", "replace"))
    if offset < len(content) and not torn(content[offset:]):
        raise Bad(f"a stored checkpoint, number {len(notes)}, is damaged")
    return notes


class Walk:
    """Reads records in order and checks each: number, time, and the root wherever a checkpoint counts."""

    def __init__(self, key: Key, notes: Iterable[str], anchors: Iterable[str] = ()) -> None:
        self.tree, self.time, self.first_time = Range(), "", ""
        self.kinds: dict[str, int] = {}
        self.checkpoints, self.anchored, self.trusted = 0, 0, 0
        self.key, self.covered, self.verified = key, 0, 0
        self.heads: list[tuple[int, str]] = []
        self.marks: dict[int, list[tuple[str, bytes]]] = {}
        for kind, texts in (("checkpoint", notes), ("anchor", anchors)):
            for note in texts:
                size, root = open_note(note, key)
                self.marks.setdefault(size, []).append((kind, root))
        self.next_mark = 0
        self.mark(0)

    def take(self, index: int, data: bytes, show: Show | None = None) -> Found:
        """Check the next record and return it."""
        try:
            found: Found = json.loads(data)
            number, time, kind = found["index"], found["time"], found["kind"]
        except (ValueError, KeyError, TypeError):
            raise Bad(f"record {index} cannot be read", index) from None
        if number != index:
            raise Bad(f"record {index} is missing or moved: record {number} stands in its place", index)
        if time < self.time:
            raise Bad(f"record {index} is dated before the one before it", index)
        self.first_time, self.time = self.first_time or time, time
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.tree.add(leaf_hash(data))
        if show:
            show(found)
        return found

    def mark(self, size: int) -> None:
        """Compare the root here, where a batch ends, with every checkpoint of this size."""
        if size > self.next_mark:
            kind = self.marks[self.next_mark][0][0]
            self.altered(kind, f"no batch ends where the {kind} of {self.next_mark} records was signed")
        for kind, root in self.marks.pop(size, ()):
            if root != self.tree.root():
                self.altered(kind, f"the {kind} of {size} records has another root")
            self.checkpoints += kind == "checkpoint"
            if kind == "anchor":
                self.anchored = size
            self.trusted = size
        self.next_mark = min(self.marks, default=1 << 62)

    def altered(self, kind: str, why: str) -> NoReturn:
        """An anchor trusts nothing after the anchor before it: who holds the key can sign checkpoints."""
        first = self.anchored if kind == "anchor" else self.trusted
        raise Bad(f"record {first} or one of those up to {self.next_mark} was altered: {why}", first)

    def batch(self, note: str) -> None:
        """Compare the root with the head of a batch; that of the last head is signed for all before it."""
        try:
            _, size, root, _ = note.split("\n", 3)
            matches = int(size) == self.tree.size and base64.b64decode(root) == self.tree.root()
        except ValueError:
            matches = False
        if not matches:
            where = f"record {self.covered} or one before {self.tree.size} was altered"
            raise Bad(f"{where}: the head of its batch has another root", self.covered)
        self.heads.append((self.covered, note))
        self.covered = self.tree.size
        self.mark(self.covered)
        if self.covered - self.verified >= VERIFY_EVERY:
            self.verify_heads()

    def verify_heads(self) -> None:
        """Verify the signature of the last head, which covers all before it; if it fails, find the first."""
        try:
            for _, note in self.heads[-1:]:
                open_note(note, self.key)
        except Bad as last:
            for first, note in self.heads:
                try:
                    open_note(note, self.key)
                except Bad as error:
                    raise Bad(f"record {first} or one soon after it was altered: {error}", first) from None
            raise last from None
        self.heads, self.verified = [], self.covered

    def finish(self, *, partial: bool = False) -> None:
        """Nothing more to come: every checkpoint must have been met, every record be under a head."""
        self.verify_heads()
        if partial:
            self.marks = {size: each for size, each in self.marks.items() if each[0][0] == "anchor"}
        if self.covered < self.tree.size and not partial:
            where = f"record {self.covered}"
            raise Bad(f"{where} has no signed head: never acknowledged, or appended by somebody", self.covered)
        if self.marks:
            size = min(self.marks)
            kind = self.marks[size][0][0]
            raise Bad(f"record {self.tree.size} is missing: the {kind} counts {size} records", self.tree.size)


# the four things that can be checked


def check_log(
    directory: Path,
    vkey: str | None = None,
    anchors: Iterable[str] = (),
    show: Show | None = None,
    size: int | None = None,
) -> Found:
    """Check a log directory, or the first `size` records of one that is being written."""
    walk: Walk | None = None
    error: Exception | None = None
    try:
        if not (directory / "verifier.pub").is_file() and not list(directory.glob("segment-*.log")):
            raise Bad("there is no audit log here")
        key = parse_key(vkey or (directory / "verifier.pub").read_text("utf-8"))
        walk = Walk(key, read_checkpoints(directory), anchors)
        for index, data in read_segments(directory):
            if index is None:
                walk.batch(data.decode("utf-8", "replace"))
                if walk.tree.size == size:
                    break
            else:
                walk.take(index, data, show)
        walk.finish(partial=size is not None)
        if size is not None and walk.tree.size < size:
            raise Bad(f"record {walk.tree.size} is missing: {size} were acknowledged", walk.tree.size)
    except (Bad, OSError, UnicodeDecodeError) as caught:
        error = earlier(walk, caught)
    return result("log", walk, error)


def earlier(walk: Walk | None, error: Exception) -> Exception:
    """`error`, or what an unsigned head tells: it lies before, and names a batch."""
    try:
        if walk is not None:
            walk.verify_heads()
    except Bad as forged:
        return forged
    return error


def check_export(
    path: Path,
    vkey: str | None = None,
    anchors: Iterable[str] = (),
    show: Show | None = None,
    opener: Callable[[Found, Found], None] | None = None,
) -> Found:
    """Check an export file: its records lie in the log under a checkpoint, none left out in between."""
    walk: Walk | None = None
    error: Exception | None = None
    extra: Found = {}
    try:
        with open(path, "rb") as file:
            head = json.loads(file.readline())
            key = parse_key(vkey or head["key"])
            inside = [note for note in anchors if head["start"] <= open_note(note, key)[0] <= head["end"]]
            walk = Walk(key, [], inside)
            for level, node in head["left"]:
                walk.tree.add(bytes.fromhex(node), level)
            if walk.tree.size != head["start"]:
                raise Bad("the hashes before the first exported record do not fit")
            walk.mark(walk.tree.size)
            sealed: set[tuple[int, str]] = set()
            for index in range(head["start"], head["end"]):
                record = walk.take(index, file.readline().removesuffix(b"\n"), show)
                walk.mark(index + 1)
                if opener:
                    sealed.update((index, part["commitment"]) for part in record.get("sealed", ()))
            tail = json.loads(file.readline())
            while "box" in tail:
                if opener:
                    if (tail["index"], tail["commitment"]) not in sealed:
                        raise Bad(f"record {tail['index']} holds nothing of what is sealed for the auditor")
                    opener(head, tail)
                tail = json.loads(file.readline())
            for note in tail["checkpoints"]:
                size, root = open_note(note, key)
                walk.marks.setdefault(size, []).append(("checkpoint", root))
            for level, node in tail["right"]:
                walk.tree.add(bytes.fromhex(node), level)
            if walk.tree.size not in walk.marks:
                raise Bad("the export holds no checkpoint that covers it")
            walk.mark(walk.tree.size)
            extra = {"start": head["start"], "end": head["end"], "erased": len(tail.get("erased", ()))}
    except (Bad, OSError) as caught:
        error = caught
    except (ValueError, KeyError, TypeError):
        error = Bad("the export is incomplete or malformed; it may have been interrupted")
    return {**result("export", walk, error), **extra}


def opener_of(private: str) -> Callable[[Found, Found], None]:
    """Prints what an export holds for the auditor with this X25519 private key (hex); needs `cryptography`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    mine = X25519PrivateKey.from_private_bytes(bytes.fromhex(private.strip()))

    def open_box(head: Found, line: Found) -> None:
        shared = mine.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(head["ephemeral"])))
        key = hmac.new(b"appliance-audit-export@v1", shared + bytes.fromhex(head["auditor"]), hashlib.sha256).digest()
        box, commitment = base64.b64decode(line["box"]), line["commitment"]
        try:
            plain = AESGCM(key).decrypt(box[:12], box[12:], f"{line['index']} {commitment}".encode())
        except InvalidTag:
            raise Bad(f"what is sealed for the auditor with record {line['index']} is not for this key") from None
        if hmac.new(plain[:32], plain[32:], hashlib.sha256).hexdigest() != commitment:
            raise Bad(f"what is sealed for the auditor is not what record {line['index']} holds", line["index"])
        print(f"{line['index']}\t{plain[32:].decode()}")

    return open_box


def check_receipt(text: str, key: str | None, record: bytes | None = None) -> Found:
    """Check a receipt, and that `record` (exact bytes), where given, is the record it speaks of."""
    try:
        head, _, note = text.partition("\n\n")
        lines = head.split("\n")
        if lines[0] != "c2sp.org/tlog-proof@v1" or not key:
            raise Bad("a receipt needs --key, the log's public key" if not key else "this is no receipt")
        extra = json.loads(base64.b64decode(lines.pop(1)[6:])) if lines[1].startswith("extra ") else {}
        index = int(lines[1].removeprefix("index "))
        leaf = leaf_hash(record) if record is not None else bytes.fromhex(extra["leaf"])
        size, root = open_note(note, parse_key(key))
        path = [base64.b64decode(line, validate=True) for line in lines[2:]]
        if root_of_path(leaf, index, size, path) != root:
            raise Bad(f"record {index} is not in the log that the checkpoint of {size} records signs", index)
    except Bad as error:
        return result("receipt", None, error)
    except (ValueError, KeyError, IndexError, TypeError):
        return result("receipt", None, Bad("the receipt is malformed"))
    found = {"record": extra.get("record"), "time": extra.get("time"), "index": index}
    return {**result("receipt", None, None), **found, "records": size, "root": root.hex()}


def check_answer(disclosed: Found, key: str | None, show: Show | None = None) -> Found:
    """Check a disclosed record: the receipt fits its bytes, and each opened part fits its commitment."""
    try:
        data = disclosed["record"].encode()
        record = json.loads(data)
        commitments = [part["commitment"] for part in record.get("sealed", ())]
        for opened in disclosed["opened"]:
            mac = hmac.new(bytes.fromhex(opened["key"]), opened["data"].encode(), hashlib.sha256).hexdigest()
            if mac not in commitments:
                raise Bad(f"what is disclosed is not what record {record['index']} holds", record["index"])
        found = check_receipt(disclosed["receipt"], key, data)
        if found["ok"] and found["index"] != record["index"]:
            raise Bad("the receipt belongs to another record", record["index"])
    except Bad as error:
        return result("answer", None, error)
    except (ValueError, KeyError, TypeError, AttributeError):
        return result("answer", None, Bad("the disclosed record is malformed"))
    if show and found["ok"]:
        show(record)
        for opened in disclosed["opened"]:
            print(opened["data"])
    return {**found, "what": "answer"}


def check_pack(pack: Found, key: str | None, show: Show | None = None) -> Found:
    """Check an evidence pack: every record in it as `check_answer` does, against one checkpoint."""
    try:
        if not key:
            raise Bad("an evidence pack needs --key, the log's public key")
        size, root = open_note(pack["checkpoint"], parse_key(key))
        for number, disclosed in enumerate(pack["records"]):
            found = check_answer(disclosed, key, show)
            if not found["ok"]:
                raise Bad(f"record {number + 1} of the pack: {found['first_error']}", found.get("first_bad_record", -1))
    except Bad as error:
        return result("pack", None, error)
    except (ValueError, KeyError, TypeError, AttributeError):
        return result("pack", None, Bad("the evidence pack is malformed"))
    return {**result("pack", None, None), "packed": len(pack["records"]), "records": size, "root": root.hex()}


def check_statement(text: str, key: str | None) -> Found:
    """Check a certificate: a statement that is signed with the log's key and is no checkpoint."""
    try:
        body, _, lines = text.rpartition("\n\n")
        said = body.split("\n")
        if not said[0].startswith("appliance ") or not key:
            raise Bad("a certificate needs --key, the log's public key" if not key else "this is no certificate")
        name, identifier, public = parse_key(key)
        for line in lines.splitlines():
            raw = base64.b64decode(line.rpartition(" ")[2], validate=True)
            if raw[:4] == identifier and ed25519(public, raw[4:], (body + "\n").encode()):
                return {**result("certificate", None, None), "says": said}
        raise Bad(f"the certificate is not signed by {name}, or was altered")
    except Bad as error:
        return result("certificate", None, error)
    except (ValueError, IndexError):
        return result("certificate", None, Bad("the certificate is malformed"))


def result(what: str, walk: Walk | None, error: Exception | None) -> Found:
    """What was found, as one dictionary."""
    found: Found = {"what": what, "ok": error is None, "first_error": str(error) if error else None}
    if isinstance(error, Bad) and error.index >= 0:
        found["first_bad_record"] = error.index
    if walk is not None:
        found |= {"records": walk.tree.size, "root": walk.tree.root().hex(), "checkpoints": walk.checkpoints}
        found |= {"anchored": walk.anchored, "kinds": walk.kinds, "from": walk.first_time, "to": walk.time}
    return found


def line_of(record: Found) -> str:
    """One record for a reader: number, time, who, what, and its public part."""
    who = record["actor"] + (f" (by {record['operator']})" if record.get("operator") else "")
    public = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in record["public"].items())
    return f"{record['index']}\t{record['time']}\t{who}\t{record['kind']}\t{public}"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--anchor", action="append", default=[])
    parser.add_argument("--key")
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("--open")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    show = (lambda record: print(line_of(record))) if options.list and not options.json else None
    try:
        key = text_or_file(options.key) if options.key else None
        witnesses = [text_or_file(each) for each in options.witness]
        anchors = [note for file in options.anchor for note in split_notes(Path(file).read_text("utf-8"))]
        if options.anchor and not anchors:
            raise ValueError("the anchor file holds no checkpoint")
        if witnesses and not anchors:
            raise ValueError("a witness needs the checkpoints that it cosigned: give them with --anchor")
        opener = opener_of(Path(options.open).read_text("utf-8")) if options.open else None
        found = check(Path(options.target), key, anchors, show, opener)
        if found["ok"] and witnesses:
            found |= seen_by(witnesses, anchors, found)
    except (OSError, ValueError, ImportError) as error:
        print(f"cannot read what was given: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found))
    else:
        print(text_of(found, bool(options.key)))
    return 0 if found["ok"] else 4


def text_or_file(given: str) -> str:
    """A key as given, or what the file of that name holds."""
    return Path(given).read_text("utf-8") if Path(given).is_file() else given


def seen_by(witnesses: Iterable[str], anchors: list[str], found: Found) -> Found:
    """What each witness cosigned of those anchors that the log or export was compared with."""
    if "anchored" not in found:
        raise ValueError("witnesses are checked with a log or an export")
    first, last = found.get("start", 0), found["end"] if "end" in found else found["records"]
    compared = [note for note in anchors if first <= int(note.split("\n", 2)[1]) <= last]
    try:
        return {"witnessed": [witnessed(each, compared) for each in witnesses]}
    except Bad as error:
        return {"ok": False, "first_error": str(error)}


def check(
    target: Path,
    key: str | None,
    anchors: list[str],
    show: Show | None = None,
    opener: Callable[[Found, Found], None] | None = None,
) -> Found:
    """Check whatever `target` is."""
    if target.is_dir():
        return check_log(target, key, anchors, show)
    with target.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"c2sp.org/tlog-proof@v1"):
        return check_receipt(target.read_text("utf-8"), key)
    if start.startswith(b"appliance "):
        return check_statement(target.read_text("utf-8"), key)
    if start.startswith(b'{"format":"appliance-audit-export@v1"'):
        return check_export(target, key, anchors, show, opener)
    whole = json.loads(target.read_bytes())
    return check_pack(whole, key, show) if "records" in whole else check_answer(whole, key, show)


def text_of(found: Found, key_given: bool) -> str:
    """What was found, for a reader."""
    if not found["ok"]:
        return f"NOT WHOLE: {found['first_error']}"
    if found["what"] == "certificate":
        return "\n".join(["WHOLE: signed by the log's key", *found["says"]])
    if found["what"] == "pack":
        return f"WHOLE: all {found['packed']} records of the pack are in the log of {found['records']} records"
    if found["what"] in ("receipt", "answer"):
        record = f"record {found['index']} ({found['record']}, {found['time']})"
        return f"WHOLE: {record} is in the log of {found['records']} records"
    lines = [f"WHOLE: {found['records']} records, root {found['root']}"]
    lines.append(f"from {found['from']} to {found['to']}, {found['checkpoints']} signed checkpoints")
    lines.append(f"anchored: {found['anchored']} records" if found["anchored"] else "anchored: no, no anchor was given")
    for each in found.get("witnessed", ()):
        lines.append(f"witnessed: {each['size']} records by {each['witness']} at {each['time']}")
    if not key_given:
        lines.append("the key was taken from the log itself: give --key or --anchor to be sure that it is the log's")
    lines += [f"{count:10d} {kind}" for kind, count in sorted(found["kinds"].items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

"""Records for an outsider: a range as one file, or one record disclosed with its receipt.

An export is JSON Lines: a head (range, public key, hashes of what lies before), the records exactly as
stored, one line a record, then boxes that hold sealed parts for one auditor's key, then a tail (hashes of
what lies behind, the checkpoint, which records were erased). `check.py` proves from it alone that these
records lie in the log in this order with none left out. An export without an auditor's key opens nothing.
Erased records come as they are: their sealed parts are tombstones nobody can open.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.audit.log import AuditLog
from appliance.errors import NotFound, Unavailable, UsageError

FORMAT = "appliance-audit-export@v1"
NONCE_BYTES = 12


def export(log: AuditLog, to: Path, start: int = 0, end: int | None = None, auditor: bytes | None = None) -> str:
    """Write records `start` to `end` (exclusive) to the file `to`, its sealed parts for `auditor`, the raw
    32 bytes of an X25519 public key. Returns the SHA-256 of the file, hex.

    The file appears whole or not at all. Raises UsageError when the range is empty or the file is there,
    Unavailable when it cannot be written. The caller records it (`AuditExported`).
    """
    tree, size, checkpoint = log.snapshot()
    end = size if end is None else end
    if not 0 <= start < end <= size:
        raise UsageError(f"there are no records {start} to {end}", f"The log holds {size} records, from 0 on")
    if to.exists():
        raise UsageError(f"{to} is there already", "Name a new file")
    sealer = _Sealer(auditor) if auditor else None
    head: dict[str, Any] = {"format": FORMAT, "key": log.verifier, "start": start, "end": end}
    head |= {"auditor": sealer.auditor, "ephemeral": sealer.ephemeral} if sealer else {}
    head["left"] = [[level, node.hex()] for level, node in tree.cover(0, start)]
    tail: dict[str, Any] = {"checkpoints": [checkpoint], "erased": []}
    tail["right"] = [[level, node.hex()] for level, node in tree.cover(end, size)]
    partial, digest = to.with_name(to.name + ".partial"), hashlib.sha256()
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            for line in _lines(log, head, tail, sealer):
                digest.update(line + b"\n")
                file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        partial.rename(to)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise Unavailable(f"the export cannot be written ({error.strerror})", "Check the disk it goes to") from error
    return digest.hexdigest()


def disclose(log: AuditLog, index: int) -> str:
    """One record for somebody who may see it all: exact bytes, opened sealed parts, receipt; JSON text.

    Raises NotFound when there is no such record, or its sealed parts were erased.
    """
    data = next(log.raw(index, index + 1), None) if index >= 0 else None
    if data is None:
        raise NotFound("no such record in the audit log", "Give the number of a record")
    opened = [{"key": part.key.hex(), "data": part.data.decode()} for part in log.openings(data)]
    return json.dumps(
        {"record": data.decode(), "opened": opened, "receipt": log.prove(index).proof}, ensure_ascii=False
    )


def _lines(log: AuditLog, head: dict[str, Any], tail: dict[str, Any], sealer: "_Sealer | None") -> Iterator[bytes]:
    yield _json(head)
    yield from log.raw(head["start"], head["end"])
    for index, data in enumerate(log.raw(head["start"], head["end"]), start=head["start"]):
        try:
            openings = log.openings(data)
        except NotFound:
            tail["erased"].append(index)
            continue
        for opening in openings if sealer else ():
            box = sealer.box(index, opening.commitment, opening.key + opening.data) if sealer else ""
            yield _json({"index": index, "commitment": opening.commitment, "box": box})
    yield _json(tail)


class _Sealer:
    """Encrypts for one auditor: X25519 with a key pair of this export, AES-256-GCM."""

    def __init__(self, auditor: bytes) -> None:
        try:
            public = X25519PublicKey.from_public_bytes(auditor)
            mine = X25519PrivateKey.generate()
            shared = mine.exchange(public)
        except ValueError as error:
            raise UsageError("the auditor's key is no X25519 public key", "Give its 32 bytes") from error
        self.auditor = auditor.hex()
        self.ephemeral = mine.public_key().public_bytes_raw().hex()
        self._cipher = AESGCM(hmac.new(FORMAT.encode(), shared + auditor, hashlib.sha256).digest())

    def box(self, index: int, commitment: str, plain: bytes) -> str:
        """`plain` for the auditor, bound to its record and commitment."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plain, f"{index} {commitment}".encode())
        return base64.b64encode(nonce + sealed).decode()


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()

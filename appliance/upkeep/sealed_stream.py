"""A stream sealed with a passphrase: written and read in pieces, so that a backup needs little memory.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar, 2015) over AES-256-GCM: each piece has a nonce of a
random prefix, its number and whether it is the last, so that pieces can be neither dropped, moved nor cut off.
The key is scrypt (RFC 7914) of the passphrase under a random salt.
"""

import hashlib
import json
import secrets
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.errors import IntegrityFailure, UsageError

FORMAT = "appliance-sealed@v1"
PIECE_BYTES = 1024 * 1024
TAG_BYTES = 16
SCRYPT = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}
MIN_PASSPHRASE = 12


class SealedWriter:
    """A file object to write to; `close` writes the last piece. `digest` is the SHA-256 of the file so far."""

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        """Raises UsageError when the passphrase has fewer than 12 bytes."""
        if len(passphrase) < MIN_PASSPHRASE:
            raise UsageError(f"a passphrase has at least {MIN_PASSPHRASE} characters", "Choose a longer one")
        salt, self._prefix = secrets.token_bytes(16), secrets.token_bytes(7)
        self._cipher = AESGCM(hashlib.scrypt(passphrase, salt=salt, **SCRYPT))
        self._file, self._hash = file, hashlib.sha256()
        self._waiting, self._number = bytearray(), 0
        self._put(json.dumps({"format": FORMAT, "salt": salt.hex(), "prefix": self._prefix.hex()}).encode() + b"\n")

    @property
    def digest(self) -> str:
        """SHA-256 of what was written, hex."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Take `data`."""
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:
            self._seal(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]
        return len(data)

    def close(self) -> None:
        """Seal what waits as the last piece. The file itself is the caller's."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._prefix, self._number, last), piece, None))
        self._number += 1

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)


class SealedReader:
    """A file object to read from. Raises IntegrityFailure as soon as a piece is not what was written, and at the
    end when the last one is missing."""

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        """Raises IntegrityFailure when this is no sealed file."""
        try:
            head = json.loads(file.readline(1024))
            if head["format"] != FORMAT:
                raise ValueError("format")
            salt, self._prefix = bytes.fromhex(head["salt"]), bytes.fromhex(head["prefix"])
        except (ValueError, KeyError, TypeError) as error:
            raise IntegrityFailure("this is no backup of the appliance", "Name the file that backup wrote") from error
        self._cipher = AESGCM(hashlib.scrypt(passphrase, salt=salt, **SCRYPT))
        self._file, self._number, self._ready, self._ended = file, 0, bytearray(), False
        self._next = file.read(PIECE_BYTES + TAG_BYTES)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all of them by default."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._open()
        taken = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(taken)]
        return taken

    def _open(self) -> None:
        piece, self._next = self._next, self._file.read(PIECE_BYTES + TAG_BYTES)
        last = not self._next
        try:
            self._ready += self._cipher.decrypt(_nonce(self._prefix, self._number, last), piece, None)
        except (InvalidTag, ValueError) as error:
            what = "the backup is damaged" if self._number else "the passphrase is wrong, or the backup was altered"
            raise IntegrityFailure(what, "Check the passphrase, or take another copy") from error
        self._number, self._ended = self._number + 1, last


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])

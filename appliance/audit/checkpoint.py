"""Signed tree heads and proofs as text: C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-cosignature.

A checkpoint says: the log named `origin` had `size` records and this root. Anybody who keeps one can
later show that the log was only appended to since. Signatures are Ed25519 (RFC 8032); more signature
lines, such as a witness's, may follow the log's own and are kept.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from appliance.errors import IntegrityFailure

ED25519 = 0x01
COSIGNATURE = 0x04
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
SIGNATURES_READ = 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's name, its number of records and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name: the C2SP vkey `name+keyid+base64(type || key)`."""

    name: str
    key: bytes
    kind: int = ED25519

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a vkey. Raises IntegrityFailure when it is malformed or its key id does not match."""
        try:
            name, key_id, encoded = vkey.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise IntegrityFailure("the verifier key is malformed", "It reads name+keyid+base64") from error
        if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
            raise IntegrityFailure("the verifier key is of an unknown kind", "Only Ed25519 keys are known")
        verifier = cls(name, raw[1:], raw[0])
        if not name or verifier.key_id.hex() != key_id:
            raise IntegrityFailure("the verifier key does not match its own key id", "Fetch it again")
        return verifier

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, type, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([self.kind]) + self.key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verifies(self, body: str, signature: bytes) -> bool:
        """Is `signature`, without its key id, this key's over the note text `body`?"""
        message = body.encode()
        if self.kind == COSIGNATURE:
            seconds = int.from_bytes(signature[:8], "big")
            message, signature = f"cosignature/v1\ntime {seconds}\n{body}".encode(), signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer:
    """The log's own signing key, made from a 32-byte seed of the key ring."""

    def __init__(self, origin: str, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(origin, self._private.public_key().public_bytes_raw())

    def sign(self, size: int, root: bytes) -> str:
        """A signed checkpoint of the log at `size`, as text."""
        body = Checkpoint(self.verifier.name, size, root).body
        return f"{body}\n{signature_line(self.verifier, self._private.sign(body.encode()))}"

    def sign_statement(self, text: str) -> str:
        """A signed note over any `text` but one that could be a checkpoint. Raises IntegrityFailure for that."""
        if text.split("\n", 1)[0] == self.verifier.name or not text.endswith("\n"):
            raise IntegrityFailure("this is no statement to sign", "Its first line says what it is")
        return f"{text}\n{signature_line(self.verifier, self._private.sign(text.encode()))}"


def signature_line(verifier: Verifier, signature: bytes) -> str:
    """One signature line of a note, with its newline."""
    return f"\N{EM DASH} {verifier.name} {base64.b64encode(verifier.key_id + signature).decode()}\n"


def open_checkpoint(note: str, verifier: Verifier, witnesses: tuple[Verifier, ...] = (), quorum: int = 0) -> Checkpoint:
    """Parse a signed checkpoint and check the log's signature and at least `quorum` of the `witnesses`'.

    Signature lines of unknown keys are ignored, as signed-note asks. Raises IntegrityFailure when the
    text is malformed, the log has not signed it, or a known key's signature does not verify.
    """
    body, separator, lines = note.rpartition("\n\n")
    fields = body.split("\n")
    try:
        checkpoint = Checkpoint(fields[0], int(fields[1]), base64.b64decode(fields[2], validate=True))
    except (IndexError, ValueError, binascii.Error) as error:
        raise IntegrityFailure("the checkpoint is malformed", "Take it from the log again") from error
    if not separator or len(checkpoint.root) != 32 or not body.startswith(checkpoint.body.rstrip("\n")):
        raise IntegrityFailure("the checkpoint is malformed", "Take it from the log again")
    if checkpoint.origin != verifier.name:
        raise IntegrityFailure("the checkpoint belongs to another log", "Compare the origin lines")
    signed: set[tuple[str, bytes]] = set()
    for line in lines.rstrip("\n").split("\n")[:SIGNATURES_READ]:
        name, raw = _signature(line)
        for known in (verifier, *witnesses):
            if known.name == name and known.key_id == raw[:4]:
                if not known.verifies(body + "\n", raw[4:]):
                    raise IntegrityFailure(f"the signature of {name} does not verify", "The checkpoint was altered")
                signed.add((name, known.key_id))
    if (verifier.name, verifier.key_id) not in signed:
        raise IntegrityFailure("the checkpoint is not signed by the log's key", "Compare the verifier keys")
    if len(signed) - 1 < quorum:
        raise IntegrityFailure(f"fewer than {quorum} known witnesses signed the checkpoint", "Ask the witnesses")
    return checkpoint


def proof_text(index: int, path: list[bytes], checkpoint: str, extra: bytes = b"") -> str:
    """A C2SP tlog-proof: `extra` (not authenticated), the index, the inclusion path, the checkpoint."""
    lines = [PROOF_HEADER]
    if extra:
        lines.append(f"extra {base64.b64encode(extra).decode()}")
    lines.append(f"index {index}")
    lines.extend(base64.b64encode(node).decode() for node in path)
    return "\n".join(lines) + "\n\n" + checkpoint


def parse_proof(text: str) -> tuple[int, list[bytes], str, bytes]:
    """Undo `proof_text`: (index, path, checkpoint, extra). Raises IntegrityFailure when malformed."""
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    try:
        if lines.pop(0) != PROOF_HEADER or not separator:
            raise ValueError("no header")
        extra = base64.b64decode(lines.pop(0)[6:], validate=True) if lines[0].startswith("extra ") else b""
        keyword, number = lines.pop(0).split(" ")
        path = [base64.b64decode(line, validate=True) for line in lines]
        if keyword != "index" or number.startswith("-") or str(int(number)) != number:
            raise ValueError("index")
        if any(len(node) != 32 for node in path):
            raise ValueError("path")
    except (IndexError, ValueError, binascii.Error) as error:
        raise IntegrityFailure("the receipt is no C2SP tlog-proof", "Take the receipt's text unchanged") from error
    return int(number), path, checkpoint, extra


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    try:
        if len(parts) != 3 or parts[0] != "\N{EM DASH}":
            raise ValueError("no signature line")
        return parts[1], base64.b64decode(parts[2], validate=True)
    except (ValueError, binascii.Error) as error:
        raise IntegrityFailure("a signature line of the checkpoint is malformed", "Take it again") from error

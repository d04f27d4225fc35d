"""A witness: another machine that signs only checkpoints which continue what it signed before.

C2SP tlog-witness and tlog-cosignature, by files instead of HTTP, so that a machine without any network to the
appliance can be one: it reads `request.txt` of a shared folder or a stick, checks the proof of consistency with
the size it remembers, and leaves the checkpoint with its cosignature there. It needs no home and no log.
"""

import base64
import json
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.audit.checkpoint import COSIGNATURE, Verifier, open_checkpoint, signature_line
from appliance.audit.device import replace_text
from appliance.audit.merkle import is_consistent
from appliance.errors import IntegrityFailure, Unavailable, UsageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,62}")
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness signed: the log's name, its size, and the checkpoint with the new signature line."""

    origin: str
    size: int
    note: str


def request_text(old: int, proof: list[bytes], checkpoint: str) -> str:
    """The body of a C2SP tlog-witness `add-checkpoint` request."""
    return "\n".join([f"old {old}", *(base64.b64encode(node).decode() for node in proof)]) + f"\n\n{checkpoint}"


class Witness:
    """A witness with its key and memory in one private file (JSON): name, seed, and the last head of each log."""

    def __init__(self, file: Path) -> None:
        """Raises Unavailable when the file is not there or is none of a witness."""
        self._file = file
        try:
            self._state = json.loads(file.read_text("utf-8"))
            self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self._state["seed"]))
            public = self._private.public_key().public_bytes_raw()
            self.verifier = Verifier(self._state["name"], public, COSIGNATURE)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"{file} holds no witness", "Make one with --new NAME") from error

    @classmethod
    def create(cls, file: Path, name: str) -> "Witness":
        """A new witness. Raises UsageError for a bad name or a file that is there."""
        if not NAME.fullmatch(name):
            raise UsageError("a witness is named by letters, digits, dots and slashes", "For example witness.bank/1")
        try:
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                json.dump({"name": name, "seed": secrets.token_bytes(32).hex(), "logs": {}}, out)
        except FileExistsError as error:
            raise UsageError(f"{file} is there already", "Name a new file") from error
        return cls(file)

    def cosign(self, request: str, vkey: str) -> Cosigned:
        """Sign the checkpoint of a request from the log with this public key.

        Raises IntegrityFailure when it does not continue what this witness signed before: then somebody shows two
        histories, and nothing is signed.
        """
        old, proof, note = _parse(request)
        log = Verifier.parse(vkey)
        checkpoint = open_checkpoint(note, log)
        known = self._state["logs"].get(checkpoint.origin, {"size": 0, "root": "", "key": vkey.strip()})
        if known["key"] != vkey.strip():
            raise IntegrityFailure("this log had another key before", "Find out who replaced it; nothing was signed")
        size, root = int(known["size"]), bytes.fromhex(known["root"])
        if checkpoint.size < size:
            raise IntegrityFailure(
                f"the checkpoint counts {checkpoint.size} records, this witness signed {size} before",
                "An older copy of the log was put back; nothing was signed",
            )
        if old != size and size:
            raise UsageError(f"the request continues from {old}, this witness signed {size}", "Anchor again")
        if size and not is_consistent(size, checkpoint.size, root, checkpoint.root, proof):
            raise IntegrityFailure(
                f"the checkpoint does not continue the {size} records signed before", "Keep both; nothing was signed"
            )
        self._state["logs"][checkpoint.origin] = {
            "size": checkpoint.size, "root": checkpoint.root.hex(), "key": vkey.strip(),
        }  # fmt: skip
        replace_text(self._file, json.dumps(self._state))
        return Cosigned(checkpoint.origin, checkpoint.size, note + self._line(checkpoint.body))

    def serve(self, place: Path, vkey: str) -> Cosigned:
        """Cosign the request that lies in a folder and leave the answer there."""
        try:
            request = (place / "request.txt").read_bytes()[:MOST_BYTES].decode("utf-8", "replace")
            done = self.cosign(request, vkey)
            name = re.sub(r"[^A-Za-z0-9.-]", "_", self.verifier.name)
            replace_text(place / f"cosigned-{done.size:012d}-{name}.txt", done.note)
        except OSError as error:
            raise Unavailable(f"{place} cannot be used ({error.strerror})", "Anchor there first") from error
        return done

    def _line(self, body: str) -> str:
        """A cosignature/v1 line over a checkpoint's body, dated now."""
        seconds = int(time.time())
        message = f"cosignature/v1\ntime {seconds}\n{body}".encode()
        return signature_line(self.verifier, seconds.to_bytes(8, "big") + self._private.sign(message))


def _parse(request: str) -> tuple[int, list[bytes], str]:
    head, separator, note = request.partition("\n\n")
    lines = head.split("\n")
    try:
        if not separator or not lines[0].startswith("old "):
            raise ValueError("old")
        return int(lines[0][4:]), [base64.b64decode(line, validate=True) for line in lines[1:]], note
    except ValueError as error:
        raise IntegrityFailure("this is no request to a witness", "Take request.txt as it was written") from error

"""Checkpoints outside the home: a folder of a second machine, a USB stick, a sheet of paper.

An anchor is a signed checkpoint that whoever controls this box cannot reach. Before a new one is written, the
log is compared with those that lie there: a disk image put back from last week ends before what they count, and
is found now. A witness (`witness.py`) may cosign what it finds in the same folder.

Files of a place: `checkpoint-<size>.txt`, one anchor each; `request.txt`, what a witness is asked to sign;
`cosigned-<size>-<witness>.txt`, its answers, which are anchors too. Files of another log are left alone.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from appliance.audit.checkpoint import Verifier, open_checkpoint
from appliance.audit.device import fsync_directory
from appliance.audit.log import AuditLog
from appliance.audit.places import notes_in
from appliance.audit.witness import request_text
from appliance.errors import IntegrityFailure, Unavailable


@dataclass(frozen=True, slots=True)
class Anchored:
    """A checkpoint that was written: its number of records, the file, how many older anchors the log was compared
    with, the longest of them, and how many known witnesses signed one of at least that length."""

    size: int
    file: Path
    compared: int
    longest: int
    cosigned: int


def compare(log: AuditLog, place: Path) -> tuple[int, int]:
    """Compare the log with every anchor of a place: how many there are, and the size of the longest.

    Raises IntegrityFailure when one counts more records than there are or vouches for others: a log put back from
    an older copy, or altered. Raises Unavailable when the place cannot be read.
    """
    sizes = [log.holds(note) for note in notes_in(place, log.origin)]
    return len(sizes), max(sizes, default=0)


def anchor(log: AuditLog, place: Path, witnesses: tuple[Verifier, ...] = ()) -> Anchored:
    """Compare, then write the log's checkpoint of now to a place and ask its witness to sign it.

    Raises as `compare` does; then nothing is written.
    """
    compared, longest = compare(log, place)
    cosigned, known = _cosigned(log, place, witnesses)
    note = log.checkpoint()
    size = open_checkpoint(note, log.key).size
    file = place / f"checkpoint-{size:012d}.txt"
    try:
        _write(file, note)
        _write(place / "request.txt", request_text(known, log.consistency(known, size), note))
        fsync_directory(place)
    except OSError as error:
        raise Unavailable(f"{place} cannot be written ({error.strerror})", "Mount it, or name another") from error
    return Anchored(size, file, compared, longest, cosigned)


def _cosigned(log: AuditLog, place: Path, witnesses: tuple[Verifier, ...]) -> tuple[int, int]:
    """How many of `witnesses` signed the longest cosigned checkpoint of a place, and its size, which its witness
    remembers."""
    sized = [(open_checkpoint(note, log.key).size, note) for note in notes_in(place, log.origin, "cosigned-*.txt")]
    if not sized:
        return 0, 0
    size, note = max(sized)
    return sum(_signed_by(log, note, witness) for witness in witnesses), size


def _signed_by(log: AuditLog, note: str, witness: Verifier) -> bool:
    try:
        open_checkpoint(note, log.key, (witness,), quorum=1)
    except IntegrityFailure:
        return False
    return True


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

"""The audit log: append-only, durable when `append` returns, provable for good (invariant I2).

Records go to every device by group commit (`commit`); the exact bytes are leaves of an RFC 9162 tree
(`merkle`); signed checkpoints (`checkpoint`) are kept beside the segments every `CHECKPOINT_RECORDS`
records or `CHECKPOINT_SECONDS` seconds, and the newest also in the home, outside the log's directories, so
that a log put back from yesterday is noticed at start. A whole disk put back is noticed by the checkpoints outside
it (`anchoring`), at start where they lie in `anchor_folders`.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from appliance.audit import recovery, segment
from appliance.audit.checkpoint import Signer, Verifier, open_checkpoint, proof_text
from appliance.audit.commit import Committer, Entry
from appliance.audit.device import Device, replace_text
from appliance.audit.events import DeviceFailed, Event, LogRecovered
from appliance.audit.ids import RecordIds
from appliance.audit.merkle import Tree, leaf_hash
from appliance.audit.places import notes_in
from appliance.audit.receipt import ProofedReceipt, Receipt
from appliance.audit.record import MAX_RECORD_BYTES, Opening, Record, decode, encode, new_id, openings
from appliance.audit.verification import Verification, verify_devices
from appliance.errors import (
    ApplianceError,
    AuditUnavailable,
    IntegrityFailure,
    NotFound,
    TooLarge,
    Unavailable,
    UsageError,
)
from appliance.settings import Settings
from appliance.storage.keys import KeyRing

CHECKPOINT_KEY = "audit/checkpoint-key"
BEGUN = "audit/begun"
ANCHOR = "audit-anchor"
VERIFIER = "verifier.pub"
CHECKPOINT_RECORDS = 1000
CHECKPOINT_SECONDS = 60.0


def directories(settings: Settings) -> list[Path]:
    """The directories of the log's devices."""
    return [Path(device) for device in settings.audit_devices] or [settings.home / "audit"]


class AuditLog:
    """An open log. Thread-safe; one process at a time."""

    def __init__(self, settings: Settings, keys: KeyRing, devices: list[Device]) -> None:
        self._keys = keys
        self._devices = devices
        self._seconds = settings.audit_seconds
        self._closed = False
        self._anchor = settings.home / ANCHOR
        working = [device for device in devices if device.working]
        self._signer, new = _signer(keys, working)
        anchors = [] if new else _anchors(self._anchor, settings.anchor_folders, self._signer.verifier)
        verifier = self._signer.verifier
        best, repairs = recovery.reconcile([recovery.survey(each, verifier) for each in working], verifier, anchors)
        self._begun = _begun(keys)
        if self._begun and best.tree.size == 0:
            raise IntegrityFailure("the audit log was removed", "Restore its directories; see docs/auditor.md")
        self._tree: Tree = best.tree
        self._frontier = best.tree.frontier()
        self._head = best.head or self._signer.sign(0, best.tree.root())
        self._time = best.time
        self._signed = best.tree.size
        self._signed_at = time.monotonic()
        self._lock = threading.Lock()
        self._ids = RecordIds(keys)
        for device in devices:
            if device.working:
                device.start(best.tree.size)
                _leave_text(device.directory / VERIFIER, f"{self._signer.verifier}\n")
        _one_of(devices)
        self._committer = Committer(devices, self, settings.audit_seconds, CHECKPOINT_SECONDS)
        for device in devices:
            if not device.working:
                self.append(DeviceFailed(device=device.number, reason=device.failure), actor="system")
        for repair in repairs:
            event = LogRecovered(
                device=repair.device, dropped_bytes=repair.dropped_bytes, copied_records=repair.copied_records
            )
            self.append(event, actor="system")

    @classmethod
    def open(cls, settings: Settings, keys: KeyRing) -> "AuditLog":
        """Open the log, creating it in a new home, and verify all of it (about 5 s a million records).

        Raises IntegrityFailure when records that were acknowledged are missing or altered, or the
        checkpoint key is lost; AuditUnavailable when no device can be opened; Unavailable when another
        process has it open.
        """
        devices: list[Device] = []
        try:
            for number, directory in enumerate(directories(settings)):
                devices.append(Device(number, directory, settings.audit_reserve_bytes))
            _one_of(devices)
            return cls(settings, keys, devices)
        except OSError as error:
            raise AuditUnavailable(f"the audit log cannot be opened ({error.strerror})", "Check its disks") from error
        except ApplianceError:
            for device in devices:
                device.stop()
            raise

    def append(self, event: Event, *, actor: str, operator: str = "") -> Receipt:
        """Record `event`. Durable when this returns; raises AuditUnavailable within `audit_seconds`."""
        return self._committer.append(Entry(event, actor, operator))

    @property
    def size(self) -> int:
        """Number of durable records."""
        return self._tree.size

    def root(self) -> bytes:
        """The root of the tree over all durable records, 32 bytes."""
        with self._lock:
            return self._tree.root()

    @property
    def verifier(self) -> str:
        """The log's public key, as a C2SP vkey."""
        return str(self._signer.verifier)

    @property
    def key(self) -> Verifier:
        """The log's public key."""
        return self._signer.verifier

    @property
    def origin(self) -> str:
        """The log's name, the first line of its checkpoints."""
        return self._signer.verifier.name

    def holds(self, note: str) -> int:
        """The number of records that a checkpoint counts, all of which this log still holds.

        Raises IntegrityFailure when it does not: records were removed or altered, or an old copy was put back.
        """
        with self._lock:
            return recovery.check_anchor(self._tree, note, self._signer.verifier)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the first `first` records are a prefix of the first `second`; empty from nothing."""
        with self._lock:
            return self._tree.consistency_proof(first, second) if 0 < first < second else []

    def checkpoint(self) -> str:
        """Sign the log as it is, keep the checkpoint on every device and return it: an anchor to keep elsewhere."""
        self._committer.run(self._keep_checkpoint)
        return self._head

    def sign_statement(self, text: str) -> str:
        """A signed note (C2SP) over `text`, whose first line must not be this log's name: no checkpoint."""
        return self._signer.sign_statement(text)

    def prove(self, of: int | Receipt) -> ProofedReceipt:
        """The receipt of a record with its inclusion proof under a checkpoint signed now, at most 2.5 KB.

        Raises NotFound when there is no such record.
        """
        index = of if isinstance(of, int) else of.index
        receipt = of if isinstance(of, Receipt) else self._receipt(index)
        with self._lock:
            note, path = self._head, self._tree.inclusion_proof(index)
        extra = {"record": receipt.record, "leaf": receipt.leaf, "time": receipt.time}
        return ProofedReceipt(receipt, proof_text(index, path, note, json.dumps(extra, separators=(",", ":")).encode()))

    def records(self, start: int = 0, end: int | None = None, *, opened: bool = True) -> Iterator[Record]:
        """Records `start` to `end` (exclusive), oldest first, sealed parts opened where keys still exist.

        Whoever calls this for a person records that (`AuditRead`).
        """
        for data in self.raw(start, end):
            yield decode(data, self._keys if opened else None)

    def raw(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The exact bytes of records `start` to `end` (exclusive)."""
        end = self.size if end is None else min(end, self.size)
        device = _one_of(self._devices)
        for _, data in islice(segment.records(device.directory, start), max(end - start, 0)):
            yield data

    def find(self, record: str) -> Record:
        """The record with this id, or, given a number, at this index. Raises NotFound."""
        if record.isascii() and record.isdigit() and int(record) < self.size:
            return next(self.records(int(record), int(record) + 1))
        wanted = f'"id":"{record}"'.encode()
        for data in self.raw():
            if wanted in data[:200]:
                found = decode(data, self._keys)
                if found.id == record:
                    return found
        raise NotFound("no such record in the audit log", "Give the id or the number of a record")

    def verify(self, anchor: str | None = None) -> Verification:
        """Read every device again and check all of it, against `anchor` (a checkpoint's text) too."""
        return verify_devices([device.directory for device in self._devices], self.verifier, anchor, self.size)

    def snapshot(self) -> tuple[Tree, int, str]:
        """The tree, the number of records now, and the signed checkpoint of them. The tree goes on growing."""
        with self._lock:
            return self._tree, self._tree.size, self._head

    def openings(self, data: bytes) -> list[Opening]:
        """What shows the sealed parts of a record (its exact bytes) to an outsider. Raises NotFound if erased."""
        return openings(data, self._keys)

    def close(self) -> None:
        """Commit what waits, sign a last checkpoint, let go of the devices."""
        if not self._closed:
            self._closed = True
            self._committer.stop()
            self._ids.stop()
            wait([device.stop() for device in self._devices], self._seconds)

    # called by the committer, in its thread

    def encode(self, entries: list[Entry]) -> list[tuple[Entry, bytes]]:
        """The bytes of the next records; entries that cannot be encoded are settled with their error."""
        own = [bool(entry.event.sealed()) and not entry.event.subject_scope for entry in entries]
        try:
            keyed = iter(self._ids.take(sum(own)))
        except ApplianceError as error:
            for entry in entries:
                entry.settle(None, AuditUnavailable(error.message, error.advice))
            return []
        now = max(self._time, datetime.now(UTC).isoformat(timespec="microseconds"))
        encoded: list[tuple[Entry, bytes]] = []
        for entry, needs_key in zip(entries, own, strict=True):
            record, index = next(keyed) if needs_key else new_id(), self._tree.size + len(encoded)
            try:
                data = encode(entry.event, index, record, now, entry.actor, entry.operator, self._keys)
            except (TypeError, ValueError) as error:
                entry.settle(None, UsageError(f"{entry.event.kind()} holds what JSON cannot ({error})"))
                continue
            except ApplianceError as error:
                entry.settle(None, AuditUnavailable(error.message, error.advice))
                continue
            if len(data) > MAX_RECORD_BYTES:
                entry.settle(None, TooLarge("an audit record is over its limit", "Record a digest of what is large"))
                continue
            entry.receipt = Receipt(index, record, leaf_hash(data).hex(), now)
            encoded.append((entry, data))
        return encoded

    def head(self, encoded: list[tuple[Entry, bytes]]) -> str:
        """The signed checkpoint of the log with these records."""
        frontier = self._frontier.copy()
        for _, data in encoded:
            frontier.append(leaf_hash(data))
        return self._signer.sign(frontier.size, frontier.root())

    def committed(self, encoded: list[tuple[Entry, bytes]], head: str) -> list[Receipt]:
        """These records are durable now, with their head."""
        receipts = [entry.receipt for entry, _ in encoded if entry.receipt is not None]
        with self._lock:
            for receipt in receipts:
                leaf = bytes.fromhex(receipt.leaf)
                self._tree.append(leaf)
                self._frontier.append(leaf)
            self._head = head
        self._time = receipts[-1].time
        return receipts

    def tick(self, *, final: bool) -> None:
        """Keep a checkpoint when one is due; note in the key ring that there is a log."""
        if not self._begun and self._tree.size:
            with suppress(Unavailable):
                self._keys.ensure([BEGUN])
                self._begun = True
        fresh = self._tree.size - self._signed
        age = time.monotonic() - self._signed_at
        if fresh >= CHECKPOINT_RECORDS or (fresh and (final or age >= CHECKPOINT_SECONDS)):
            self._keep_checkpoint()

    def _keep_checkpoint(self) -> None:
        size, note = self._tree.size, self._head
        working = [device for device in self._devices if device.working]
        jobs = {device.submit(partial(device.checkpoint, note)): device for device in working}
        late = wait(jobs, self._seconds / 2).not_done
        for job in late if len(late) < len(jobs) else ():
            jobs[job].fail("hangs")
        _leave_text(self._anchor, note)
        self._signed, self._signed_at = size, time.monotonic()

    def _receipt(self, index: int) -> Receipt:
        record = next(self.records(index, index + 1, opened=False), None)
        if record is None or index < 0:
            raise NotFound("no such record in the audit log", "Give the number of a record")
        return Receipt(index, record.id, leaf_hash(record.data).hex(), record.time)


def _signer(keys: KeyRing, devices: list[Device]) -> tuple[Signer, bool]:
    """The signing key, and whether this log is new. Raises IntegrityFailure when the key is not the log's."""
    known = {
        (device.directory / VERIFIER).read_text("utf-8").strip()
        for device in devices
        if (device.directory / VERIFIER).is_file()
    }
    if len(known) > 1:
        raise IntegrityFailure("the audit devices belong to different logs", "Set audit_devices to one log's")
    try:
        seed = keys.existing(CHECKPOINT_KEY)
    except NotFound as error:
        if known or any(segment.segments(device.directory) for device in devices):
            raise IntegrityFailure(
                "the audit log's checkpoint key is lost", "Restore the key ring that belongs to this log"
            ) from error
        seed = keys.key(CHECKPOINT_KEY)
        return Signer(_origin(seed), seed), True
    signer = Signer(_origin(seed), seed)
    if known and known != {str(signer.verifier)}:
        raise IntegrityFailure(
            "the audit log's checkpoint key was replaced", "Restore the key ring and verifier.pub of this log"
        )
    return signer, False


def _one_of(devices: list[Device]) -> Device:
    """A device that works. Raises AuditUnavailable when there is none."""
    for device in devices:
        if device.working:
            return device
    raise AuditUnavailable("; ".join(device.failure for device in devices), "Repair the disk and restart the appliance")


def _leave_text(path: Path, text: str) -> None:
    """Write a small file that the log can do without; a full disk is met where it counts, at the next record."""
    with suppress(OSError):
        replace_text(path, text)


def _origin(seed: bytes) -> str:
    return f"appliance/{leaf_hash(b'origin' + seed).hex()[:16]}"


def _anchors(path: Path, folders: tuple[Path, ...], verifier: Verifier) -> list[str]:
    """The anchor of the home, and those of the folders outside it that can be reached now and are signed: whoever
    can write there must not be able to keep the log from opening."""
    notes = [path.read_text("utf-8")] if path.is_file() else []
    for folder in folders:
        with suppress(Unavailable):
            for note in notes_in(folder, verifier.name):
                with suppress(IntegrityFailure):
                    open_checkpoint(note, verifier)
                    notes.append(note)
    return notes


def _begun(keys: KeyRing) -> bool:
    try:
        keys.existing(BEGUN)
    except NotFound:
        return False
    return True

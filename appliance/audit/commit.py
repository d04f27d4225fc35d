"""Group commit: many threads append, one write and one fsync make all that wait durable.

1. Callers put what they want recorded into a queue and wait, at most `seconds`.
2. One thread takes all that wait, numbers and encodes them, and gives the same bytes to every device.
3. The first device that has them durable is enough: the callers get their receipts.
4. A device that fails, or that is much slower than another, is given up; the log goes on without it.
5. When no device is left, or the disk of the last one is full, callers are refused at once; a full disk
   still takes closing records, from its reserve.

A caller who was refused because a disk hangs may find the record in the log later: an intent without an
outcome. The reverse, a receipt without a durable record, cannot happen.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from appliance.audit import segment
from appliance.audit.device import Device, DeviceFull
from appliance.audit.events import DeviceFailed, Event
from appliance.audit.receipt import Receipt
from appliance.errors import ApplianceError, AuditUnavailable

BATCH = 512


@dataclass(slots=True, eq=False)
class Entry:
    """One record on its way: what a caller asked for, and what became of it."""

    event: Event
    actor: str
    operator: str
    done: threading.Event = field(default_factory=threading.Event)
    receipt: Receipt | None = None
    error: Exception | None = None
    given_up: bool = False

    def settle(self, receipt: Receipt | None, error: Exception | None = None) -> None:
        """Tell the caller."""
        self.receipt, self.error = receipt, error
        self.done.set()


class Encoder(Protocol):
    """What numbers and encodes entries, and takes note of those that became durable."""

    def encode(self, entries: list[Entry]) -> list[tuple[Entry, bytes]]:
        """The bytes of the next records. Entries that cannot be encoded are settled with their error."""

    def head(self, encoded: list[tuple[Entry, bytes]]) -> str:
        """The signed checkpoint of the log with these records."""

    def committed(self, encoded: list[tuple[Entry, bytes]], head: str) -> list[Receipt]:
        """These records are durable now, in this order, with their head."""

    def tick(self, *, final: bool) -> None:
        """Called between batches, and once at the end: the time to sign a checkpoint."""

    @property
    def size(self) -> int:
        """Number of durable records."""


class Committer:
    """The thread that commits. `seconds` bounds how long `append` waits."""

    def __init__(self, devices: list[Device], encoder: Encoder, seconds: float, tick_seconds: float) -> None:
        self._devices = devices
        self._encoder = encoder
        self._seconds = seconds
        self._tick_seconds = tick_seconds
        self._queue: list[Entry] = []
        self._reported = {device.number for device in devices if not device.working}
        self._asked: list[Callable[[], None]] = []
        self._wake = threading.Condition()
        self._stopping = False
        self._began = 0.0
        self._thread = threading.Thread(target=self._run, name="audit-commit", daemon=True)
        self._thread.start()

    def append(self, entry: Entry) -> Receipt:
        """Have `entry` recorded. Returns when it is durable; raises AuditUnavailable within `seconds`."""
        deadline = time.monotonic() + self._seconds * 0.9
        with self._wake:
            if self._stopping:
                raise AuditUnavailable("the audit log is closed", "Start the appliance again")
            if self._began and time.monotonic() - self._began > self._seconds / 2:
                raise self._too_slow()
            self._queue.append(entry)
            self._wake.notify()
        if not entry.done.wait(deadline - time.monotonic()):
            entry.given_up = True
            raise self._too_slow()
        if entry.error is not None:
            raise entry.error
        if entry.receipt is None:
            raise AuditUnavailable("the record was not written", "Try again")
        return entry.receipt

    def run(self, call: Callable[[], None]) -> None:
        """Run `call` in the committing thread, between batches, and wait for it."""
        done: Future[None] = Future()

        def settled() -> None:
            try:
                call()
                done.set_result(None)
            except ApplianceError as error:
                done.set_exception(error)

        with self._wake:
            if self._stopping:
                raise AuditUnavailable("the audit log is closed", "Start the appliance again")
            self._asked.append(settled)
            self._wake.notify()
        try:
            done.result(self._seconds)
        except TimeoutError as error:
            raise self._too_slow() from error

    def stop(self) -> None:
        """Commit what waits, sign a last checkpoint, end the thread; give up on a disk that hangs."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(self._seconds)

    def _run(self) -> None:
        while True:
            with self._wake:
                if not (self._queue or self._asked or self._stopping):
                    self._wake.wait(self._tick_seconds)
                batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
                asked, self._asked = self._asked, []
                stopping = self._stopping and not self._queue
                self._began = time.monotonic()
            batch = [entry for entry in batch if not entry.given_up]
            if batch:
                self._commit(batch)
                self._report_failures()
            for call in asked:
                call()
            self._encoder.tick(final=stopping)
            self._began = 0.0
            if stopping:
                return

    def _commit(self, batch: list[Entry]) -> None:
        for device in self._devices:
            if device.full and device.working:
                wait([device.submit(device.regain)], self._seconds / 2)
        working = [device for device in self._devices if device.working]
        roomy = [device for device in working if not device.full]
        if not working:
            self._refuse(batch, self._no_device())
        elif roomy:
            full = self._write(batch, roomy)
            if full:
                self._commit_closing(batch, [device for device in working if device.working])
        else:
            self._commit_closing(batch, working)

    def _commit_closing(self, batch: list[Entry], devices: list[Device]) -> None:
        closing = [entry for entry in batch if entry.event.closing and not entry.done.is_set()]
        others = [entry for entry in batch if not entry.event.closing and not entry.done.is_set()]
        refusal = AuditUnavailable("the disk of the audit log is full", "Free some space")
        self._refuse(others, refusal)
        if closing and self._write(closing, devices):
            self._refuse(closing, refusal)

    def _write(self, batch: list[Entry], devices: list[Device]) -> bool:
        """Write `batch` and settle it. True when every device said that its disk is full; then none is settled."""
        lost = self._failures()
        encoded = self._encoder.encode([*lost.values(), *batch])
        if not encoded:
            return False
        first, head = self._encoder.size, self._encoder.head(encoded)
        frames = b"".join(segment.frame(data) for _, data in encoded) + segment.frame(head.encode(), head=True)
        jobs = {device.submit(partial(device.append, frames, first)): device for device in devices}
        waiting, durable = set(jobs), False
        while waiting and not durable:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            durable = any(job.exception() is None for job in finished)
        if not durable:
            if any(isinstance(job.exception(), DeviceFull) for job in jobs):
                return True
            self._refuse([entry for entry, _ in encoded], self._no_device())
            return False
        for (entry, _), receipt in zip(encoded, self._encoder.committed(encoded, head), strict=True):
            entry.settle(receipt)
        self._reported |= lost.keys()
        self._drop_laggards(jobs, waiting)
        return False

    def _drop_laggards(self, jobs: dict["Future[None]", Device], waiting: set["Future[None]"]) -> None:
        late = wait(waiting, self._seconds / 2).not_done if waiting else set()
        for job, device in jobs.items():
            if job in late:
                device.fail("hangs")
            elif job.exception() is not None:
                device.fail("has a full disk")
        for device in self._devices:
            if device.working and device not in jobs.values():
                device.fail("has a full disk")

    def _failures(self) -> dict[int, Entry]:
        """Records of the devices that were lost, by number, not yet written. They come first in what is written
        without them: so the log itself tells a device's unacknowledged end from a forged one (`recovery`)."""
        lost = [device for device in self._devices if not device.working and device.number not in self._reported]
        return {
            each.number: Entry(DeviceFailed(device=each.number, reason=each.failure), "system", "") for each in lost
        }

    def _report_failures(self) -> None:
        """Have the log say at once which devices it lost, as long as another can take that."""
        working = [device for device in self._devices if device.working]
        if working and self._failures():
            self._write([], working)

    def _refuse(self, entries: list[Entry], error: AuditUnavailable) -> None:
        for entry in entries:
            entry.settle(None, error)

    def _no_device(self) -> AuditUnavailable:
        causes = "; ".join(device.failure for device in self._devices if device.failure)
        return AuditUnavailable(causes or "no audit device can write", "Repair the disk and restart the appliance")

    def _too_slow(self) -> AuditUnavailable:
        return AuditUnavailable(f"the audit log did not take the record within {self._seconds:g} s", "Check its disks")

"""One device of the log: a directory with segments, checkpoints, a lock and a reserve of disk space.

A write counts once `fdatasync` has returned and the file is still the one that readers would open, at the
length that it should have. After a failed `fdatasync` the kernel may have marked the lost pages clean, so
nothing is retried: what was written is cut off and the device is failed until it is opened, read and
verified again. A full disk is different, the write itself was refused: the file is cut back, the reserve
is freed for closing records, and the device works again once there is space to put the reserve back.
"""

import errno
import fcntl
import os
import queue
import stat
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from appliance.audit import segment
from appliance.errors import AuditUnavailable, Unavailable

SEGMENT_BYTES = 16 * 1024 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT)


class DeviceFull(AuditUnavailable):
    """The disk is full; what was being written was undone."""


class Device:
    """One open log directory. Its methods run in its own thread, by `submit`, so that a hanging disk hangs
    nobody else."""

    def __init__(self, number: int, directory: Path, reserve_bytes: int) -> None:
        self.number = number
        self.directory = directory
        self.failure = ""
        self.full = False
        self._reserve_bytes = reserve_bytes
        self._started = False
        self._segment = -1
        self._path = Path()
        self._length = 0
        self._jobs: queue.SimpleQueue[tuple[Callable[[], None], Future[None]] | None] = queue.SimpleQueue()
        self._lock = -1
        try:
            self._lock = _lock(directory)
        except OSError as error:
            self._fail(f"cannot be opened ({error.strerror})")

    @property
    def working(self) -> bool:
        """Can it take records? A full one can take closing records."""
        return not self.failure

    def start(self, size: int) -> None:
        """Get ready to append record number `size`; the directory holds exactly that many."""
        try:
            existing = segment.segments(self.directory)
            if existing:
                self._open(existing[-1], os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
                os.fsync(self._segment)  # a disk that lost a write before must take one now, or stay out
            else:
                self._begin_segment(size)
            self._keep_reserve()
        except OSError as error:
            self._fail(f"cannot be opened ({error.strerror})")
            return
        self._started = True
        threading.Thread(target=self._work, name=f"audit-device-{self.number}", daemon=True).start()

    def forget_cached(self) -> None:
        """Have the last segment read from the disk: after a failed write the page cache may hold what the disk
        does not (Rebello et al., "Can Applications Recover from fsync Failures?", 2020)."""
        for path in segment.segments(self.directory)[-1:]:
            try:
                file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                return  # said when it is read
            try:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)

    def submit(self, job: Callable[[], None]) -> "Future[None]":
        """Run `job` in the device's thread, after those before it."""
        future: Future[None] = Future()
        self._jobs.put((job, future))
        return future

    def append(self, frames: bytes, first: int) -> None:
        """Write `frames`, the first of which is record `first`, and make them durable.

        Raises DeviceFull when there is no space, AuditUnavailable when the device has failed for good.
        """
        if self.failure:
            raise AuditUnavailable(self.failure)
        try:
            if self._length >= SEGMENT_BYTES:
                self._begin_segment(first)
            self._write(frames)
        except OSError as error:
            self._undo()
            if error.errno in FULL and not self.failure:
                self._release_reserve()
                raise DeviceFull(f"the disk of audit device {self.number} is full", "Free some space") from error
            raise self._fail(f"cannot be written ({error.strerror})") from error
        try:
            os.fdatasync(self._segment)
        except OSError as error:
            self._undo()
            raise self._fail(f"lost a write ({error.strerror})") from error
        self._length += len(frames)
        self._check_identity()

    def checkpoint(self, note: str) -> None:
        """Keep a signed checkpoint: appended to `checkpoints`, and as the newest in `checkpoint`."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(self.directory / "checkpoints", flags, 0o600)
            try:
                os.write(file, segment.frame(note.encode()))
                os.fdatasync(file)
            finally:
                os.close(file)
            replace_text(self.directory / "checkpoint", note)
        except OSError as error:
            if error.errno in FULL:
                return
            raise self._fail(f"cannot keep a checkpoint ({error.strerror})") from error

    def regain(self) -> None:
        """If the device is full, see whether there is space for the reserve again."""
        if self.full and self.working:
            space = os.statvfs(self.directory)
            if space.f_bavail * space.f_frsize >= 2 * self._reserve_bytes:
                self._keep_reserve()

    def stop(self) -> "Future[None]":
        """Let go of the directory, after the jobs that wait."""
        if not self._started:
            self.release()
        done = self.submit(self.release)
        self._jobs.put(None)
        if not self._started:
            done.set_result(None)
        return done

    def release(self) -> None:
        """Let go of the directory at once; for a device that was never started."""
        for file in (self._segment, self._lock):
            if file >= 0:
                os.close(file)
        self._segment = self._lock = -1

    def fail(self, reason: str) -> None:
        """Give the device up until it is opened again."""
        if not self.failure:
            self._fail(reason)

    def _fail(self, reason: str) -> AuditUnavailable:
        self.failure = f"audit device {self.number} {reason}"
        return AuditUnavailable(self.failure, "Repair the disk and restart: the log is verified at start")

    def _write(self, frames: bytes) -> None:
        view = memoryview(frames)
        while view:
            view = view[os.write(self._segment, view) :]

    def _undo(self) -> None:
        try:
            os.ftruncate(self._segment, self._length)
        except OSError as error:
            self._fail(f"could not undo a write ({error.strerror})")

    def _check_identity(self) -> None:
        try:
            there = os.stat(self._path, follow_symlinks=False)
        except OSError as error:
            raise self._fail(f"lost its file ({error.strerror})") from error
        ours = os.fstat(self._segment)
        if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            raise self._fail("had its file replaced")
        if ours.st_size != self._length:
            raise self._fail("had its file changed by somebody else")

    def _begin_segment(self, first: int) -> None:
        path = self.directory / segment.name(first)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        try:
            os.write(file, segment.header(first))
            os.fdatasync(file)
            fsync_directory(self.directory)
        except OSError:
            os.close(file)
            path.unlink(missing_ok=True)
            raise
        if self._segment >= 0:
            os.close(self._segment)
        self._segment, self._path, self._length = file, path, segment.HEADER.size

    def _open(self, path: Path, flags: int) -> None:
        file = os.open(path, flags)
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            os.close(file)
            raise Unavailable(f"{path.name} of the audit log is no regular file", "See docs/auditor.md")
        self._segment, self._path, self._length = file, path, status.st_size

    def _keep_reserve(self) -> None:
        if not self._reserve_bytes:
            self.full = False
            return
        path = self.directory / "reserve"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, self._reserve_bytes)
            self.full = False
        except OSError as error:
            if error.errno not in FULL:
                raise
            path.unlink(missing_ok=True)
            self.full = True
        finally:
            os.close(file)

    def _release_reserve(self) -> None:
        (self.directory / "reserve").unlink(missing_ok=True)
        self.full = True

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, future = job
            try:
                future.set_result(call())
            except (AuditUnavailable, OSError) as error:
                future.set_exception(error)


def fsync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def replace_text(path: Path, text: str) -> None:
    """Replace a small file in one step: readers see the old text or the new."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, "utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)


def _lock(directory: Path) -> int:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise Unavailable("another process holds the audit log", "Stop it, or let it do the work") from error
    return file

"""Detection in several processes at once: a `Detector` for whoever asks, one document a process.

Detection is Python and holds the interpreter's lock: only processes fill several processors. A document that
kills its process (a crash, the memory of the machine) raises `WorkerEnded`, and the next one gets a new process. A
document that a process is not done with in time is set aside (`Quarantined`) and its process is killed: that stops
even code that never lets go of the interpreter.
"""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from appliance.documents.document import Known
from appliance.errors import ApplianceError, Quarantined, Unavailable
from appliance.isolation.priority import give_way
from appliance.redaction.deadline import limit
from appliance.redaction.findings import Findings
from appliance.redaction.hints import BlockHint
from appliance.redaction.policy import Profile
from appliance.redaction.worker import read, write
from appliance.settings import Settings

COMMAND = (sys.executable, "-m", "appliance.redaction.worker")
OPENING_SECONDS = 300.0
"""In which a process must have loaded its models; a quiet core takes 4."""
GRACE_SECONDS = 2.0
"""That a process has to say itself which recognizer was late."""


class WorkerEnded(ApplianceError):
    """The process that read a document ended before it answered."""


class _Process:
    """One worker process; opened when it is first asked."""

    def __init__(self, settings: Settings, command: Sequence[str]) -> None:
        self._settings = settings
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it loads its models while others work. Again is no change."""
        if self._process is not None and self._process.poll() is None:
            return
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        give_way(self._process.pid, self._settings.background_niceness)
        self._ready = False
        s = self._settings
        write(self._in, (str(s.packs), s.spacy_pack, s.ner_pack, 1, s.detect_seconds, s.allowed_networks))

    def ask(self, request: Any, seconds: float) -> Any:
        """The answer to a request. Raises WorkerEnded, and Quarantined when there is none after `seconds`."""
        late = threading.Event()
        try:
            self.start()
            if not self._ready:
                with self._killed_after(OPENING_SECONDS, threading.Event()):
                    hello = read(self._out)
                if isinstance(hello, ApplianceError):
                    return hello
                self._ready = True
            with self._killed_after(seconds, late):
                write(self._in, request)
                return read(self._out)
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            code = self.close()
            if late.is_set():
                raise Quarantined(
                    f"the detectors did not end within {seconds:.0f} seconds, so nothing of this document is used",
                    "Report it, or allow more time (detect_seconds); the document waits in quarantine",
                ) from None
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise WorkerEnded(f"the process that detects identifiers ended ({how})", "It is tried again") from error

    @contextmanager
    def _killed_after(self, seconds: float, late: threading.Event) -> Iterator[None]:
        """Inside, the process is killed when `seconds` have gone by, and `late` is set."""
        process = self._process
        assert process is not None

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @property
    def _in(self) -> Any:
        assert self._process is not None
        return self._process.stdin

    @property
    def _out(self) -> Any:
        assert self._process is not None
        return self._process.stdout

    def close(self) -> int:
        """End the process; its exit code, negative for a signal."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        for stream in (process.stdin, process.stdout):
            try:
                if stream:
                    stream.close()
            except BrokenPipeError:
                continue
        try:
            return process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


class DetectionWorkers:
    """As `Detector`, over `count` processes. Any number of threads may call `find`; each waits for a free process."""

    def __init__(self, settings: Settings, count: int, command: Sequence[str] = COMMAND) -> None:
        self.count = count
        self._seconds = settings.detect_seconds
        self._all = [_Process(settings, command) for _ in range(count)]
        self._free: queue.LifoQueue[_Process] = queue.LifoQueue()
        for each in reversed(self._all):
            self._free.put(each)
        self._closed = threading.Event()

    def warm(self) -> None:
        """Start every process; models load side by side with whatever is done meanwhile."""
        for each in self._all:
            each.start()

    def find(
        self, texts: Sequence[str], profile: Profile, *, hints: Sequence[BlockHint] | None = None,
        known: Sequence[Known] = (),
    ) -> Findings:  # fmt: skip
        """See `Detector.find`. Raises WorkerEnded when the process died on the document, Quarantined when it was not
        done with it in time."""
        if self._closed.is_set():
            raise Unavailable("the detection of identifiers is closed", "Try again")
        process = self._free.get()
        try:
            seconds = limit(self._seconds, sum(map(len, texts))) + GRACE_SECONDS
            found = process.ask((list(texts), profile, hints, tuple(known)), seconds)
        finally:
            self._free.put(process)
        if isinstance(found, ApplianceError):
            raise found
        assert isinstance(found, Findings)
        return found

    def close(self) -> None:
        """End every process."""
        self._closed.set()
        for each in self._all:
            each.close()

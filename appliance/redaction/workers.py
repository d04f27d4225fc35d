"""Detection in several processes at once: a `Detector` for whoever asks, one document a process.

Detection is Python and holds the interpreter's lock: only processes fill several processors. A document that
kills its process (a crash, the memory of the machine) raises `WorkerEnded`, and the next one gets a new process. A
document that a process is not done with in time is set aside (`Quarantined`) and its process is killed: that stops
even code that never lets go of the interpreter.
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

from appliance.documents.document import Known
from appliance.errors import ApplianceError, Quarantined, Unavailable
from appliance.isolation.priority import give_way
from appliance.redaction.deadline import limit
from appliance.redaction.findings import Findings
from appliance.redaction.hints import BlockHint
from appliance.redaction.policy import Profile
from appliance.redaction.readings import Readings
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
    """One worker process; opened when it is first asked. The `elder` of others bears them when its models are loaded:
    they share its memory. One that has to be replaced is a process with models of its own."""

    def __init__(self, settings: Settings, command: Sequence[str], elder: "_Process | None" = None) -> None:
        self._settings = settings
        self._command = command
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._elder = elder
        self._born: list[socket.socket] = []
        self._socket: socket.socket | None = None
        self._pidfd = -1
        self._ready = False
        if elder is not None:
            self._socket, theirs = socket.socketpair()
            self._in = cast(BinaryIO, self._socket.makefile("wb"))
            self._out = cast(BinaryIO, self._socket.makefile("rb"))
            elder._born.append(theirs)

    def start(self) -> None:
        """Start the process; it loads its models while others work. Again is no change."""
        if self._socket is not None and self._elder is not None:
            return self._elder.start()
        with self._starting:
            if self._process is not None and self._process.poll() is None:
                return
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            born = [each.fileno() for each in self._born]
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=environment, pass_fds=born,
            )  # fmt: skip
            self._in, self._out = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
            give_way(self._process.pid, self._settings.background_niceness)
            self._ready = False
            s = self._settings
            write(self._in, (str(s.packs), s.spacy_pack, s.ner_pack, 1, s.detect_seconds, s.allowed_networks, born))
            while self._born:
                self._born.pop().close()

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
                if self._socket is not None:
                    self._pidfd = os.pidfd_open(hello)
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
            how = f"signal {-code}" if code < 0 else f"exit code {code}" if code else "nobody knows how"
            raise WorkerEnded(f"the process that detects identifiers ended ({how})", "It is tried again") from error

    @contextmanager
    def _killed_after(self, seconds: float, late: threading.Event) -> Iterator[None]:
        """Inside, the process is killed when `seconds` have gone by, and `late` is set."""

        def kill() -> None:
            late.set()
            self._kill()

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
        elif self._pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        elif self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> int:
        """End the process; its exit code, negative for a signal, 0 where its elder would have to know."""
        while self._born:
            self._born.pop().close()
        if self._process is None and self._socket is None:
            return 0
        for stream in (self._in, self._out):
            with suppress(BrokenPipeError, ConnectionResetError):
                stream.close()
        if self._socket is not None:
            if self._pidfd >= 0:
                os.close(self._pidfd)
            self._socket.close()
            self._socket, self._pidfd = None, -1
            return 0
        assert self._process is not None
        process, self._process = self._process, None
        try:
            return process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


class DetectionWorkers:
    """As `Detector`, over `count` processes. Any number of threads may call `find`; each waits for a free process."""

    def __init__(
        self, settings: Settings, count: int, command: Sequence[str] = COMMAND, *, shared: bool = True
    ) -> None:
        """`shared`: the first process loads the models and forks the others, which share its memory."""
        self.count = count
        self._seconds = settings.detect_seconds
        elder = _Process(settings, command)
        self._all = [elder, *(_Process(settings, command, elder if shared else None) for _ in range(count - 1))]
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
        known: Sequence[Known] = (), before: Readings | None = None, seen: object = None,
    ) -> Findings:  # fmt: skip
        """See `Detector.find`; `seen` is not told. Raises WorkerEnded when the process died on the document,
        Quarantined when it was not done with it in time."""
        if self._closed.is_set():
            raise Unavailable("the detection of identifiers is closed", "Try again")
        process = self._free.get()
        try:
            seconds = limit(self._seconds, sum(map(len, texts))) + GRACE_SECONDS
            found = process.ask((list(texts), profile, hints, tuple(known), before), seconds)
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

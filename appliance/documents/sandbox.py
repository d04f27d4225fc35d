"""Parse a document where it can do no harm (invariant I5): in a caged child of a warm parser process.

The parser process (`appliance.parser.child`) is started once, with an empty environment, and forks a child
for each document; the child has no network, no files to write, no processes to start, and ends with the
document. What comes back is bytes that `frames` checks before anything is believed.

    1. The document goes into sealed memory, whose descriptor the parser process gets with the request.
    2. The child writes frames into a pipe; they are read until END, ERROR, a lie, or the time is over.
    3. The way the child ended decides what a missing answer is called: over a limit, or crashed.
    4. Closing the pipes is what ends a child that nobody waits for.
"""

import fcntl
import io
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from appliance import weights
from appliance.documents import frames, office
from appliance.documents.document import Document, DocumentKind, Original, PageImage
from appliance.documents.frames import Distrusted, UnreadableDocument
from appliance.documents.recognition import merged
from appliance.errors import Unavailable
from appliance.isolation.priority import give_way
from appliance.settings import Settings

COMMAND = (sys.executable, "-I", "-B", "-m", "appliance.parser.child")
ENVIRONMENT = {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
OCR_PACK = "ocr-ppocr-v4"
START_SECONDS = 60.0
MAX_OUTPUT_BYTES = 8 * 1024 * 1024 * 1024
WALL_FACTOR = 2
"""A child may wait for a processor as long again as it may use one."""
PIPE_BYTES = 1024 * 1024
CHILDREN = 2
INLINE_PAGES = 1
"""Pages of a scan that the first child recognises itself; the others get children of their own."""
DRAWN = 64
"""Pages that one child draws, so that long documents do not run into its limits."""


class Sandbox:
    """The warm parser and what is asked of it. One for a process; every method may be called from any thread.

    Nothing is started before the first document. `children` documents are parsed at once, others wait.
    """

    def __init__(self, settings: Settings, children: int = CHILDREN, command: Sequence[str] = COMMAND) -> None:
        self._settings = settings
        self._command = tuple(command)
        self._children = children
        self._places = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._protections: dict[str, bool] = {}

    def parse(
        self, original: Original, *, on_page: Callable[[int], None] = lambda number: None, **limits: int | bool
    ) -> Document:
        """Pages, blocks and word boxes of a document; `limits` are fields of `parser.limits.Limits`.

        `on_page` is told each page's number as it is read, in whatever order. The pages of a scan are recognised
        side by side, each in a child of its own, so that the limits of time and memory are those of a page.

        Raises UnreadableDocument with its reason, or Unavailable when there is no safe parser.
        """
        if office.is_old(original.kind):
            original = office.renewed(original, self._settings.parse_seconds)
        unread: list[int] = []
        chosen = {"ocr_pages": INLINE_PAGES, **limits}

        def begun(number: int, later: bool) -> None:
            if later:
                unread.append(number)
            else:
                on_page(number)

        with _sealed(original.content) as sealed:
            with self._child(sealed, {"op": "parse", "kind": original.kind, "limits": chosen}) as stream:
                document = frames.read_document(stream, original.kind, begun)
            if not unread:
                return document
            return merged(document, dict(self._recognised(sealed, original.kind, unread, limits, on_page)))

    def render(self, original: Original, pages: Sequence[int] | None = None, dpi: int = 110) -> Iterator[PageImage]:
        """Draw pages (numbers from 1; None for all), one after the other. Raises as `parse`, while iterating."""
        wanted = list(pages) if pages is not None else None
        runs = [None] if wanted is None else [wanted[i : i + DRAWN] for i in range(0, len(wanted), DRAWN)]
        with _sealed(original.content) as sealed:
            for run in runs:
                request: dict[str, Any] = {"op": "render", "kind": original.kind, "pages": run, "dpi": dpi}
                with self._child(sealed, request) as stream:
                    yield from frames.read_images(stream, original.kind, frozenset(run or ()))

    def attachments(self, original: Original) -> Iterator[tuple[str, bytes, UnreadableDocument | None]]:
        """Name and content of each file in a document, or why it has none, in the order of `Document.attachments`.

        Raises as `parse`, while iterating. What comes is as untrusted as any file that somebody sends.
        """
        if office.is_old(original.kind):
            original = office.renewed(original, self._settings.parse_seconds)
        request: dict[str, Any] = {"op": "extract", "kind": original.kind, "limits": {"ocr": False}}
        with _sealed(original.content) as sealed, self._child(sealed, request) as stream:
            yield from frames.read_attachments(stream, original.kind)

    def detect(self, content: bytes, name: str) -> DocumentKind:
        """What kind a file is, by content first. Raises as `parse`, also when content and name disagree."""
        with _sealed(content) as sealed, self._child(sealed, {"op": "detect", "name": name[-255:]}) as stream:
            kind = frames.read_kind(stream)
        if office.is_old(kind) and office.program() is None:
            raise UnreadableDocument("legacy")
        return kind

    def _recognised(
        self, sealed: int, kind: str, numbers: Sequence[int], limits: dict[str, int | bool],
        on_page: Callable[[int], None],
    ) -> Iterator[tuple[int, Document]]:  # fmt: skip
        """Pages whose text is a picture, each read in a child of its own. Raises for the first that cannot be."""

        def recognise(number: int) -> tuple[int, Document]:
            request = {"op": "parse", "kind": kind, "limits": {**limits, "page": number}}
            try:
                with self._child(sealed, request) as stream:
                    return number, frames.read_document(stream, kind)
            except UnreadableDocument as error:
                raise UnreadableDocument(error.reason, number) from None

        with ThreadPoolExecutor(self._children, thread_name_prefix="recognition") as pool:
            try:
                for number, part in pool.map(recognise, numbers):
                    on_page(number)
                    yield number, part
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def protections(self) -> dict[str, bool]:
        """Which layers stand around a parse on this machine, by name. Starts the parser process."""
        with self._lock:
            self._started()
            return dict(self._protections)

    def close(self) -> None:
        """End the parser process and every child of it."""
        with self._lock:
            self._stop()

    def _started(self) -> socket.socket:
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._stop()
        weights.open_pack(self._settings.packs, OCR_PACK)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                self._command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=ENVIRONMENT, cwd="/", start_new_session=True,
            )  # fmt: skip
        give_way(self._process.pid, self._settings.background_niceness)
        self._control = ours
        ours.settimeout(START_SECONDS)
        try:
            hello = json.loads(ours.recv(64 * 1024) or b"{}")
        except TimeoutError:
            hello = {"error": f"no answer in {START_SECONDS:.0f} s"}
        ours.settimeout(None)
        if "protections" not in hello:
            self._stop()
            raise Unavailable(
                f"the document parser could not start ({hello.get('error', 'it ended')})",
                "Run make setup, then try again",
            )
        self._protections = {name: bool(active) for name, active in hello["protections"].items()}
        if not is_enough(self._protections) and not self._settings.insecure_parse_without_sandbox:
            missing = ", ".join(name for name, active in self._protections.items() if not active)
            self._stop()
            raise Unavailable(
                f"documents cannot be parsed safely here: the kernel does not offer {missing}",
                "Allow seccomp and user namespaces or Landlock for this service, as docs/operator.md shows",
            )
        return ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            try:
                self._process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = self._control = None

    @contextmanager
    def _child(self, document: int, request: dict[str, Any]) -> Iterator[BinaryIO]:
        """Start a child on a document in sealed memory; yield its frames; say what happened when they are not whole."""
        request |= {"memory": self._settings.parse_memory_bytes, "seconds": self._settings.parse_seconds}
        deadline = time.monotonic() + WALL_FACTOR * self._settings.parse_seconds
        with self._places:
            result, result_in = os.pipe2(os.O_CLOEXEC)
            status, status_in = os.pipe2(os.O_CLOEXEC)
            fcntl.fcntl(result, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            try:
                self._send(json.dumps(request).encode(), [document, result_in, status_in])
            finally:
                for descriptor in (result_in, status_in):
                    os.close(descriptor)
            reader = _Reader(result, deadline)
            try:
                yield cast(BinaryIO, io.BufferedReader(reader, PIPE_BYTES))
            except Distrusted:
                raise UnreadableDocument(_reason(reader, status, deadline)) from None
            finally:
                os.close(result)
                os.close(status)

    def _send(self, packet: bytes, descriptors: list[int]) -> None:
        with self._lock:
            for attempt in (1, 2):
                try:
                    socket.send_fds(self._started(), [packet], descriptors)
                    return
                except (BrokenPipeError, ConnectionResetError) as error:
                    self._stop()
                    if attempt == 2:
                        message = "the document parser ended"
                        raise Unavailable(message, "Try again; see appliance doctor sandbox") from error


def is_enough(protections: dict[str, bool]) -> bool:
    """Whether a document may be parsed behind these: seccomp and limits always, and one more layer behind seccomp."""
    always = all(protections.get(name) for name in ("seccomp", "no_new_privileges", "limits", "no_core_dumps"))
    return always and (protections.get("network_namespace", False) or protections.get("landlock", False))


class _Reader(io.RawIOBase):
    """A pipe that is read until a deadline, and no further than MAX_OUTPUT_BYTES."""

    def __init__(self, descriptor: int, deadline: float) -> None:
        self._descriptor = descriptor
        self._deadline = deadline
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self.received = 0
        self.late = False

    def readable(self) -> bool:
        """True: that is what it is for."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there; at the deadline or the limit the stream ends, as if the child had closed it."""
        left = self._deadline - time.monotonic()
        if left <= 0 or self.received > MAX_OUTPUT_BYTES or not self._poll.poll(left * 1000):
            self.late = True
            return 0
        count = os.readv(self._descriptor, [buffer])
        self.received += count
        return count


def _reason(reader: _Reader, status: int, deadline: float) -> str:
    """Why there was no whole answer: `limit` for time and memory, `crashed` for everything else."""
    if reader.late:
        return "limit"
    poll = select.poll()
    poll.register(status, select.POLLIN)
    if not poll.poll(min(1000, max(0, (deadline - time.monotonic()) * 1000))):
        return "crashed"  # it lives and lies: closing the pipes ends it
    untrusted_status = os.read(status, 4)
    if len(untrusted_status) < 4:
        return "crashed"
    (code,) = struct.unpack(">i", untrusted_status)
    ended_by = os.WTERMSIG(code) if os.WIFSIGNALED(code) else 0
    return "limit" if ended_by in (signal.SIGXCPU, signal.SIGKILL) else "crashed"


@contextmanager
def _sealed(content: bytes) -> Iterator[int]:
    """A descriptor of anonymous memory that holds `content` and can no longer change; it has no name on any disk."""
    descriptor = os.memfd_create("document", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        yield descriptor
    finally:
        os.close(descriptor)

"""The warm parser: a small process that has the libraries loaded and forks a caged child for each document.

The appliance starts it as `python -I -B -m appliance.parser.child` with a Unix sequenced-packet socket as
standard input. It never sees a document itself:

1. It prepares the cage, loads the libraries, and sends one JSON packet: what protections it has, or an error.
2. A request is one JSON packet with three descriptors: the document (sealed memory), the pipe for frames and
   the pipe for the exit status. It forks; the child enters the cage, reads the document and writes frames.
3. When a child has ended, its wait status goes down the status pipe as 4 bytes. When the other end of that pipe
   has been closed, nobody waits for the child any more and it is killed.
4. When the socket ends, so does this process, and its children with it.

Request: `{"op": "parse"|"render"|"extract"|"detect", "kind", "name", "pages", "dpi", "limits", "memory", "seconds"}`.
"""

import gc
import io
import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from appliance.parser import cage, main, wire

MAX_REQUEST_BYTES = 64 * 1024
RESULT, DOCUMENT = 1, 0
FAILED = 70


def serve(control: socket.socket) -> None:
    """Answer requests until the socket ends."""
    shut = cage.prepare()
    main.warm()
    main.warm_ocr(threads=1)
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"protections": shut.protections}).encode())
    children: dict[int, tuple[int, int]] = {}  # status pipe -> process, its pidfd
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for descriptor, events in poll.poll():
            if descriptor == control.fileno():
                packet, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST_BYTES, 3)
                if not packet:
                    return
                _start(shut, control, json.loads(packet), descriptors, children, poll)
            elif descriptor in children:
                if events & (select.POLLERR | select.POLLHUP):
                    os.kill(children[descriptor][0], signal.SIGKILL)
                _finish(descriptor, children, poll)
            else:
                for status, (_, pidfd) in list(children.items()):
                    if pidfd == descriptor:
                        _finish(status, children, poll)


def _start(
    shut: cage.Cage, control: socket.socket, request: dict[str, Any], descriptors: list[int],
    children: dict[int, tuple[int, int]], poll: "select.poll",
) -> None:  # fmt: skip
    document, result, status = descriptors
    parent = os.getpid()
    process = os.fork()
    if process == 0:
        code = FAILED
        try:
            os.dup2(document, DOCUMENT)
            os.dup2(result, RESULT)
            _close_others(shut.ruleset)
            cage.enter(shut, int(request["memory"]), int(request["seconds"]))
            if os.getppid() == parent:
                _work(request)
                code = 0
        finally:
            os._exit(code)  # whatever happened: no traceback, which could quote the document
    for descriptor in (document, result):
        os.close(descriptor)
    pidfd = os.pidfd_open(process)
    children[status] = (process, pidfd)
    poll.register(status, 0)
    poll.register(pidfd, select.POLLIN)


def _finish(status: int, children: dict[int, tuple[int, int]], poll: "select.poll") -> None:
    process, pidfd = children.pop(status)
    _, code = os.waitpid(process, 0)
    for descriptor in (status, pidfd):
        poll.unregister(descriptor)
    with suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, struct.pack(">i", code))
    for descriptor in (status, pidfd):
        os.close(descriptor)


def _close_others(keep: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    first = 3
    for descriptor in sorted({keep} - {-1}):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, 1024)


def _work(request: dict[str, Any]) -> None:
    """One document, in the cage."""
    content = _content()
    out: BinaryIO = io.BufferedWriter(io.FileIO(RESULT, "wb", closefd=False), 1 << 16)
    if request["op"] == "parse":
        main.parse(content, request["kind"], out, request["limits"])
    elif request["op"] == "render":
        main.render(content, request["kind"], request["pages"], request["dpi"], out)
    elif request["op"] == "extract":
        main.extract(content, request["kind"], out, request["limits"])
    else:
        found = main.detect(content, request["name"])
        record = {"reason": found.reason, "page": 0} if found.kind is None else {"kind": found.kind, "pages": None}
        wire.write_frame(out, wire.ERROR if found.kind is None else wire.HEAD, json.dumps(record).encode())
        if found.kind is not None:
            wire.write_frame(out, wire.END, b"{}")
    out.flush()


def _content() -> bytes:
    """The document. Other children may read the same memory: the place in it is not shared."""
    size = os.fstat(DOCUMENT).st_size
    content = os.pread(DOCUMENT, size, 0)
    os.close(DOCUMENT)
    if len(content) != size:
        raise OSError("short read")
    return content


def run() -> int:
    """Serve on standard input. What goes wrong before the first document is sent to the appliance."""
    control = socket.socket(fileno=os.dup(0))
    os.set_inheritable(control.fileno(), False)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the appliance's business; it closes the socket
    try:
        serve(control)
    except (ImportError, OSError, RuntimeError) as error:
        with suppress(OSError):  # the appliance is gone
            control.send(json.dumps({"error": f"{type(error).__name__}: {error}"[:500]}).encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())

"""A process that only detects: `python -m appliance.redaction.worker`. What it reads stays in its memory.

It speaks with the process that started it through its standard input and output: length, then a pickle of plain
dataclasses of this program; nobody else can reach either end. Once its models are loaded it forks the other
processes that are wanted, each of which speaks through a socket pair that it was given: what the models hold is in
memory once. Each ends when its input does. None opens a socket, writes a file or dumps core.
"""

import ctypes
import gc
import os
import pickle
import resource
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from appliance.errors import ApplianceError
from appliance.isolation import egress

if TYPE_CHECKING:
    from appliance.redaction.detection import Detector

LENGTH = struct.Struct(">Q")


def write(stream: BinaryIO, message: Any) -> None:
    """Send one message."""
    packed = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(packed)))
    stream.write(packed)
    stream.flush()


def read(stream: BinaryIO) -> Any:
    """Receive one message. Raises EOFError when the other end is gone."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    packed = stream.read(LENGTH.unpack(head)[0])
    return pickle.loads(packed)


def main() -> int:
    """Open the detectors that the first message names, fork a process for each socket it names, then answer one
    request after another."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up among the answers
    try:
        packs, spacy_pack, ner_pack, threads, seconds, networks, born = read(requests)
        egress.install(networks)
        from appliance.redaction.detection import Detector

        detector = Detector.open(Path(packs), spacy_pack, ner_pack, threads, seconds)
    except ApplianceError as error:
        write(answers, error)
        return 1
    except EOFError:
        return 0
    if born:
        _settle_memory()
    while born:
        mine = born.pop()
        if os.fork() == 0:
            for descriptor in (0, answers.fileno(), *born):
                os.close(descriptor)
            os.open(os.devnull, os.O_RDONLY)  # becomes 0: nothing else may
            both = socket.socket(fileno=mine)
            _serve(detector, both.makefile("rb"), both.makefile("wb"), os.getpid())
            os._exit(0)
        os.close(mine)
    _serve(detector, requests, answers, "ready")
    return 0


def _settle_memory() -> None:
    """Give back what loading left over, and keep the collector off what is loaded: its marks would unshare it."""
    gc.collect()
    gc.freeze()
    ctypes.CDLL(None).malloc_trim(0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def _serve(detector: "Detector", requests: BinaryIO, answers: BinaryIO, hello: Any) -> None:
    """Say hello, then answer until the input ends."""
    write(answers, hello)
    while True:
        try:
            texts, profile, hints, known, before = read(requests)
        except EOFError:
            return
        try:
            found: Any = detector.find(texts, profile, hints=hints, known=known, before=before)
        except ApplianceError as error:
            found = error
        write(answers, found)


if __name__ == "__main__":
    sys.exit(main())

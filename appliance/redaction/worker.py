"""A process that only detects: `python -m appliance.redaction.worker`. What it reads stays in its memory.

It speaks with the process that started it through its standard input and output: length, then a pickle of plain
dataclasses of this program; nobody else can reach either end. It ends when its input does. It opens no socket,
writes no file and dumps no core.
"""

import os
import pickle
import resource
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

from appliance.errors import ApplianceError
from appliance.isolation import egress

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
    """Open the detectors that the first message names, then answer one request after another."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up among the answers
    try:
        packs, spacy_pack, ner_pack, threads, seconds, networks = read(requests)
        egress.install(networks)
        from appliance.redaction.detection import Detector

        detector = Detector.open(Path(packs), spacy_pack, ner_pack, threads, seconds)
    except ApplianceError as error:
        write(answers, error)
        return 1
    except EOFError:
        return 0
    write(answers, "ready")
    while True:
        try:
            texts, profile, hints, known = read(requests)
        except EOFError:
            return 0
        try:
            found: Any = detector.find(texts, profile, hints=hints, known=known)
        except ApplianceError as error:
            found = error
        write(answers, found)


if __name__ == "__main__":
    sys.exit(main())

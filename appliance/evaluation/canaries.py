"""Did anything unredacted reach a disk? A byte search of everything a process wrote (invariant I1).

Every planted value is looked for as UTF-8, UTF-16 in both orders, base64 at its three alignments and
URL-encoded, in lower case too, in the bytes of every file, in every compressed stream found in them, and in
the names of files. Values of fewer than `SHORTEST` characters stand in random bytes by chance and are left to
the check of the redacted text.
"""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
from numpy.typing import NDArray

SHORTEST = 6
PREFIX = 4
BLOCK = 8 * 1024 * 1024
LARGEST_STREAM = 64 * 1024 * 1024
_DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|PK\x03\x04")


@dataclass(frozen=True, slots=True)
class Leak:
    """A planted value found in a file: the number of the value, how it was written, where."""

    value: int
    encoding: str
    file: str


def search(folders: Iterable[Path], values: Iterable[str]) -> tuple[list[Leak], int]:
    """Leaks in every file below `folders`, and the number of bytes searched, inflated ones included."""
    needles = _needles(values)
    prefixes = np.unique(np.array([int.from_bytes(n[:PREFIX], "little") for n in needles], dtype=np.uint32))
    leaks: dict[Leak, None] = {}
    searched = 0
    for path in _files(folders):
        name = str(path)
        texts = [(name.encode("utf-8", "surrogateescape"), name), *((data, name) for data in _contents(path))]
        for data, where in texts:
            searched += len(data)
            for found in _find(data, needles, prefixes):
                leaks.update((Leak(value, encoding, where), None) for value, encoding in needles[found])
    return list(leaks), searched


def forms(value: str) -> Iterator[tuple[str, bytes]]:
    """The ways in which a value may stand in a file, by name."""
    for text in dict.fromkeys((value, value.lower(), value.upper())):
        plain = text.encode()
        yield "utf-8", plain
        yield "utf-16-le", text.encode("utf-16-le")
        yield "utf-16-be", text.encode("utf-16-be")
        for shift in range(3):
            # drop what neighbours would change: the first and last characters of a shifted base64 text
            coded = base64.b64encode(b"\0" * shift + plain).rstrip(b"=")
            yield "base64", coded[(0, 2, 3)[shift] : len(coded) - 1]
        for encoded in {quote(text), quote_plus(text), quote(text, safe="")} - {text}:
            yield "url", encoded.encode()


def _needles(values: Iterable[str]) -> dict[bytes, list[tuple[int, str]]]:
    needles: dict[bytes, list[tuple[int, str]]] = {}
    for number, value in enumerate(values):
        if len(value) < SHORTEST:
            continue
        for encoding, form in forms(value):
            if len(form) >= SHORTEST:
                needles.setdefault(form, []).append((number, encoding))
    return needles


def _find(data: bytes, needles: dict[bytes, list[tuple[int, str]]], prefixes: NDArray[np.uint32]) -> set[bytes]:
    by_prefix: dict[bytes, list[bytes]] = {}
    for needle in needles:
        by_prefix.setdefault(needle[:PREFIX], []).append(needle)
    found: set[bytes] = set()
    for start in range(0, max(len(data) - PREFIX + 1, 0), BLOCK):
        block = np.frombuffer(data[start : start + BLOCK + PREFIX - 1], dtype=np.uint8).astype(np.uint32)
        words = block[:-3] | block[1:-2] << 8 | block[2:-1] << 16 | block[3:] << 24
        for offset in np.flatnonzero(np.isin(words, prefixes)):
            at = start + int(offset)
            found.update(n for n in by_prefix[data[at : at + PREFIX]] if data.startswith(n, at))
    return found


def _contents(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    for match in _DEFLATED.finditer(data):
        yield from _inflated(data, match.start())


def _inflated(data: bytes, at: int) -> Iterator[bytes]:
    if data[at] == ord("P"):
        names = int.from_bytes(data[at + 26 : at + 28], "little") + int.from_bytes(data[at + 28 : at + 30], "little")
        stream, body = zlib.decompressobj(-zlib.MAX_WBITS), data[at + 30 + names :]
    else:
        stream, body = zlib.decompressobj(zlib.MAX_WBITS | 32), data[at:]
    try:
        inflated = stream.decompress(body, LARGEST_STREAM)
    except zlib.error:
        return
    if inflated:
        yield inflated


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path

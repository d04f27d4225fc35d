"""Searching what was written for a text that must not be there, in any encoding it may hide in."""

import base64
import contextlib
import urllib.parse
import zlib
from pathlib import Path

_SHORTEST = 6


def disguises(text: str) -> set[bytes]:
    """The bytes of `text` as UTF-8, UTF-16, hexadecimal, percent-encoded, JSON-escaped and base64 at each alignment."""
    plain = text.encode()
    found = {plain, plain.lower(), plain.upper(), text.encode("utf-16-le"), text.encode("utf-16-be")}
    found |= {plain.hex().encode(), urllib.parse.quote(text).encode(), urllib.parse.quote_plus(text).encode()}
    found |= {text.encode("ascii", "backslashreplace")}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + plain)
        found.add(encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4])
    return {each for each in found if len(each) >= _SHORTEST}


def traces(directory: Path, texts: list[str]) -> list[str]:
    """Where any of `texts` is found below `directory`: in names of files, in bytes, in deflated streams."""
    hits = []
    for path in sorted(directory.rglob("*")):
        content = str(path.relative_to(directory)).encode()
        if path.is_file():
            data = path.read_bytes()
            content += b"\n" + data + b"\n" + _inflated(data)
        hits += [f"{path.name}: {text!r}" for text in texts if any(each in content for each in disguises(text))]
    return hits


def _inflated(data: bytes) -> bytes:
    found = []
    for magic in (b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        position = data.find(magic)
        while position >= 0 and len(found) < 1000:
            with contextlib.suppress(zlib.error):
                found.append(zlib.decompressobj().decompress(data[position:], 1 << 20))
            position = data.find(magic, position + 1)
    return b"\n".join(found)

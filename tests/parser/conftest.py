"""Reading a file as the child does, and taking its frames apart."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from appliance.parser import main, wire


@dataclass
class Reading:
    """The frames of one parse."""

    head: dict[str, Any] = field(default_factory=dict)
    pages: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None

    def texts(self, kind: str) -> list[str]:
        """The texts of the blocks of a kind."""
        return [b["text"] for b in self.blocks if b["kind"] == kind]

    def rows(self, table: int = 0) -> list[list[str]]:
        """The cells of a table."""
        found = [b for b in self.blocks if b.get("table") == table]
        return [[b["text"][start:end] for start, end in b["cells"]] for b in found]

    def headers(self, table: int = 0) -> list[bool]:
        """Which rows of a table name its columns."""
        return [b["header_row"] for b in self.blocks if b.get("table") == table]

    def section(self, text: str) -> list[str]:
        """The headings above the first block that holds a text."""
        block = next(b for b in self.blocks if text in b["text"])
        return [self.blocks[i]["text"] for i in block.get("section", [])]

    def all_text(self) -> str:
        """Everything, blanks squeezed."""
        return " ".join(" ".join(b["text"] for b in self.blocks).split())


def read(content: bytes, kind: str, **limits: object) -> Reading:
    """Parse and check the frames' order and every offset."""
    out = io.BytesIO()
    main.parse(content, kind, out, limits or None)
    out.seek(0)
    reading = Reading()
    while (frame := wire.read_frame(out)) is not None:
        name, record = frame[0], json.loads(frame[1])
        if name == wire.HEAD:
            reading.head = record
        elif name == wire.PAGE:
            assert not reading.pages or record["number"] > reading.pages[-1]["number"]
            reading.pages.append(record)
        elif name == wire.BLOCK:
            _check(record, reading)
            reading.blocks.append(record)
        elif name == wire.ATTACHED:
            reading.attachments.append(record)
        elif name == wire.KNOWN:
            reading.known.append((record["type"], record["text"]))
        elif name == wire.END:
            reading.end = record
            assert (record["pages"], record["blocks"]) == (len(reading.pages), len(reading.blocks))
        else:
            reading.reason = record["reason"]
    assert (reading.reason is None) == bool(reading.end), "a parse ends with END or with ERROR"
    return reading


def _check(block: dict[str, Any], reading: Reading) -> None:
    assert block["page"] == reading.pages[-1]["number"]
    assert block["text"].strip()
    assert all(0 <= i < len(reading.blocks) for i in block.get("section", []))
    at = 0
    for start, end, x0, y0, x1, y1, confidence in block.get("words", []):
        assert at <= start < end <= len(block["text"])
        assert x0 <= x1
        assert y0 <= y1
        assert 0 <= confidence <= 1
        assert not any(ch.isspace() for ch in block["text"][start:end])
        at = end
    for start, end in block.get("cells", []):
        assert 0 <= start <= end <= len(block["text"])


@pytest.fixture(name="read")
def _read() -> Callable[..., Reading]:
    return read


@pytest.fixture(name="unpack")
def _unpack() -> Callable[..., list[tuple[str, bytes]]]:
    """Names and contents of the files in a file."""

    def unpack(content: bytes, kind: str, **limits: object) -> list[tuple[str, bytes]]:
        out = io.BytesIO()
        main.extract(content, kind, out, limits or None)
        out.seek(0)
        found: list[tuple[str, bytes]] = []
        while (frame := wire.read_frame(out)) is not None:
            if frame[0] == wire.ATTACHED:
                found.append((json.loads(frame[1])["name"], b""))
            elif frame[0] == wire.CONTENT:
                found[-1] = (found[-1][0], frame[1])
            elif frame[0] == wire.ERROR:
                found.append((f"refused: {json.loads(frame[1])['reason']}", b""))
        return found

    return unpack


@pytest.fixture(name="draw")
def _draw() -> Callable[..., list[tuple[dict[str, Any], bytes]]]:
    """Drawn pages with their pixels."""

    def draw(content: bytes, kind: str, pages: list[int] | None = None, dpi: int = 72) -> list[Any]:
        out = io.BytesIO()
        main.render(content, kind, pages, dpi, out)
        out.seek(0)
        drawn: list[Any] = []
        while (frame := wire.read_frame(out)) is not None:
            if frame[0] == wire.PAGE:
                drawn.append((json.loads(frame[1]), b""))
            elif frame[0] == wire.PIXELS:
                drawn[-1] = (drawn[-1][0], frame[1])
            elif frame[0] == wire.ERROR:
                drawn.append((json.loads(frame[1]), b""))
        return drawn

    return draw

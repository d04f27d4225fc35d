"""Frames of one document as it is read: numbers the blocks, keeps the section path, holds the limits."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from appliance.parser import wire
from appliance.parser.failure import ParseFailure
from appliance.parser.hygiene import keep_length, squeeze
from appliance.parser.limits import Limits

WordSpan = tuple[int, int, float, float, float, float, float]
"""start, end (offsets into the block's text), x0, y0, x1, y1 (points, top left origin), confidence."""

CELL_JOINT = " | "
MAX_WARNINGS = 1000
MAX_BLOCK = 20_000
"""Characters of a block; longer text without geometry is cut between words."""
MAX_NAME = 250
MAX_KNOWN = 1000
"""Identifiers that fields name, and characters of one."""
MAX_PATH = 20
"""Headings above a block."""
_OUTSIDE_SECTIONS = ("metadata", "header", "footer")


class Output:
    """What a format writes to. Blocks get consecutive numbers from 0; `heading` moves the section path.

    With `contents_only`, nothing but the contents of attachments is written: a format may skip all else.
    """

    def __init__(self, stream: BinaryIO, limits: Limits, *, contents_only: bool = False) -> None:
        self.limits = limits
        self.contents_only = contents_only
        self.attachments = 0
        self.pages = 0
        self.blocks = 0
        self.has_text = False
        self.unread = 0
        self._recognised = 0
        self._stream = stream
        self._characters = 0
        self._rows = 0
        self._tables = 0
        self._page = 0
        self._path: list[tuple[int, int]] = []
        self._warnings: dict[str, None] = {}
        self._known: set[tuple[str, str]] = set()

    def head(self, kind: str, pages: int | None = None) -> None:
        """Say what is read and how many pages are expected, if that is known."""
        if pages is not None and pages > self.limits.max_pages:
            raise ParseFailure("too_many_pages")
        self._write(wire.HEAD, {"kind": kind, "pages": pages})

    def page(self, number: int, width: float = 0.0, height: float = 0.0, ocr: bool = False) -> bool:
        """Begin a page; its blocks follow. Raises ParseFailure over the page limit.

        With `ocr`, whether to recognise its text now; else it is told as unread.
        """
        if number > self.limits.max_pages:
            raise ParseFailure("too_many_pages")
        self.pages += 1
        self._page = number
        self._recognised += ocr
        later = ocr and self._recognised > self.limits.ocr_pages
        self.unread += later
        record: dict[str, object] = {"number": number, "width": round(width, 2), "height": round(height, 2)}
        record["ocr"] = ocr
        if later:
            record["unread"] = True
        self._write(wire.PAGE, record)
        return ocr and not later

    def block(
        self,
        kind: str,
        text: str,
        *,
        words: Iterable[WordSpan] = (),
        table: int | None = None,
        row: int | None = None,
        header_row: bool = False,
        cells: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Write a block of the current page. Empty text is dropped. Raises ParseFailure over a limit."""
        if not text.strip():
            return
        if len(text) > MAX_BLOCK and not words and table is None:
            for piece in _cut(text):
                self.block(kind, piece)
            return
        self._characters += len(text)
        if self._characters > self.limits.max_characters:
            raise ParseFailure("too_large", self._page)
        record: dict[str, object] = {"page": self._page, "kind": kind, "text": keep_length(text)}
        if self._path and kind not in _OUTSIDE_SECTIONS:
            record["section"] = [index for _, index in self._path]
        if words:
            record["words"] = list(words)
        if table is not None:
            record.update(table=table, row=row, header_row=header_row, cells=list(cells))
        self._write(wire.BLOCK, record)
        self.blocks += 1
        if kind != "metadata":
            self.has_text = True

    def heading(self, text: str, level: int, *, words: Iterable[WordSpan] = (), kind: str = "heading") -> None:
        """Write a heading; later blocks lie under it until a heading of the same or a lower level number."""
        if not text.strip():
            return
        if len(text) > MAX_BLOCK:
            self.block("paragraph", text, words=words)
            return
        self.leave_sections(level)
        self.block(kind, text, words=words)
        self._path.append((level, self.blocks - 1))
        del self._path[MAX_PATH:]

    def leave_sections(self, level: int = 0) -> None:
        """Forget the headings of this level and below: the next sheet or slide is no part of the one before."""
        while self._path and self._path[-1][0] >= level:
            self._path.pop()

    def new_table(self) -> int:
        """A table number that is unique in the document."""
        self._tables += 1
        return self._tables - 1

    def row(self, cells: Sequence[str], table: int, row: int, *, header_row: bool = False) -> None:
        """Write a table row without geometry; cells are squeezed to one line each."""
        self.count_row()
        spans, parts, at = [], [], 0
        for cell in cells:
            part = squeeze(cell)
            spans.append((at, at + len(part)))
            parts.append(part)
            at += len(part) + len(CELL_JOINT)
        if any(parts):
            self.block("table_row", CELL_JOINT.join(parts), table=table, row=row, header_row=header_row, cells=spans)

    def count_row(self) -> None:
        """Count one more table row. Raises ParseFailure over the limit."""
        self._rows += 1
        if self._rows > self.limits.max_rows:
            raise ParseFailure("too_large", self._page)

    def warn(self, code: str, page: int | None = None) -> None:
        """Remember a warning code, with the page it concerns. Never text of the document."""
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings[code if page is None else f"{code}:{page}"] = None

    def known(self, type_: str, text: str) -> None:
        """Say that a field of the file names an identifier: a type of policies/README.md and its text."""
        plain = squeeze(text)
        fresh = (type_, plain) not in self._known and len(self._known) < MAX_KNOWN
        if fresh and 1 < len(plain) <= MAX_KNOWN:
            self._known.add((type_, plain))
            self._write(wire.KNOWN, {"type": type_, "text": plain})

    def attach(self, name: str, size: int, content: Callable[[], bytes]) -> None:
        """Tell of a file in this file; `content` is called where its bytes are asked for.

        One that is too large, or one too many, is left out with a warning.
        """
        if self.attachments >= self.limits.max_attachments:
            self.warn("attachments_left_out")
            return
        if size > self.limits.max_attachment_bytes:
            self.warn("attachment_too_large")
            return
        self.attachments += 1
        plain = squeeze(name)[:MAX_NAME] or f"attachment {self.attachments}"
        if not self.contents_only:
            self._write(wire.ATTACHED, {"name": plain, "bytes": size})
            return
        told: dict[str, object] = {"name": plain}
        try:
            body = content()
        except ParseFailure as failure:
            body, told["reason"] = b"", failure.reason
        if len(body) > self.limits.max_attachment_bytes:
            body, told["reason"] = b"", "too_large"
        record = json.dumps(told | {"bytes": len(body)}, ensure_ascii=False).encode()
        wire.write_frame(self._stream, wire.ATTACHED, record)
        wire.write_frame(self._stream, wire.CONTENT, body)

    def pixels(self, rows: bytes) -> None:
        """Write the pixels of the drawn page that was begun last."""
        wire.write_frame(self._stream, wire.PIXELS, rows)

    def drawn_page(self, number: int, width: int, height: int, scale: float) -> None:
        """Begin a drawn page: its size in pixels and its pixels a point."""
        self._write(wire.PAGE, {"number": number, "width": width, "height": height, "scale": scale})

    def end(self) -> None:
        """Say that the document is whole."""
        self._write(wire.END, {"pages": self.pages, "blocks": self.blocks, "warnings": list(self._warnings)})
        self._stream.flush()

    def error(self, reason: str, page: int = 0) -> None:
        """Say that there will be no document, and why."""
        self._write(wire.ERROR, {"reason": reason, "page": page})
        self._stream.flush()

    def _write(self, kind: bytes, record: dict[str, object]) -> None:
        if self.contents_only and kind in (wire.PAGE, wire.BLOCK, wire.KNOWN):
            return
        body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        wire.write_frame(self._stream, kind, body)


def _cut(text: str) -> Iterator[str]:
    while len(text) > MAX_BLOCK:
        at = max(text.rfind("\n", MAX_BLOCK // 2, MAX_BLOCK), text.rfind(" ", MAX_BLOCK // 2, MAX_BLOCK))
        at = at if at > 0 else MAX_BLOCK
        yield text[:at]
        text = text[at:]
    yield text

"""The words of pages as blocks: running lines, titles and headings, paragraphs, list items, table rows."""

import re
from dataclasses import dataclass

from appliance.parser.formats.pdf_layout import Grid, arrange
from appliance.parser.formats.pdf_lines import Line, Piece, line_text, lines_of, paragraphs_of, pieces_of, text_of
from appliance.parser.formats.pdf_rules import Rules
from appliance.parser.formats.pdf_style import MARGIN, Style, running_key
from appliance.parser.formats.pdf_tables import ruled_tables
from appliance.parser.formats.pdf_words import PdfWord
from appliance.parser.formats.text import LIST_ITEM
from appliance.parser.output import CELL_JOINT, Output, WordSpan

NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+[^\W\d_]")
OUTLINED = re.compile(r"\d{1,2}(\.\d{1,2}){1,4}\.?\s+[A-Z].{0,80}")
"""A line that its number alone makes a heading."""
_SENTENCE_ENDS = (".", ",", ";", ":")
CAPTION = re.compile(r"(table|figure|fig\.|chart|exhibit)\s*[\dA-Z]+(\.\d+)*\s*[.:\u2013-]", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"[-\u2013 ]*(page\s*)?\d{1,4}(\s*(of|/)\s*\d{1,4})?[-\u2013 ]*", re.IGNORECASE)
MAX_HEADING = 160
"""Characters; what is longer is a paragraph in large type."""
MAX_BOLD_HEADING = 90
SAME_EDGE = 5.0
"""Points by which the columns of a table that goes on overleaf may move."""


@dataclass(slots=True)
class _Open:
    """The table that the page before ended with."""

    table: int
    rows: int
    edges: tuple[float, ...]
    header: str


class PageWriter:
    """Writes page after page of one document in the style learned from it."""

    def __init__(self, style: Style, output: Output) -> None:
        self._style = style
        self._output = output
        self._titled = False
        self._open: _Open | None = None

    def write(self, words: list[PdfWord], rules: Rules, height: float, number: int) -> None:
        """Write the blocks of one page: running headers, the page in reading order, sideways text, footers."""
        tables, body = ruled_tables(rules, [w for w in words if w.upright])
        headers, body, footers = self._running(body, height)
        for line in headers:
            self._line("header", line)
        pieces = pieces_of(body)
        grids = {}
        for table in tables:
            grid = table.grid
            mark = Piece([], table.x0, grid.y0, table.x1, grid.y1, grid.y0 + self._style.body, self._style.body, False)
            grids[id(mark)] = grid
            pieces.append(mark)
        first = True
        for region in arrange(pieces):
            if isinstance(region, Grid):
                self._grid(region, first)
            else:
                self._column(region.lines, grids, number, first)
            first = False
        self._sideways([w for w in words if not w.upright])
        for line in footers:
            self._line("footer", line)

    def _running(self, words: list[PdfWord], height: float) -> tuple[list[Line], list[PdfWord], list[Line]]:
        top, bottom = MARGIN * height, (1 - MARGIN) * height
        edge = [w for w in words if w.y1 < top or w.y0 > bottom]
        headers: list[Line] = []
        footers: list[Line] = []
        taken: set[int] = set()
        for line in lines_of(pieces_of(edge)):
            above = line.y1 < height / 2
            numbered = not above and _PAGE_NUMBER.fullmatch(line_text(line)) is not None
            if numbered or (above, running_key(line)) in self._style.running:
                (headers if above else footers).append(line)
                taken.update(id(w) for w in line.words)
        return headers, [w for w in words if id(w) not in taken], footers

    def _column(self, lines: list[Line], grids: dict[int, Grid], number: int, first: bool) -> None:
        """Lines of one column, in which ruled tables stand as marks without words."""
        run: list[Line] = []
        for line in lines:
            marks = [p for p in line.pieces if id(p) in grids]
            if not marks:
                run.append(line)
                continue
            beside = [p for p in line.pieces if id(p) not in grids]
            self._paragraphs([*run, Line(beside)] if beside else run, number)
            for mark in marks:
                self._grid(grids[id(mark)], first and not run)
            run = []
        self._paragraphs(run, number)

    def _paragraphs(self, lines: list[Line], number: int) -> None:
        for paragraph in paragraphs_of(lines):
            text, spans = text_of(w for line in paragraph for w in line.words)
            level = self._heading_level(paragraph, text)
            if CAPTION.match(text) and len(text) < 300:
                self._output.block("caption", text, words=spans)
            elif level is None:
                self._output.block("list_item" if LIST_ITEM.match(text) else "paragraph", text, words=spans)
            elif number == 1 and not self._titled and self._style.is_largest(paragraph[0].size):
                self._titled = True
                self._output.heading(text, 0, words=spans, kind="title")
            else:
                self._output.heading(text, level, words=spans)
            self._open = None

    def _heading_level(self, paragraph: list[Line], text: str) -> int | None:
        """The level of a heading, the deeper the larger, or None for a paragraph."""
        if len(text) > MAX_HEADING or not any(ch.isalpha() for ch in text):
            return None
        size = paragraph[0].size
        numbered = NUMBERED.match(text)
        if text.endswith(".") and not numbered and len(text.split()) > 3:
            return None
        outlined = len(paragraph) == 1 and OUTLINED.match(text) is not None and not text.endswith(_SENTENCE_ENDS)
        if not self._style.is_large(size) and not outlined:
            bold = all(line.bold for line in paragraph) and not self._style.mostly_bold
            ends = text.endswith((".", ",", ";")) and not numbered
            if not bold or ends or len(text) > MAX_BOLD_HEADING or len(paragraph) > 2 or size < 0.85 * self._style.body:
                return None
            if LIST_ITEM.match(text) and not numbered:
                return None
        depth = numbered.group(1).count(".") + 1 if numbered else 1
        return 10 * self._style.level(size) + depth

    def _grid(self, grid: Grid, first: bool) -> None:
        """A table, or the rest of the one that the page before ended with."""
        rows = [[_read(cell) for cell in row] for row in grid.rows]
        before = self._open if first else None
        if before is not None and not _same_edges(before.edges, grid.edges):
            before = None
        table = before.table if before else self._output.new_table()
        start = before.rows if before else 0
        header = before.header if before else ""
        for index, row in enumerate(rows):
            text, spans, cells = row_text(row)
            named = index < grid.header_rows and (not header or text == header)
            header = text if named and not header else header
            self._output.count_row()
            self._output.block(
                "table_row", text, words=spans, table=table, row=start + index, header_row=named, cells=cells
            )
        self._open = _Open(table, start + len(rows), grid.edges, header)

    def _sideways(self, words: list[PdfWord]) -> None:
        """Text that does not run along the page: stamps, watermarks, labels of axes."""
        run: list[PdfWord] = []
        for word in words:
            run.append(word)
            if word.ends_line and not word.hyphen:
                self._line("note", None, run)
                run = []
        self._line("note", None, run)

    def _line(self, kind: str, line: Line | None, words: list[PdfWord] | None = None) -> None:
        text, spans = text_of(line.words if line is not None else words or [])
        self._output.block(kind, text, words=spans)


def _same_edges(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= SAME_EDGE for a, b in zip(one, other, strict=True))


def _read(cell: list[Piece]) -> list[PdfWord]:
    return [w for line in lines_of(cell) for w in line.words]


def row_text(cells: list[list[PdfWord]]) -> tuple[str, list[WordSpan], list[tuple[int, int]]]:
    """Cells of words as the row's text, its words' spans and its cells' spans."""
    parts: list[str] = []
    spans: list[WordSpan] = []
    bounds: list[tuple[int, int]] = []
    at = 0
    for words in cells:
        text, own = text_of(words)
        parts.append(text)
        spans.extend((s + at, e + at, x0, y0, x1, y1, c) for s, e, x0, y0, x1, y1, c in own)
        bounds.append((at, at + len(text)))
        at += len(text) + len(CELL_JOINT)
    return CELL_JOINT.join(parts), spans, bounds

"""The order in which a reader takes a page: columns told from tables by how full their lines are.

A band of lines that share a blank gutter is either text set in columns, read one after the other, or a
table without rules, read row by row. What fills its column is text; what leaves it ragged is a table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from appliance.parser.formats.pdf_lines import Line, Piece, lines_of
from appliance.parser.formats.pdf_words import PdfWord

Gap = tuple[float, float]
_MARK = re.compile(r"[^\w\s]|o|\(?(\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]")
MIN_GUTTER = 4.0
"""Points of blank that may part columns, if most lines also have a wide gap there."""


@dataclass(slots=True)
class Column:
    """Lines to be read from top to bottom."""

    lines: list[Line]


@dataclass(slots=True)
class Grid:
    """A table: rows of cells, each the pieces of text in it in reading order."""

    rows: list[list[list[Piece]]]
    edges: tuple[float, ...]
    """The left edges of the columns, in points, to tell whether a table goes on overleaf."""
    header_rows: int
    y0: float
    y1: float


def arrange(pieces: Sequence[Piece]) -> list[Column | Grid]:
    """Pieces of a page, without what stands in ruled tables, in reading order."""
    regions: list[Column | Grid] = []
    for band, gutters in _bands(lines_of(pieces)):
        regions.extend(_settled(band, gutters))
    merged: list[Column | Grid] = []
    for region in regions:
        if merged and isinstance(region, Column) and isinstance(merged[-1], Column) and not _beside(merged[-1], region):
            merged[-1].lines.extend(region.lines)
        else:
            merged.append(region)
    return merged


def _beside(before: Column, after: Column) -> bool:
    """Whether the second column begins higher than the first ends: the next column of text."""
    return after.lines[0].y0 < before.lines[-1].y0


def _bands(lines: list[Line]) -> list[tuple[list[Line], list[Gap]]]:
    """Runs of lines that share gutters, and the lines between them, each alone with none.

    A band begins with a line that has a wide gap. It takes in the lines below, also one that runs across
    as long as the gutters go on after it, and then the lines above that leave its gutters blank.
    """
    bands: list[tuple[list[Line], list[Gap]]] = []
    own = [_gutters(line) for line in lines]
    i = 0
    while i < len(lines):
        band, shared, after = [lines[i]], own[i], i + 1
        while len(lines[i].pieces) > 1 and after < len(lines) and not _far(lines[after - 1], lines[after]):
            kept = _common(shared, own[after])
            if _leaves(band, lines[after], lines[after - 1]):
                break
            if _fits(shared, kept, len(band)):
                shared = kept
            elif not _resumes(shared, own, lines, after, len(band)):
                break
            band.append(lines[after])
            after += 1
        if len(band) > 1:
            shared = _take_above(bands, band, shared)
        bands.append((band, shared if len(band) > 1 else []))
        i = after
    return bands


def _leaves(band: list[Line], line: Line, last: Line) -> bool:
    """Whether a line that stands alone at the left edge of a table is no row of it: it comes after another
    such line, or after a wider step than the rows take. In columns of text it may be the left column's."""
    if len(line.pieces) > 1 or median(len(p.words) for x in band for p in x.pieces) >= 4:
        return False
    left = min(x.x0 for x in band)
    if line.x0 > left + line.size:
        return False
    alone = len(band) > 1 and len(last.pieces) == 1 and last.x0 <= left + line.size
    steps = [b.base - a.base for a, b in pairwise(band)]
    return alone or (bool(steps) and line.base - last.base > 1.4 * median(steps))


def _fits(shared: list[Gap], kept: list[Gap], lines: int) -> bool:
    """Whether a line leaves enough of a band's gutters; a young band is still finding its own."""
    before, after = len(_inner(shared)), len(_inner(kept))
    return after > 0 and (after == before or lines <= 2 or after >= 0.6 * before)


def _resumes(shared: list[Gap], own: list[list[Gap]], lines: list[Line], at: int, count: int) -> bool:
    """Whether a line across the gutters is only a row of its own: the line after it keeps them."""
    if count < 3 or at + 1 >= len(lines) or _far(lines[at], lines[at + 1]) or len(lines[at + 1].pieces) < 2:
        return False
    return len(_inner(_common(shared, own[at + 1]))) == len(_inner(shared))


def _take_above(bands: list[tuple[list[Line], list[Gap]]], band: list[Line], shared: list[Gap]) -> list[Gap]:
    """Move lines above a band into it that stand in one of its columns."""
    while bands and len(bands[-1][0]) == 1 and not _far(bands[-1][0][0], band[0]):
        kept = _common(shared, _gutters(bands[-1][0][0]))
        if len(_inner(kept)) < len(_inner(shared)):
            break
        band.insert(0, bands.pop()[0][0])
        shared = kept
    return shared


def _inner(gaps: list[Gap]) -> list[Gap]:
    """Gaps without the outer margins."""
    return [g for g in gaps if g[0] != float("-inf") and g[1] != float("inf")]


def _far(above: Line, below: Line) -> bool:
    return below.y0 - above.y1 > 2.5 * max(above.size, below.size)


def _gutters(line: Line) -> list[Gap]:
    """The blanks of a line: before it, between its words, after it."""
    spans = sorted(span for p in line.pieces for span in _spans(p))
    gaps = [(float("-inf"), spans[0][0])]
    reach = spans[0][1]
    for start, end in spans[1:]:
        gaps.append((reach, start))
        reach = max(reach, end)
    gaps.append((reach, float("inf")))
    return [g for g in gaps if g[1] - g[0] >= max(MIN_GUTTER, 0.6 * line.size)]


def _spans(piece: Piece) -> list[Gap]:
    """From where to where a piece is printed: word by word, or all of it where gaps say nothing."""
    if not piece.words or any(w.tight for w in piece.words):
        return [(piece.x0, piece.x1)]
    return [(w.x0, w.x1) for w in piece.words]


def _common(one: list[Gap], other: list[Gap]) -> list[Gap]:
    """Where both have a blank wide enough; the outer margins alone do not count."""
    both = [
        (max(a[0], b[0]), min(a[1], b[1]))
        for a in one
        for b in other
        if min(a[1], b[1]) - max(a[0], b[0]) >= MIN_GUTTER
    ]
    return both if _inner(both) else []


def _settled(band: list[Line], gutters: list[Gap]) -> list[Column | Grid]:
    """A band as one column, several columns of text, or a table."""
    cuts = [cut for cut in ((a + b) / 2 for a, b in sorted(_inner(gutters))) if _is_wide(cut, band)]
    cuts = [cut for cut, before in zip(cuts, [float("-inf"), *cuts], strict=False) if not _is_marks(before, cut, band)]
    band = [_cut(line, cuts) for line in band]
    pieces = [p for line in band for p in line.pieces]
    columns = [[p for p in pieces if sum(p.x0 >= c for c in cuts) == i] for i in range(len(cuts) + 1)]
    columns = [c for c in columns if c]
    paired = sum(1 for line in band if len({sum(p.x0 >= c for c in cuts) for p in line.pieces}) > 1)
    if len(columns) < 2 or paired < 2:
        return [Column(band)]
    if _is_prose(columns) or (2 * paired < len(band) and any(_is_filled(c) for c in columns)):
        ordered: list[Column | Grid] = []
        for column in columns:
            ordered.extend(arrange(column) if len(column) < len(pieces) else [Column(lines_of(column))])
        return ordered
    if len(columns) == 2 and paired < 3:
        return [Column(band)]
    above, table, below = _trimmed(band, cuts)
    regions: list[Column | Grid] = [_grid(table, cuts)]
    return [*([Column(above)] if above else []), *regions, *([Column(below)] if below else [])]


def _is_wide(cut: float, band: list[Line]) -> bool:
    """Whether pieces end at the cut in most lines that have text on both sides of it."""
    crossed = parted = 0
    for line in band:
        if line.x0 < cut < line.x1:
            crossed += 1
            parted += not any(p.x0 < cut < p.x1 for p in line.pieces)
    return 2 * parted >= crossed


def _is_marks(start: float, end: float, band: list[Line]) -> bool:
    """Whether all that stands between two cuts is bullets or numbers of a list."""
    found = [w.text for line in band for p in line.pieces for w in p.words if start <= (w.x0 + w.x1) / 2 < end]
    return bool(found) and all(_MARK.fullmatch(text) for text in found)


def _cut(line: Line, cuts: list[float]) -> Line:
    """The line with its pieces parted at the cuts, unless a word of it stands on one."""
    if any(a < c < b for p in line.pieces for a, b in _spans(p) for c in cuts):
        return line
    if not any(p.x0 < c < p.x1 for p in line.pieces for c in cuts):
        return line
    pieces: list[Piece] = []
    for piece in line.pieces:
        groups: dict[int, list[PdfWord]] = {}
        for word in piece.words:
            groups.setdefault(sum(word.x0 >= c for c in cuts), []).append(word)
        pieces.extend(Piece.of(words) for words in groups.values())
    return Line(pieces)


def _trimmed(band: list[Line], cuts: list[float]) -> tuple[list[Line], list[Line], list[Line]]:
    """Lines of one cell before and after a table are its caption and the text that follows."""

    def filled(line: Line) -> int:
        return len({sum(p.x0 >= c for c in cuts) for p in line.pieces})

    full = [i for i, line in enumerate(band) if filled(line) > 1]
    start, end = full[0], full[-1] + 1
    while end < len(band) and band[end].base - band[end - 1].base < 1.45 * band[end].size and band[end].x0 > cuts[0]:
        end += 1
    return band[:start], band[start:end], band[end:]


def _is_prose(columns: list[list[Piece]]) -> bool:
    """Whether at least two columns, or all, are set in full lines."""
    full = sum(1 for column in columns if _is_filled(column))
    return full >= 2 or full == len(columns)


def _is_filled(column: list[Piece]) -> bool:
    """Whether most lines of a column run from edge to edge and have several words."""
    width = max(p.x1 for p in column) - min(p.x0 for p in column)
    fill = median(p.width / width for p in column) if width else 0.0
    return len(column) >= 4 and fill > 0.72 and median(len(p.words) for p in column) >= 3.5


def _grid(band: list[Line], cuts: list[float]) -> Grid:
    rows: list[list[list[Piece]]] = []
    bases: list[float] = []
    for line in band:
        cells: list[list[Piece]] = [[] for _ in range(len(cuts) + 1)]
        for piece in line.pieces:
            cells[sum(piece.x0 >= c for c in cuts)].append(piece)
        if rows and _continues(rows[-1], cells, line, bases):
            for cell, more in zip(rows[-1], cells, strict=True):
                cell.extend(more)
        else:
            rows.append(cells)
        bases.append(line.base)
    edges = tuple(min((p.x0 for row in rows for p in row[i]), default=0.0) for i in range(len(cuts) + 1))
    return Grid(rows, edges, header_count(rows), band[0].y0, band[-1].y1)


def _continues(row: list[list[Piece]], cells: list[list[Piece]], line: Line, bases: list[float]) -> bool:
    """Whether a line is the second line of cells that were broken: its first cell is empty, the step small."""
    step = line.base - bases[-1]
    filled = sum(1 for c in cells if c)
    return not cells[0] and bool(row[0]) and filled < len(cells) and step < 1.45 * line.size


def header_count(rows: list[list[list[Piece]]]) -> int:
    """How many rows at the top of a table name its columns: 0 or 1, by weight and by digits."""
    if len(rows) < 2:
        return 0
    first = [p for cell in rows[0] for p in cell]
    others = [p for row in rows[1:] for cell in row for p in cell]
    if not first or sum(1 for cell in rows[0] if cell) < max(2, len(rows[0]) - 1):
        return 0
    if all(p.bold for p in first):
        return int(not all(p.bold for p in others))
    numeric = sum(1 for row in rows[1:] if any(_is_figure(cell) for cell in row))
    short = all(sum(len(w.text) for p in cell for w in p.words) <= 40 for cell in rows[0])
    named = not any(_is_figure(cell) for cell in rows[0])
    return int(named and short and len(rows[0]) > 2 and 2 * numeric >= len(rows) - 1)


def _is_figure(cell: list[Piece]) -> bool:
    """Whether a cell holds a number, an amount, a date or a code more than words."""
    text = "".join(w.text for p in cell for w in p.words)
    return bool(text) and 2 * sum(ch.isdigit() for ch in text) >= len(text) - sum(ch in ",.-/:$%+()" for ch in text)

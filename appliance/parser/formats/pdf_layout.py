"""The order in which a reader takes a page: columns told from tables by how full their lines are.

A band of lines that share a blank gutter is either text set in columns, read one after the other, or a
table without rules, read row by row. What fills its column is text; what leaves it ragged is a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from appliance.parser.formats.pdf_lines import Line, Piece, lines_of

Gap = tuple[float, float]
MIN_GUTTER = 7.0
"""Points of blank between columns of text or of a table."""


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
    """Runs of lines that share at least one gutter, and the lines between them without any."""
    bands: list[tuple[list[Line], list[Gap]]] = []
    current: list[Line] = []
    shared: list[Gap] = []
    for line in lines:
        own = _gutters(line)
        kept = _common(shared, own) if current else own
        if current and (not kept or _far(current[-1], line)):
            bands.append((current, shared if len(current) > 1 else []))
            current, kept = [], own
        current.append(line)
        shared = kept
    if current:
        bands.append((current, shared if len(current) > 1 else []))
    return bands


def _far(above: Line, below: Line) -> bool:
    return below.y0 - above.y1 > 2.5 * max(above.size, below.size)


def _gutters(line: Line) -> list[Gap]:
    """The blanks of a line: before it, between its pieces, after it."""
    pieces = sorted(line.pieces, key=lambda p: p.x0)
    gaps = [(float("-inf"), pieces[0].x0)]
    reach = pieces[0].x1
    for piece in pieces[1:]:
        gaps.append((reach, piece.x0))
        reach = max(reach, piece.x1)
    gaps.append((reach, float("inf")))
    return [g for g in gaps if g[1] - g[0] >= MIN_GUTTER]


def _common(one: list[Gap], other: list[Gap]) -> list[Gap]:
    """Where both have a blank wide enough; the outer margins alone do not count."""
    both = [
        (max(a[0], b[0]), min(a[1], b[1]))
        for a in one
        for b in other
        if min(a[1], b[1]) - max(a[0], b[0]) >= MIN_GUTTER
    ]
    inner = [g for g in both if g[0] != float("-inf") and g[1] != float("inf")]
    return both if inner else []


def _settled(band: list[Line], gutters: list[Gap]) -> list[Column | Grid]:
    """A band as one column, several columns of text, or a table."""
    inner = sorted(g for g in gutters if g[0] != float("-inf") and g[1] != float("inf"))
    pieces = [p for line in band for p in line.pieces]
    cuts = [(a + b) / 2 for a, b in inner]
    columns = [[p for p in pieces if sum(p.x0 >= c for c in cuts) == i] for i in range(len(cuts) + 1)]
    columns = [c for c in columns if c]
    paired = sum(1 for line in band if len({sum(p.x0 >= c for c in cuts) for p in line.pieces}) > 1)
    if len(columns) < 2 or paired < 2:
        return [Column(band)]
    if _is_prose(columns):
        ordered: list[Column | Grid] = []
        for column in columns:
            ordered.extend(arrange(column) if len(column) < len(pieces) else [Column(lines_of(column))])
        return ordered
    if len(columns) == 2 and paired < 3:
        return [Column(band)]
    return [_grid(band, cuts)]


def _is_prose(columns: list[list[Piece]]) -> bool:
    """Whether most columns are filled from edge to edge by lines of several words."""
    full = 0
    for column in columns:
        width = max(p.x1 for p in column) - min(p.x0 for p in column)
        fill = median(p.width / width for p in column) if width else 0.0
        if len(column) >= 4 and fill > 0.72 and median(len(p.words) for p in column) >= 3.5:
            full += 1
    return full >= 2 or (full == len(columns))


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
    digits = any(ch.isdigit() for p in first for w in p.words for ch in w.text)
    numeric = sum(1 for row in rows[1:] if any(ch.isdigit() for c in row for p in c for w in p.words for ch in w.text))
    short = all(sum(len(w.text) for p in cell for w in p.words) <= 40 for cell in rows[0])
    return int(not digits and short and len(rows[0]) > 2 and 2 * numeric >= len(rows) - 1)

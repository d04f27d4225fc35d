"""Ruled tables of a page: the grid that its lines draw, and the words that stand in each cell.

Lines that touch belong to one table. Where a line is missing between two cells of the grid, they are one:
its words go to the cell on the left, or above.
"""

from bisect import bisect_right
from dataclasses import dataclass

from appliance.parser.formats.pdf_layout import Grid, header_count
from appliance.parser.formats.pdf_lines import Piece, lines_of, pieces_of
from appliance.parser.formats.pdf_rules import Rule, Rules
from appliance.parser.formats.pdf_words import PdfWord

TOUCH = 3.0
"""Points: how far ends may miss each other and still meet."""
MAX_RULES = 3000
"""Lines of one page; more are a drawing, and no table is looked for."""


@dataclass(slots=True)
class Table:
    """A grid with where it stands, in points."""

    grid: Grid
    x0: float
    x1: float


def ruled_tables(rules: Rules, words: list[PdfWord]) -> tuple[list[Table], list[PdfWord]]:
    """The ruled tables of a page, from top to bottom, and the words that are in none of them."""
    tables: list[Table] = []
    rest = words
    for horizontal, vertical in _groups(_straight(rules.horizontal), _straight(rules.vertical)):
        table, rest = _table(horizontal, vertical, rest)
        if table is not None:
            tables.append(table)
    return sorted(tables, key=lambda t: t.grid.y0), rest


def _straight(rules: list[Rule]) -> list[Rule]:
    """Lines at one place joined where they touch."""
    joined: list[Rule] = []
    for at, start, end in sorted(rules, key=lambda r: (round(r[0]), r[1])):
        for i in range(len(joined) - 1, max(-1, len(joined) - 40), -1):
            other = joined[i]
            if abs(other[0] - at) <= TOUCH / 2 and start <= other[2] + TOUCH and end >= other[1] - TOUCH:
                joined[i] = (other[0], min(other[1], start), max(other[2], end))
                break
        else:
            joined.append((at, start, end))
    return joined


def _groups(horizontal: list[Rule], vertical: list[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Lines that meet, directly or through others."""
    if len(horizontal) < 2 or len(vertical) < 2 or len(horizontal) + len(vertical) > MAX_RULES:
        return []
    parent = list(range(len(horizontal) + len(vertical)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, (y, x0, x1) in enumerate(horizontal):
        for j, (x, y0, y1) in enumerate(vertical, len(horizontal)):
            if x0 - TOUCH <= x <= x1 + TOUCH and y0 - TOUCH <= y <= y1 + TOUCH:
                parent[root(i)] = root(j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for i, rule in enumerate(horizontal):
        groups.setdefault(root(i), ([], []))[0].append(rule)
    for j, rule in enumerate(vertical, len(horizontal)):
        groups.setdefault(root(j), ([], []))[1].append(rule)
    return [g for g in groups.values() if len(g[0]) > 1 and len(g[1]) > 1]


def _table(horizontal: list[Rule], vertical: list[Rule], words: list[PdfWord]) -> tuple[Table | None, list[PdfWord]]:
    vertical, horizontal = _closed(vertical, horizontal), _closed(horizontal, vertical)
    xs, ys = _places(vertical), _places(horizontal)
    columns, rows = len(xs) - 1, len(ys) - 1
    if columns < 2 or rows < 1:
        return None, words
    cells: dict[tuple[int, int], list[PdfWord]] = {}
    rest: list[PdfWord] = []
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        if xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]:
            row, column = min(bisect_right(ys, y), rows) - 1, min(bisect_right(xs, x), columns) - 1
            cells.setdefault(_owner(row, column, xs, ys, horizontal, vertical), []).append(word)
        else:
            rest.append(word)
    pieces = {place: pieces_of(found) for place, found in cells.items()}
    grid_rows = []
    for r in range(rows):
        grid_rows.extend(_split([pieces.get((r, c), []) for c in range(columns)]))
    grid_rows = [row for row in grid_rows if any(row)]
    used = [c for c in range(columns) if any(row[c] for row in grid_rows)]
    if len(used) < 2 or len(grid_rows) < 2:
        return None, words
    final = [[row[c] for c in used] for row in grid_rows]
    grid = Grid(final, tuple(xs[c] for c in used), header_count(final), ys[0], ys[-1])
    return Table(grid, xs[0], xs[-1]), rest


def _closed(rules: list[Rule], crossing: list[Rule]) -> list[Rule]:
    """Lines of one direction with the outer ones that are not drawn: where most crossing lines begin or end."""
    first, last = min(rule[0] for rule in rules), max(rule[0] for rule in rules)
    low, high = min(rule[1] for rule in crossing), max(rule[2] for rule in crossing)
    span = (min(rule[0] for rule in crossing), max(rule[0] for rule in crossing))
    places = len({round(rule[0]) for rule in crossing})
    begun = len({round(rule[0]) for rule in crossing if rule[1] < low + TOUCH})
    ended = len({round(rule[0]) for rule in crossing if rule[2] > high - TOUCH})
    closed = list(rules)
    if first - low > 2 * TOUCH and 2 * begun > places:
        closed.append((low, *span))
    if high - last > 2 * TOUCH and 2 * ended > places:
        closed.append((high, *span))
    return closed


def _places(rules: list[Rule]) -> list[float]:
    """Where lines stand, those closer than TOUCH taken as one."""
    places: list[float] = []
    for at in sorted(rule[0] for rule in rules):
        if not places or at - places[-1] > TOUCH:
            places.append(at)
    return places


def _owner(
    row: int, column: int, xs: list[float], ys: list[float], horizontal: list[Rule], vertical: list[Rule]
) -> tuple[int, int]:
    """The cell that a place of the grid belongs to: walks left and up while no line is in the way."""
    while column > 0 and not _covered(vertical, xs[column], (ys[row] + ys[row + 1]) / 2):
        column -= 1
    while row > 0 and not _covered(horizontal, ys[row], (xs[column] + xs[column + 1]) / 2):
        row -= 1
    return row, column


def _covered(rules: list[Rule], at: float, across: float) -> bool:
    return any(abs(rule[0] - at) <= TOUCH and rule[1] - 1 <= across <= rule[2] + 1 for rule in rules)


def _split(row: list[list[Piece]]) -> list[list[list[Piece]]]:
    """A row whose cells hold several lines that stand level: a table without lines between its rows."""
    lines = [lines_of(cell) for cell in row]
    counts = [len(cell) for cell in lines if cell]
    if len(counts) < 2 or max(counts) < 3 or len(lines[0]) < 3:
        return [row]
    bases = [line.base for line in lines[0]]
    level = sum(1 for cell in lines[1:] for line in cell if any(abs(line.base - b) < 0.3 * line.size for b in bases))
    if level < 0.8 * sum(len(cell) for cell in lines[1:]) or level < len(bases):
        return [row]
    parts: list[list[list[Piece]]] = [[[] for _ in row] for _ in bases]
    for c, cell in enumerate(lines):
        for line in cell:
            nearest = max((i for i, b in enumerate(bases) if b <= line.base + 0.3 * line.size), default=0)
            parts[nearest][c].extend(line.pieces)
    return parts

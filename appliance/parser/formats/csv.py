"""CSV and TSV in any encoding: the delimiter that makes the most even table; the first row names columns."""

import csv
import io
from collections import Counter

from appliance.parser.failure import ParseFailure
from appliance.parser.formats.cells import is_figure
from appliance.parser.hygiene import clean, decode
from appliance.parser.output import Output

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 60
MAX_FIELD = 1_000_000
"""Characters of one cell; more is no table."""


def warm() -> None:
    """Load what reading any encoding needs."""
    import charset_normalizer  # noqa: F401


def read(content: bytes, output: Output) -> None:
    """Write the rows of a table of text. Raises ParseFailure."""
    text = clean(decode(content))
    output.head("csv", 1)
    output.page(1)
    csv.field_size_limit(MAX_FIELD)
    table = output.new_table()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    index = 0
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            output.row(row, table, index, header_row=index == 0 and names_columns(row))
            index += 1
    except csv.Error:
        raise ParseFailure("damaged") from None


def delimiter_of(text: str) -> str:
    """The delimiter by which the most of the first lines have the same number of cells, and more than one."""
    lines = text[:200_000].split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    best, chosen = 0.0, ","
    for delimiter in DELIMITERS:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        except csv.Error:
            continue
        if not counts:
            continue
        width, rows = max(counts.items(), key=lambda item: (item[1], item[0]))
        score = rows / sum(counts.values()) + min(width, 50) / 1000 if width > 1 else 0.0
        if score > best:
            best, chosen = score, delimiter
    return chosen


def names_columns(row: list[str]) -> bool:
    """Whether a first row names the columns: no cell of it is a figure, and few are empty."""
    filled = [cell for cell in row if cell.strip()]
    return len(filled) * 2 > len(row) and not any(is_figure(cell) for cell in filled)


"""Tables inside plain text: lines of equal cells under a header line, joined by bars, tabs, semicolons or commas.

Parsers give tables as rows with headers; what they leave as text (Markdown in a note, CSV pasted into a mail)
is read here, so that a column's header is context for its cells there too.
"""

import re
from collections.abc import Iterator

_DELIMITERS = ("|", "\t", ";", ",")
_RULE = re.compile(r"[\s|:+=-]+")
_CELL = {
    "|": re.compile(r"[^|]+"),
    "\t": re.compile(r"[^\t]+"),
    ";": re.compile(r"[^;]*"),
    ",": re.compile(r'"[^"]*"|[^,]*'),
}
LONGEST_HEADER = 40


def _cells(line: str, delimiter: str) -> list[tuple[int, int]]:
    spans, position = [], 0
    for match in _CELL[delimiter].finditer(line):
        if match.start() < position:
            continue
        start, end = match.span()
        position = end + 1
        if delimiter == "|" and not match[0].strip() and (start <= 1 or end >= len(line) - 1):
            continue
        spans.append((start, end))
    return spans


def _inner(line: str, span: tuple[int, int]) -> tuple[int, int]:
    start, end = span
    while start < end and line[start] in ' "':
        start += 1
    while end > start and line[end - 1] in ' "':
        end -= 1
    return start, end


def cells(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, header) of every cell below a header line in `text`."""
    header: list[str] = []
    delimiter, offset = "", 0
    for line in text.split("\n"):
        if header and _RULE.fullmatch(line) and line.strip():
            offset += len(line) + 1
            continue
        spans = _cells(line, delimiter) if header and delimiter in line else []
        if spans and len(spans) == len(header):
            for span, title in zip(spans, header, strict=True):
                start, end = _inner(line, span)
                if end > start and title:
                    yield offset + start, offset + end, title
        else:
            header, delimiter = _header(line)
        offset += len(line) + 1


def _header(line: str) -> tuple[list[str], str]:
    """The titles of a line that can be a header: three short cells or more (two between bars), no long number in any."""
    for delimiter in _DELIMITERS:
        if line.count(delimiter) < (1 if delimiter == "|" else 2):
            continue
        titles = [line[slice(*_inner(line, span))] for span in _cells(line, delimiter)]
        if len(titles) >= 2 and all(
            0 < len(title) <= LONGEST_HEADER and not re.search(r"\d{3}|[.!?]$", title) for title in titles
        ):
            return titles, delimiter
    return [], ""

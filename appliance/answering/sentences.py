"""Units of a text that can be quoted: sentences, list items, table rows; and whole sentences of a stream.

The splitter is rule-based: it knows abbreviations, initials, decimals and ellipses, and that a line which
starts as a list item, or holds ` | `, is a unit of its own. Offsets are code points of the text given.
"""

import re
from dataclasses import dataclass

_ABBREVIATIONS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "sr",
        "jr",
        "vs",
        "etc",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "fig",
        "figs",
        "no",
        "nos",
        "vol",
        "pp",
        "approx",
        "dept",
        "est",
        "inc",
        "ltd",
        "co",
        "corp",
        "art",
        "sec",
        "al",
        "ca",
        "cf",
        "resp",
        "ref",
        "refs",
        "min",
        "max",
        "tel",
        "ext",
        "rev",
        "gen",
        "col",
        "capt",
        "lt",
        "sgt",
        "maj",
        "cmdr",
        "hon",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "p.o",
        "b.i.d",
        "t.i.d",
        "q.i.d",
        "p.r.n",
        "q.d",
        "a.m",
        "p.m",
        "u.s",
        "u.k",
        "eq",
        "tab",
        "para",
        "appt",
        "para",
        "sub",
        "spp",
        "sp",
        "var",
    ]
)
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")
_ITEM = re.compile(r"\s*(?:[-*•·▪–—◦]|\(?\d{1,3}[.)]|\(?[a-z][.)]|\([ivx]+\))\s+")
_MAX_UNIT = 1200
_HEAD = re.compile(r"[A-Z%][^\d]*|[$€£%].{0,12}|\(?in (?:thousands|millions|billions)\)?|(?:19|20)\d\d")
_PERIOD = re.compile(r"^(?:FY?\s?'?\d\d|(?:[A-Z][a-z]+\.? (?:\d{1,2}, ?)?)?(?:19|20)\d\d)\b")
"""How the head of a column of a time begins: 2019, FY19, March 2019, December 31, 2019."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable piece at `start:end`. `kind` is `sentence`, `item` or `row`; `header` are a row's column heads."""

    start: int
    end: int
    kind: str = "sentence"
    header: str = ""


def units(text: str) -> list[Unit]:
    """The quotable pieces of a text in order; together they cover everything but white space."""
    found: list[Unit] = []
    header: list[str] = []
    rows = 0
    paragraph: tuple[int, int] | None = None
    for start, end in [*_lines(text), (len(text), len(text))]:
        line = text[start:end]
        row = line.count(" | ") >= 1 or line.strip().startswith("|")
        item = bool(_ITEM.match(line))
        if paragraph and (row or item or not line.strip() or _heading(text[paragraph[0] : paragraph[1]], line)):
            found.extend(_sentences(text, *paragraph))
            paragraph = None
        if row:
            if _is_header(line, rows):
                header.append(line.strip())
                found.append(_trimmed(text, start, end, "row"))
            else:
                found.append(_trimmed(text, start, end, "row", "\n".join(header)))
            rows += 1
            continue
        if line.strip():
            header, rows = [], 0
            if item:
                found.extend(_item(text, start, end))
            else:
                paragraph = (paragraph[0] if paragraph else start, end)
    if paragraph:
        found.extend(_sentences(text, *paragraph))
    return found


def split(text: str) -> list[str]:
    """The sentences of running text, trimmed."""
    return [text[unit.start : unit.end] for unit in units(text)]


def complete(buffer: str) -> tuple[list[str], str]:
    """The sentences that are surely complete in a stream's `buffer`, and the rest to wait with."""
    pieces = _sentences(buffer, 0, len(buffer))
    cut = 0
    done = []
    for piece in pieces[:-1]:
        done.append(buffer[piece.start : piece.end])
        cut = piece.end
    line = buffer.find("\n", cut)
    while line >= 0:
        head = buffer[cut:line].strip()
        if head:
            done.append(head)
        cut = line + 1
        line = buffer.find("\n", cut)
    return done, buffer[cut:]


def _lines(text: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for line in text.split("\n"):
        spans.append((at, at + len(line)))
        at += len(line) + 1
    return spans


def _heading(before: str, line: str) -> bool:
    """True when a line break separates: a short unfinished line, such as a heading, before a capital."""
    last = before.rsplit("\n", 1)[-1].strip()
    return bool(line.strip()) and len(last) < 60 and not re.search(r"[.!?,;]$", last) and line.strip()[:1].isupper()


def _is_header(line: str, rows: int) -> bool:
    line = line.strip()
    cells = [
        cell.strip() for cell in (line.strip("|") if line.startswith("|") and line.endswith("|") else line).split("|")
    ]
    if rows == 0 or (rows == 1 and not re.search(r"\w", line)):
        return True
    if rows > 2:
        return False
    body = [cell for cell in cells[1:] if cell]
    dated = any(_PERIOD.search(cell) for cell in body)
    return (
        bool(body) and (dated or not cells[0]) and all(_HEAD.fullmatch(cell) or _PERIOD.search(cell) for cell in body)
    )


def _item(text: str, start: int, end: int) -> list[Unit]:
    if end - start <= 400:
        return [_trimmed(text, start, end, "item")]
    return [Unit(unit.start, unit.end, "item") for unit in _sentences(text, start, end)]


def _sentences(text: str, start: int, end: int) -> list[Unit]:
    found, at = [], start
    for match in _END.finditer(text, start, end):
        if _continues(text, match, at, end):
            continue
        found.append(_trimmed(text, at, match.end()))
        at = match.end()
    if text[at:end].strip():
        found.append(_trimmed(text, at, end))
    return [piece for unit in found for piece in _bounded(text, unit)]


def _continues(text: str, match: re.Match[str], start: int, end: int) -> bool:
    """True when the full stop does not end a sentence."""
    mark = match.group()
    after = text[match.end() : end].lstrip()
    if not mark.startswith("."):
        return bool(after) and after[0].islower()
    before = re.search(r"[\w.]+$", text[start : match.start()])
    word = before.group().lower().strip(".") if before else ""
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word not in "i"):
        return bool(after) and not (word in ("etc", "a.m", "p.m", "al") and after[0].isupper())
    if word.isdigit() and match.start() - len(word) == start + len(text[start:]) - len(text[start:].lstrip()):
        return bool(after)
    return bool(after) and after[0].islower()


def _bounded(text: str, unit: Unit) -> list[Unit]:
    """Cut a unit longer than a reader can take in, at white space."""
    pieces, at = [], unit.start
    while unit.end - at > _MAX_UNIT:
        cut = max(text.rfind("; ", at + 200, at + _MAX_UNIT) + 1, text.rfind(" ", at + 200, at + _MAX_UNIT))
        cut = cut if cut > at else at + _MAX_UNIT
        pieces.append(_trimmed(text, at, cut, unit.kind, unit.header))
        at = cut
    return [
        piece for piece in [*pieces, _trimmed(text, at, unit.end, unit.kind, unit.header)] if piece.end > piece.start
    ]


def _trimmed(text: str, start: int, end: int, kind: str = "sentence", header: str = "") -> Unit:
    piece = text[start:end]
    return Unit(start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip()), kind, header)

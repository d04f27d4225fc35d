"""From words to lines and paragraphs: pieces of text on one baseline, then what belongs together.

Used for PDF text layers and for recognised text alike; everything is in points of the page as shown.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.parser.formats.pdf_words import PdfWord
from appliance.parser.formats.text import LIST_ITEM
from appliance.parser.hygiene import clean
from appliance.parser.output import WordSpan

PIECE_GAP = 0.85
"""A gap of more than this many sizes ends a piece: the next cell or column begins."""
FAR = 14400.0
"""Points: the largest page that PDF allows (ISO 32000-2, Annex C), and as far beyond its edges as words go."""
SAME_LINE = 0.35
"""Baselines closer than this share of the size are one line."""
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_ENDS = (".", "!", "?", ":", ";")


@dataclass(slots=True)
class Piece:
    """Words that follow each other on one line without a wide gap."""

    words: list[PdfWord]
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    bold: bool

    @classmethod
    def of(cls, words: list[PdfWord]) -> "Piece":
        """A piece of words that are in reading order."""
        lead = max(words, key=lambda w: w.size * (w.x1 - w.x0))
        return cls(
            words,
            min(w.x0 for w in words),
            min(w.y0 for w in words),
            max(w.x1 for w in words),
            max(w.y1 for w in words),
            lead.base,
            lead.size,
            all(w.bold for w in words),
        )

    @property
    def width(self) -> float:
        """In points."""
        return self.x1 - self.x0


@dataclass(slots=True)
class Line:
    """Pieces on one baseline, in reading order."""

    pieces: list[Piece]
    x0: float = field(init=False)
    x1: float = field(init=False)
    y0: float = field(init=False)
    y1: float = field(init=False)
    base: float = field(init=False)
    size: float = field(init=False)

    def __post_init__(self) -> None:
        pieces = self.pieces
        self.x0, self.x1 = min(p.x0 for p in pieces), max(p.x1 for p in pieces)
        self.y0, self.y1 = min(p.y0 for p in pieces), max(p.y1 for p in pieces)
        lead = max(pieces, key=lambda p: p.width)
        self.base, self.size = lead.base, lead.size

    @property
    def words(self) -> list[PdfWord]:
        """All words of the line in reading order."""
        return [w for p in self.pieces for w in p.words]

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(p.bold for p in self.pieces)


def pieces_of(words: Iterable[PdfWord]) -> list[Piece]:
    """Upright words in content order as pieces; pieces of one line drawn apart are joined again."""
    runs: list[list[PdfWord]] = []
    last: PdfWord | None = None
    for word in words:
        if last is not None and not last.ends_line and _follows(last, word):
            runs[-1].append(word)
        else:
            runs.append([word])
        last = word
    return _joined([Piece.of(run) for run in runs])


def _follows(last: PdfWord, word: PdfWord) -> bool:
    if word.tight:
        return True
    size = max(last.size, word.size)
    if abs(word.base - last.base) > SAME_LINE * size:
        return False
    gap = word.x0 - last.x1 if word.x0 >= last.x0 else last.x0 - word.x1
    if word.x0 < last.x0 and not _RTL.search(word.text):
        return False
    return -0.5 * size <= gap <= PIECE_GAP * size


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join pieces that stand side by side on one baseline with no more than a word space between."""
    joined: list[Piece] = []
    for line in lines_of(pieces):
        row = line.pieces
        kept = [row[0]]
        for piece in row[1:]:
            before = kept[-1]
            gap = piece.x0 - before.x1
            if -0.3 * piece.size <= gap <= 0.6 * min(piece.size, before.size) and not _RTL.search(piece.words[0].text):
                kept[-1] = Piece.of([*before.words, *piece.words])
            else:
                kept.append(piece)
        joined.extend(kept)
    return joined


def lines_of(pieces: Iterable[Piece]) -> list[Line]:
    """Pieces as lines from top to bottom; raised and lowered bits stay with the line that they touch."""
    rows: list[list[Piece]] = []
    bases: list[float] = []
    for piece in sorted(pieces, key=lambda p: (p.base, p.x0)):
        if rows:
            reach = SAME_LINE * max(piece.size, max(p.size for p in rows[-1]))
            if piece.base - bases[-1] <= reach and not _stacked(piece, rows[-1]):
                rows[-1].append(piece)
                continue
        rows.append([piece])
        bases.append(piece.base)
    return [Line(_in_order(row)) for row in rows]


def _stacked(piece: Piece, row: list[Piece]) -> bool:
    """Whether the piece lies over one of the row, as small tight lines do."""
    return any(
        min(piece.x1, p.x1) - max(piece.x0, p.x0) > 0.3 * min(piece.width, p.width)
        and abs(piece.base - p.base) > 0.25 * min(piece.size, p.size)
        for p in row
    )


def _in_order(row: list[Piece]) -> list[Piece]:
    rtl = sum(len(p.words) for p in row if p.words and _RTL.search(p.words[0].text))
    return sorted(row, key=lambda p: p.x0, reverse=rtl * 2 > sum(len(p.words) for p in row))


def paragraphs_of(lines: list[Line]) -> list[list[Line]]:
    """Lines of one column, in order, as paragraphs: parted by space, size, weight, indent and bullets."""
    paragraphs: list[list[Line]] = []
    left = min((line.x0 for line in lines), default=0.0)
    right = max((line.x1 for line in lines), default=0.0)
    for line in lines:
        if paragraphs and not _breaks(paragraphs[-1], line, left, right):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return paragraphs


def _breaks(before: list[Line], line: Line, left: float, right: float) -> bool:
    last = before[-1]
    size = max(last.size, line.size)
    step = line.base - last.base
    usual = before[1].base - before[0].base if len(before) > 1 else None
    if abs(last.size - line.size) > 0.12 * size or step < 0.3 * size:
        return True
    if step > (max(1.25 * usual, usual + 1.5) if usual else 1.75 * size):
        return True
    if last.bold != line.bold and (len(before) == 1 or line.bold):
        return True
    text = line.words[0].text if line.words else ""
    if LIST_ITEM.match(line_text(line)):
        return True
    if LIST_ITEM.match(line_text(before[0])) and line.x0 < before[0].x0 - 0.5 * size:
        return True
    ended = line_text(last).endswith(_ENDS)
    short = last.x1 < right - 0.25 * (right - left)
    indented = line.x0 > last.x0 + 0.8 * size and line.x0 > before[0].x0 + 0.8 * size
    return bool(text) and ((short and ended) or (indented and ended and len(before) > 1))


def line_text(line: Line) -> str:
    """The words of a line with single spaces."""
    return " ".join(w.text for w in line.words)


def text_of(words: Iterable[PdfWord]) -> tuple[str, list[WordSpan]]:
    """Words in reading order as text with spans; a word broken over two lines is joined."""
    parts: list[str] = []
    spans: list[WordSpan] = []
    at, joint = 0, ""
    for word in words:
        text = clean(word.text)
        if not text.strip():
            continue
        parts += [joint, text]
        at += len(joint)
        x0, y0, x1, y1 = word.shown or (word.x0, word.y0, word.x1, word.y1)
        if not (x0 >= -FAR and y0 >= -FAR and x1 <= FAR and y1 <= FAR):
            x0, y0, x1, y1 = _near(x0), _near(y0), _near(x1), _near(y1)
        place = (round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))
        spans.append((at, at + len(text), *place, word.confidence))
        at += len(text)
        joint = "" if word.hyphen else " "
    return "".join(parts), spans


def _near(place: float) -> float:
    """Hundredths of a point; what a broken font puts beyond any page stays finite."""
    if -FAR <= place <= FAR:
        return round(place, 2)
    return FAR if place > FAR else -FAR if place < -FAR else 0.0

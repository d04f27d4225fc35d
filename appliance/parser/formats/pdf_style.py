"""What a document's type looks like: learned from some pages, applied to all."""

import re
from bisect import insort
from collections import Counter
from dataclasses import dataclass, field

from appliance.parser.formats.pdf_lines import Line, line_text, lines_of, pieces_of
from appliance.parser.formats.pdf_words import PdfWord

HEADING_RATIO = 1.12
"""Type that is this much larger than the body's is a heading's."""
PROSE_WORDS = 7
"""Words of a piece of line that is text, and no cell or label."""
PROSE_CHARACTERS = 18
"""Characters a word above which a script is written without spaces, and the line is text too."""
MARGIN = 0.12
"""Share of the page height in which running headers and footers stand."""
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")


@dataclass(slots=True)
class Style:
    """Sizes are in points, rounded to halves."""

    body: float
    sizes: list[float] = field(default_factory=list)
    """Sizes of headings, ascending; grows when a page brings a new one."""
    ratio: float = HEADING_RATIO
    mostly_bold: bool = False
    """Bold type says nothing here."""
    running: set[tuple[bool, str]] = field(default_factory=set)
    """Running headers (True) and footers (False), digits taken out."""

    def level(self, size: float) -> int:
        """1 for the largest heading size known, and so on; bold type of body size comes last."""
        rounded = half(size)
        if rounded <= self.body * self.ratio:
            return len(self.sizes) + 1
        if rounded not in self.sizes:
            insort(self.sizes, rounded)
        return len(self.sizes) - self.sizes.index(rounded)

    def is_largest(self, size: float) -> bool:
        """Whether no larger type is known."""
        return bool(self.sizes) and half(size) >= self.sizes[-1]

    def is_large(self, size: float) -> bool:
        """Whether type of this size is a heading's."""
        return half(size) > self.body * self.ratio


def half(size: float) -> float:
    """Rounded to half a point."""
    return round(size * 2) / 2


def running_key(line: Line) -> str:
    """A line as it would be on every page: without its numbers."""
    return _DIGITS.sub("#", line_text(line).casefold())


def learn(pages: list[list[PdfWord]], heights: list[float]) -> Style:
    """The style of a document from the words of some of its pages."""
    weight: Counter[float] = Counter()
    prose: Counter[float] = Counter()
    bold = 0
    for words in pages:
        for word in words:
            if word.upright:
                weight[half(word.size)] += len(word.text)
                bold += len(word.text) if word.bold else 0
        for piece in pieces_of(w for w in words if w.upright):
            characters = sum(len(w.text) for w in piece.words)
            if len(piece.words) >= PROSE_WORDS or characters >= PROSE_CHARACTERS * len(piece.words):
                prose[half(piece.size)] += characters
    common = (prose or weight).most_common(1)
    body = common[0][0] if common else 10.0
    style = Style(body, mostly_bold=bold > 0.5 * sum(weight.values()))
    style.sizes = sorted(size for size in weight if size > body * HEADING_RATIO)
    if len(pages) > 1:
        style.running = _running(pages, heights)
    return style


def _running(pages: list[list[PdfWord]], heights: list[float]) -> set[tuple[bool, str]]:
    seen: Counter[tuple[bool, str]] = Counter()
    for words, height in zip(pages, heights, strict=True):
        edge = [w for w in words if w.upright and (w.y1 < MARGIN * height or w.y0 > (1 - MARGIN) * height)]
        here = {(line.y1 < height / 2, running_key(line)) for line in lines_of(pieces_of(edge))}
        seen.update(here)
    needed = max(2, 0.4 * len(pages))
    return {key for key, count in seen.items() if count >= needed}

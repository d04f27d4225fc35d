"""Which boxes of a page must be black, and which boxes a surrogate has in the place of words.

Boxes are padded to whole words and their width to a step, so that a box does not measure a name. A finding
without geometry blacks out its whole line, and where even that is not known, the page: it fails closed.
"""

import math
from collections.abc import Iterable, Sequence

from appliance.documents.document import Block, Box, Page, Word
from appliance.documents.geometry import touching

WIDTH_STEP = 36.0
"""Points. Widths of black boxes are multiples of it."""
MARGIN = 1.5
"""Points added on every side, for strokes that leave the box of their word."""


def lines(words: Iterable[Word]) -> list[list[Word]]:
    """Words grouped by line: a word joins the line before it when they overlap by half their height."""
    found: list[list[Word]] = []
    for word in words:
        if found and _same_line(found[-1][-1].box, word.box):
            found[-1].append(word)
        else:
            found.append([word])
    return found


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around `boxes`, of which there is at least one."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def padded(box: Box, page: Page) -> Box:
    """`box` with its margin, its width filled up to a step, to the right where there is room; on the page."""
    left, right = box[0] - MARGIN, box[2] + MARGIN
    width = math.ceil((right - left) / WIDTH_STEP) * WIDTH_STEP
    right = left + width
    if page.width and right > page.width:
        left, right = max(0.0, page.width - width), page.width
    bottom = box[3] + MARGIN
    return max(0.0, left), max(0.0, box[1] - MARGIN), right, min(bottom, page.height) if page.height else bottom


def boxes_of(block: Block, start: int, end: int, page: Page) -> tuple[Box, ...]:
    """The padded boxes, one a line, that cover `start:end` of a block's text on its page.

    Empty only for what is not drawn: a page without size, or metadata.
    """
    touched = list(touching(block.words, start, end))
    if touched and _covers(touched, block.text, start, end):
        return tuple(padded(union(word.box for word in line), page) for line in lines(touched))
    if block.words:
        return _whole_lines(block.words, start, end, page)
    if page.width and page.height and block.kind != "metadata":
        return ((0.0, 0.0, page.width, page.height),)
    return ()


def _covers(words: Sequence[Word], text: str, start: int, end: int) -> bool:
    """Whether every letter and digit of the span lies in one of the words."""
    inside = {offset for word in words for offset in range(max(start, word.start), min(end, word.end))}
    return all(offset in inside for offset in range(start, end) if text[offset].isalnum())


def _whole_lines(words: Sequence[Word], start: int, end: int, page: Page) -> tuple[Box, ...]:
    """The lines on which `start:end` must be, judged by the words before, in and after it."""
    before = max((word.start for word in words if word.start < start), default=min(word.start for word in words))
    after = min((word.start for word in words if word.end > end), default=max(word.start for word in words))
    found = []
    for line in lines(sorted(words, key=lambda word: word.start)):
        if line[0].start <= after and line[-1].start >= before:
            _, top, right, bottom = union(word.box for word in line)
            found.append(padded((0.0, top, max(right, page.width - MARGIN), bottom), page))
    return tuple(found)


def _same_line(one: Box, other: Box) -> bool:
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    return overlap > 0.5 * min(one[3] - one[1], other[3] - other[1]) and other[0] >= one[0]

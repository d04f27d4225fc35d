"""Words of a PDF page with where they stand, in coordinates of the page as shown.

pdfium gives characters in the page's own space (origin at the bottom left, before /Rotate); everything
here is turned to points from the top left of the page as a reader sees it.
"""

import ctypes
import math
import re
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

_TOKEN = re.compile(r"[^\s\x02\ufffe]+|[\x02\ufffe]|[\r\n]+")
_SOFT = "\x02\ufffe"
_BOLD = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
BOLD_WEIGHT = 600


@dataclass(slots=True)
class PdfWord:
    """A word: its text and box, its baseline and size in points, and how it follows the word before."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    bold: bool
    upright: bool
    """Reads from left to right or right to left on the page as shown, and not sideways."""
    ends_line: bool = False
    hyphen: bool = False
    """Goes on in the next word: the line was broken inside a word."""
    tight: bool = False
    """Stands in one piece with the word before, whatever the gap: recognised as one line."""
    confidence: float = 1.0
    shown: tuple[float, float, float, float] | None = None
    """Where it stands on the page as shown, if the page was turned to be read."""


@dataclass(frozen=True, slots=True)
class View:
    """How a page is shown: its visible box in page space and its clockwise rotation."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int
    width: float
    height: float

    @classmethod
    def of(cls, page: pdfium.PdfPage) -> "View":
        """The view of a page as a reader program opens it."""
        left, bottom, right, top = page.get_bbox()
        rotation = page.get_rotation()
        width, height = page.get_size()
        return cls(left, bottom, right, top, rotation, width, height)

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """A box of page space as x0, y0, x1, y1 of the page as shown."""
        if self.rotation == 90:
            return bottom - self.bottom, left - self.left, top - self.bottom, right - self.left
        if self.rotation == 180:
            return self.right - right, bottom - self.bottom, self.right - left, top - self.bottom
        if self.rotation == 270:
            return self.top - top, self.right - right, self.top - bottom, self.right - left
        return left - self.left, self.top - top, right - self.left, self.top - bottom


def page_words(text_page: pdfium.PdfTextPage, view: View) -> list[PdfWord]:
    """All words of a page in pdfium's order, which is that of the content with lines told apart."""
    handle = text_page.raw
    count = raw.FPDFText_CountChars(handle)
    if count <= 0:
        return []
    text = _text(handle, count)
    probe = _Probe(handle, view)
    words: list[PdfWord] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token[0] in "\r\n":
            if words:
                words[-1].ends_line = True
        elif token in _SOFT:
            if words:
                words[-1].ends_line = words[-1].hyphen = True
        else:
            words.append(probe.word(token, match.start(), match.end() - 1))
    return words


def _text(handle: object, count: int) -> str:
    """The characters of the page, one for one with pdfium's indices."""
    buffer = (ctypes.c_ushort * (count + 1))()
    got = raw.FPDFText_GetText(handle, 0, count, buffer)
    text = bytes(buffer)[: max(0, got - 1) * 2].decode("utf-16-le", "replace")
    if len(text) == count and got == count + 1:
        return text
    points = (raw.FPDFText_GetUnicode(handle, i) for i in range(count))
    return "".join(chr(p) if 0 < p < 0x110000 and not 0xD800 <= p < 0xE000 else "\ufffd" for p in points)


class _Probe:
    """Asks pdfium about characters, with the buffers of the calls made once a page."""

    def __init__(self, handle: object, view: View) -> None:
        self._handle = handle
        self._view = view
        self._first, self._last = raw.FS_RECTF(), raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()
        self._name, self._flags = ctypes.create_string_buffer(128), ctypes.c_int()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._object = 0
        self._set: tuple[float, bool, bool] = (0.0, False, True)

    def word(self, token: str, first: int, last: int) -> PdfWord:
        """The word of the characters from index first to last, both included."""
        handle, a, b = self._handle, self._first, self._last
        size, bold, upright = self._setting(first)
        raw.FPDFText_GetLooseCharBox(handle, first, a)
        raw.FPDFText_GetLooseCharBox(handle, last, b)
        raw.FPDFText_GetCharOrigin(handle, first, self._x, self._y)
        left, right = min(a.left, b.left), max(a.right, b.right)
        bottom, top = min(a.bottom, b.bottom), max(a.top, b.top)
        x, y = self._x.value, self._y.value
        x0, y0, x1, y1 = self._view.box(left, bottom, right, top)
        _, oy, _, _ = self._view.box(x, y, x, y)
        if not size or size > 5000:
            size = max(y1 - y0, 1.0)
        if upright and y1 - y0 > 2 * size:
            # some fonts claim an ascent of several lines
            y0, y1 = max(y0, oy - 1.2 * size), min(y1, oy + 0.5 * size)
        return PdfWord(token, x0, y0, x1, y1, oy if upright else y1, size, bold, upright)

    def _setting(self, index: int) -> tuple[float, bool, bool]:
        """Size, weight and direction of a character; those of one text object are asked for once."""
        handle, m = self._handle, self._matrix
        found = raw.FPDFText_GetTextObject(handle, index)
        address = ctypes.addressof(found.contents) if found else 0
        if address and address == self._object:
            return self._set
        raw.FPDFText_GetMatrix(handle, index, m)
        size = abs(raw.FPDFText_GetFontSize(handle, index) * math.hypot(m.c, m.d))
        bold = raw.FPDFText_GetFontWeight(handle, index) >= BOLD_WEIGHT or self._named_bold(index)
        self._object, self._set = address, (size, bold, self._upright(m.a, m.b))
        return self._set

    def _named_bold(self, index: int) -> bool:
        """Whether the font of a character says so in its name: the standard fonts have no other weight."""
        length = raw.FPDFText_GetFontInfo(self._handle, index, self._name, len(self._name), self._flags)
        return 0 < length <= len(self._name) and _BOLD.search(self._name.raw[: length - 1]) is not None

    def _upright(self, a: float, b: float) -> bool:
        """Whether the baseline of a text matrix runs to the right on the page as shown."""
        if not a and not b:
            return True
        angle = math.degrees(math.atan2(b, a)) - self._view.rotation
        return abs((angle + 180) % 360 - 180) < 20

"""The straight lines of a PDF page, read from its path objects: what ruled tables are drawn with."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from appliance.parser.formats.pdf_words import View

THIN = 3.0
"""Points: a path no thicker than this is a line."""
MAX_PATHS = 6000
"""Paths of one page that are looked at; a page with more is a drawing."""
MAX_SEGMENTS = 4000
MIN_DRAWING = 12
"""Paths that make a page without text worth a look by text recognition."""
MAX_FORM_DEPTH = 4

Matrix = tuple[float, float, float, float, float, float]
Rule = tuple[float, float, float]
"""Where it stands, and from where to where it runs."""
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class Rules:
    """Lines of a page as shown, in points: horizontal as (y, x0, x1), vertical as (x, y0, y1)."""

    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    pictured: bool = False
    """Whether the page shows pictures or drawings, beside any text."""
    pictures: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Where pictures are shown."""


def rules_of(page: pdfium.PdfPage, view: View) -> Rules:
    """The lines of a page, those inside its form objects included."""
    rules = Rules()
    paths = 0
    for handle, kind, matrix in _objects(page):
        if kind == raw.FPDF_PAGEOBJ_IMAGE or kind == raw.FPDF_PAGEOBJ_SHADING:
            rules.pictured = True
            if kind == raw.FPDF_PAGEOBJ_IMAGE and len(rules.pictures) < MAX_PATHS:
                rules.pictures.append(_shown(handle, matrix, view))
        elif kind == raw.FPDF_PAGEOBJ_PATH:
            paths += 1
            if paths <= MAX_PATHS and _is_drawn(handle):
                _take(handle, matrix, view, rules)
    if paths > MIN_DRAWING:
        rules.pictured = True
    if paths > MAX_PATHS:
        rules.horizontal.clear()
        rules.vertical.clear()
    return rules


def _objects(page: pdfium.PdfPage) -> Iterator[tuple[object, int, Matrix]]:
    handle = page.raw
    for i in range(raw.FPDFPage_CountObjects(handle)):
        yield from _object(raw.FPDFPage_GetObject(handle, i), IDENTITY, 0)


def _object(handle: object, outer: Matrix, depth: int) -> Iterator[tuple[object, int, Matrix]]:
    kind = raw.FPDFPageObj_GetType(handle)
    yield handle, kind, outer
    if kind == raw.FPDF_PAGEOBJ_FORM and depth < MAX_FORM_DEPTH:
        inner = _multiply(_matrix(handle), outer)
        for i in range(min(raw.FPDFFormObj_CountObjects(handle), MAX_PATHS)):
            yield from _object(raw.FPDFFormObj_GetObject(handle, i), inner, depth + 1)


def _shown(handle: object, outer: Matrix, view: View) -> tuple[float, float, float, float]:
    """Where an object is on the page as shown, cut to the page."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not raw.FPDFPageObj_GetBounds(handle, left, bottom, right, top):
        return (0.0, 0.0, 0.0, 0.0)
    a, b, c, d, e, f = outer
    corners = [(x, y) for x in (left.value, right.value) for y in (bottom.value, top.value)]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    x0, y0, x1, y1 = view.box(min(xs), min(ys), max(xs), max(ys))
    return (max(0.0, x0), max(0.0, y0), min(view.width, x1), min(view.height, y1))


def _matrix(handle: object) -> Matrix:
    m = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(handle, m):
        return IDENTITY
    return (m.a, m.b, m.c, m.d, m.e, m.f)


def _multiply(one: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _is_drawn(handle: object) -> bool:
    fill, stroke = ctypes.c_int(), raw.FPDF_BOOL()
    if not raw.FPDFPath_GetDrawMode(handle, fill, stroke):
        return False
    return bool(fill.value or stroke.value)


def _take(handle: object, outer: Matrix, view: View, rules: Rules) -> None:
    count = raw.FPDFPath_CountSegments(handle)
    if not 2 <= count <= MAX_SEGMENTS:
        return
    matrix = _multiply(_matrix(handle), outer)
    x, y = ctypes.c_float(), ctypes.c_float()
    points: list[tuple[float, float]] = []
    start: tuple[float, float] | None = None
    strokes: list[tuple[tuple[float, float], tuple[float, float]]] = []
    for i in range(count):
        segment = raw.FPDFPath_GetPathSegment(handle, i)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        px, py = x.value, y.value
        at = (matrix[0] * px + matrix[2] * py + matrix[4], matrix[1] * px + matrix[3] * py + matrix[5])
        if kind == raw.FPDF_SEGMENT_BEZIERTO:
            return
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = at
        elif points:
            strokes.append((points[-1], at))
        points.append(at)
        if raw.FPDFPathSegment_GetClose(segment) and start is not None:
            strokes.append((at, start))
    _add(strokes, points, view, rules)


def _add(
    strokes: list[tuple[tuple[float, float], tuple[float, float]]],
    points: list[tuple[float, float]],
    view: View,
    rules: Rules,
) -> None:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x0, y0, x1, y1 = view.box(min(xs), min(ys), max(xs), max(ys))
    if x1 - x0 <= THIN and y1 - y0 <= THIN:
        return
    if y1 - y0 <= THIN:
        rules.horizontal.append(((y0 + y1) / 2, x0, x1))
        return
    if x1 - x0 <= THIN:
        rules.vertical.append(((x0 + x1) / 2, y0, y1))
        return
    if (x1 - x0) * (y1 - y0) > 0.85 * view.width * view.height:
        return  # the page's own background
    for (ax, ay), (bx, by) in strokes:
        sx0, sy0, sx1, sy1 = view.box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
        if sy1 - sy0 <= 1 < sx1 - sx0:
            rules.horizontal.append(((sy0 + sy1) / 2, sx0, sx1))
        elif sx1 - sx0 <= 1 < sy1 - sy0:
            rules.vertical.append(((sx0 + sx1) / 2, sy0, sy1))

"""Ruled tables of a PDF page: the grid that its lines draw, and the words that stand in each cell."""

from dataclasses import dataclass

import pypdfium2 as pdfium

from appliance.parser.formats.pdf_words import View


@dataclass(slots=True)
class Rules:
    """Straight lines of a page: horizontal as (y, x0, x1) and vertical as (x, y0, y1), in points."""

    horizontal: list[tuple[float, float, float]]
    vertical: list[tuple[float, float, float]]


def rules_of(page: pdfium.PdfPage, view: View) -> tuple[Rules, bool]:
    """The rules of a page, and whether anything but text is on it."""
    pictured = any(obj.type != 1 for obj in page.get_objects(max_depth=3))
    return Rules([], []), pictured

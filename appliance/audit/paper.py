"""A checkpoint on paper: its text, and the same text as a QR code that any telephone reads.

Paper in a safe is the one anchor that no administrator of any machine can change.
"""

import io
import os
from pathlib import Path

from appliance.errors import Unavailable

QR_MILLIMETRES = 80


def print_checkpoint(note: str, vkey: str, to: Path) -> None:
    """Write a PDF of one A4 page. Raises Unavailable when it cannot be written."""
    content = page_of(note, vkey)
    try:
        with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise Unavailable(
            f"{to} cannot be written ({error.strerror})", "Name a new file in a folder of yours"
        ) from error


def page_of(note: str, vkey: str) -> bytes:
    """The page as PDF bytes."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4, invariant=1)
    sheet.setTitle("Checkpoint of an audit log")
    sheet.setFont("Helvetica-Bold", 16)
    sheet.drawString(20 * mm, 272 * mm, "Checkpoint of an audit log")
    sheet.setFont("Helvetica", 10)
    said = (
        "Keep this sheet where the administrator of the appliance cannot reach it.",
        "It says how many records the log had, and their fingerprint. Every later log must contain exactly these.",
        "To check: type or scan the text below into a file, then:  python check.py LOG --anchor FILE",
    )
    for number, line in enumerate(said):
        sheet.drawString(20 * mm, (262 - 5 * number) * mm, line)
    _draw_code(sheet, note, 20 * mm, 160 * mm, QR_MILLIMETRES * mm)
    sheet.setFont("Courier", 8)
    lines = [*note.replace("\N{EM DASH}", "--").split("\n"), "The log's public key:", vkey]
    for number, line in enumerate(_wrapped(lines, 100)):
        sheet.drawString(20 * mm, (150 - 4 * number) * mm, line)
    sheet.setFont("Helvetica", 10)
    sheet.drawString(
        20 * mm, 40 * mm, "Taken on: ______________   by: ______________________   kept at: ________________"
    )
    sheet.save()
    return out.getvalue()


def _draw_code(sheet: "object", text: str, x: float, y: float, size: float) -> None:
    import segno

    matrix = segno.make(text, error="m", micro=False).matrix
    cell = size / (len(matrix) + 8)
    for row, line in enumerate(matrix):
        for column, dark in enumerate(line):
            if dark:
                left, top = x + (column + 4) * cell, y + size - (row + 5) * cell
                sheet.rect(left, top, cell * 1.01, cell * 1.01, stroke=0, fill=1)  # type: ignore[attr-defined]


def _wrapped(lines: list[str], width: int) -> list[str]:
    return [line[at : at + width] for line in lines for at in range(0, max(len(line), 1), width)]

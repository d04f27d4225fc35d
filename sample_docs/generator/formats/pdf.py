"""PDF with a text layer: paragraphs, lists, ruled tables, a running header and page numbers."""

import io
import re
from xml.sax.saxutils import escape

import pypdfium2
from reportlab import rl_config
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from generator.formats.written import Written
from generator.markup import Block, Source, Text
from generator.people import Mention

WIDTH = A4[0] - 44 * mm
_FAMILIES = {"serif": ("Times-Roman", "Times-Bold"), "sans": ("Helvetica", "Helvetica-Bold")}


def write(source: Source) -> Written:
    """Lay the source out on A4 and find the page of every mention."""
    rl_config.useA85 = 0
    body, bold = _FAMILIES[str(source.head.get("font", "sans"))]
    header, footer = source.head.get("header", Text(())), str(source.head.get("footer", source.head["title"]))
    out = io.BytesIO()
    author = source.head.get("author", Text(()))

    def decorate(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont(body, 8)
        canvas.setFillGray(0.25)
        canvas.drawString(22 * mm, A4[1] - 13 * mm, str(header))
        canvas.drawString(22 * mm, 11 * mm, footer)
        canvas.drawRightString(A4[0] - 22 * mm, 11 * mm, f"Page {document.page}")

    SimpleDocTemplate(
        out, pagesize=A4, leftMargin=22 * mm, rightMargin=22 * mm, topMargin=20 * mm, bottomMargin=19 * mm,
        title=str(source.head["title"]), author=str(author), invariant=1, pageCompression=0,
    ).build([f for b in source.blocks for f in _flow(b, body, bold)], onFirstPage=decorate, onLaterPages=decorate)
    mentions = [(0, m) for m in author.mentions()]
    pages = page_texts(out.getvalue())
    mentions += [(n, m) for n in range(1, len(pages) + 1) for m in header.mentions()]
    body_mentions = [m for block in source.blocks for text in block.texts() for m in text.mentions()]
    mentions += _locate([p.replace(str(header), "", 1) for p in pages], body_mentions)
    return Written(out.getvalue(), tuple(mentions))


def page_texts(content: bytes) -> list[str]:
    """The text layer of each page, whitespace runs as one space."""
    document = pypdfium2.PdfDocument(content)
    return [re.sub(r"\s+", " ", page.get_textpage().get_text_range()) for page in document]


def _locate(pages: list[str], mentions: list[Mention]) -> list[tuple[int, Mention]]:
    """Pages of mentions that stand in the text in the given order. Raises ValueError when one is not there."""
    found, page, offset = [], 0, 0
    for mention in mentions:
        start = page
        while (at := pages[page].find(mention.value, offset)) < 0:
            page, offset = page + 1, 0
            if page == len(pages):
                raise ValueError(f"{mention.type} of page {start + 1} or later is broken by the layout: {mention.value}")
        found.append((page + 1, mention))
        offset = at + len(mention.value)
    return found


def _flow(block: Block, body: str, bold: str) -> list[Flowable]:
    text = escape(str(block.text))
    style = ParagraphStyle("body", fontName=body, fontSize=10.5, leading=14.6, spaceAfter=7, splitLongWords=0)
    if block.kind == "break":
        return [PageBreak()]
    if block.kind == "heading":
        size = {1: 16, 2: 12.5, 3: 10.5}[block.level]
        return [Paragraph(text, ParagraphStyle("h", style, fontName=bold, fontSize=size, leading=size * 1.3,
                                               spaceBefore=9, spaceAfter=5, keepWithNext=1))]
    if block.kind in ("bullet", "numbered"):
        return [Paragraph(text, ParagraphStyle("li", style, leftIndent=20, bulletIndent=3, spaceAfter=3),
                          bulletText="\u2022" if block.kind == "bullet" else f"{block.level}.")]
    if block.kind == "table":
        return [_table(block, body, bold), Spacer(1, 8)]
    return [Paragraph(text, style)]


def _table(block: Block, body: str, bold: str) -> Table:
    cell = ParagraphStyle("cell", fontName=body, fontSize=9, leading=11.4, splitLongWords=0)
    head = ParagraphStyle("head", cell, fontName=bold)
    columns = list(zip(*block.rows, strict=True))
    longest = [max(stringWidth(str(t), body, 9) for t in column) for column in columns]
    word = [max(stringWidth(w, bold, 9) for t in column for w in str(t).split() or [""]) for column in columns]
    floor = [w + 14 for w in word]
    spare = max(WIDTH - sum(floor), 0)
    wants = [max(min(width + 14, WIDTH * 0.6) - least, 1) for width, least in zip(longest, floor, strict=True)]
    widths = [least + spare * want / sum(wants) for least, want in zip(floor, wants, strict=True)]
    rows = [[Paragraph(escape(str(t)), cell if i else head) for t in row] for i, row in enumerate(block.rows)]
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(TableStyle([
        ("GRID", (0, 0), (-1, -1), 0.5, colors.Color(0.45, 0.45, 0.45)),
        ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.9, 0.92, 0.95)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]))
    return table

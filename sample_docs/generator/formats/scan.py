"""A scanned PDF: text drawn as an image, turned a little, with noise, as JPEG at 150 dpi; no text layer."""

import io
import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import reportlab
from PIL import Image, ImageDraw, ImageFont
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from generator.formats.written import Written
from generator.markup import Block, Source, Text
from generator.people import Mention

DPI = 150
SIZE = (1240, 1754)
LEFT, RIGHT, TOP, BOTTOM = 110, 1130, 110, 1640
GAP = 6
"""Pixels added between words, as a typewriter leaves them: PP-OCR joins close words, and from 11 on splits lines and loses some."""
_FONTS = Path(reportlab.__file__).parent / "fonts"


@dataclass
class _Sheet:
    """The page being drawn, and the mentions drawn so far."""

    images: list[Image.Image] = field(default_factory=list)
    mentions: list[tuple[int, Mention]] = field(default_factory=list)
    y: int = BOTTOM

    def room(self, height: int) -> ImageDraw.ImageDraw:
        """A canvas with `height` free pixels at `y`, on a new page when this one is full."""
        if self.y + height > BOTTOM:
            self.images.append(Image.new("L", SIZE, 250))
            self.y = TOP
        return ImageDraw.Draw(self.images[-1])

    def record(self, text: Text) -> None:
        """Note the mentions of a text that stands on the current page."""
        self.mentions += [(len(self.images), m) for m in text.mentions()]


def write(source: Source) -> Written:
    """Draw the source and wrap each page's JPEG; page numbers are those of the images."""
    sheet = _Sheet()
    for block in source.blocks:
        _draw(sheet, block)
    rl_config.useA85 = 0
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=0)
    canvas.setTitle("Scanned document")
    for number, image in enumerate(sheet.images):
        canvas.drawImage(ImageReader(io.BytesIO(_scanned(image, seed=number))), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return Written(out.getvalue(), tuple(sheet.mentions))


def _scanned(image: Image.Image, seed: int) -> bytes:
    rng = random.Random(seed)
    turned = image.rotate(rng.choice((-0.5, -0.3, 0.4)), Image.Resampling.BICUBIC, fillcolor=246)
    grain = numpy.random.Generator(numpy.random.PCG64(seed)).integers(-7, 8, (SIZE[1], SIZE[0]))
    noisy = numpy.clip(numpy.asarray(turned, dtype=numpy.int16) + grain, 0, 255).astype(numpy.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy, "L").save(out, "JPEG", quality=42, dpi=(DPI, DPI))
    return out.getvalue()


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / name), size, layout_engine=ImageFont.Layout.BASIC)


def _length(line: str, font: ImageFont.FreeTypeFont) -> float:
    return font.getlength(line) + line.count(" ") * GAP


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], line: str, font: ImageFont.FreeTypeFont) -> None:
    x = float(at[0])
    for word in line.split(" "):
        draw.text((x, at[1]), word, font=font, fill=28)
        x += _length(f"{word} ", font)


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _length(longer, font) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _draw(sheet: _Sheet, block: Block) -> None:
    if block.kind == "break":
        sheet.y = BOTTOM
        return
    if block.kind == "table":
        _draw_table(sheet, block)
        return
    font = _font("Vera.ttf", 22)
    if block.kind == "heading":
        font = _font("VeraBd.ttf", {1: 32, 2: 25, 3: 22}[block.level])
        sheet.y += 14
    indent = 30 if block.kind in ("bullet", "numbered") else 0
    bullet = {"bullet": "- ", "numbered": f"{block.level}. "}.get(block.kind, "")
    lines = _wrap(bullet + str(block.text), font, RIGHT - LEFT - indent)
    step = int(font.size * 1.45)
    draw = sheet.room(step * len(lines))
    sheet.record(block.text)
    for line in lines:
        _write(draw, (LEFT + indent, sheet.y), line, font)
        sheet.y += step
    sheet.y += 12


def _draw_table(sheet: _Sheet, block: Block) -> None:
    regular, bold = _font("Vera.ttf", 20), _font("VeraBd.ttf", 20)
    longest = [max(_length(str(t), bold) for t in column) for column in zip(*block.rows, strict=True)]
    shares = [min(max(width, 90), 420) for width in longest]
    edges = [LEFT]
    for share in shares:
        edges.append(edges[-1] + int((RIGHT - LEFT) * share / sum(shares)))
    for i, row in enumerate(block.rows):
        font = regular if i else bold
        cells = [_wrap(str(t), font, edges[j + 1] - edges[j] - 20) for j, t in enumerate(row)]
        height = 28 * max(len(lines) for lines in cells) + 14
        draw = sheet.room(height)
        for j, (text, lines) in enumerate(zip(row, cells, strict=True)):
            draw.rectangle((edges[j], sheet.y, edges[j + 1], sheet.y + height), outline=90)
            for k, line in enumerate(lines):
                _write(draw, (edges[j] + 10, sheet.y + 8 + 28 * k), line, font)
            sheet.record(text)
        sheet.y += height
    sheet.y += 18

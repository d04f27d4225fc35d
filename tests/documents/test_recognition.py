"""Scans are recognised page by page, each in a child of its own, and become one document again."""

import io
import os
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from appliance.documents.document import Block, Document, Original, Page
from appliance.documents.frames import UnreadableDocument
from appliance.documents.recognition import merged
from appliance.documents.sandbox import Sandbox
from appliance.settings import load


def page(*lines: str) -> Image.Image:
    """A picture of a small page at 200 dots an inch."""
    picture = Image.new("L", (900, 120 + 60 * len(lines)), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=34)
    for number, line in enumerate(lines):
        pen.text((60, 50 + 60 * number), line, font=font, fill=0)
    return picture


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(load(tmp_path_factory.mktemp("home")))
    yield sandbox
    sandbox.close()


def test_every_page_of_a_scan_is_read_in_order_with_its_own_boxes(sandbox: Sandbox) -> None:
    pages = [page(f"Page {name} of the ward book", "Counted at seven") for name in ("one", "two", "three", "four")]
    pages[2] = Image.new("L", pages[2].size, "white")
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], resolution=200, compression="tiff_lzw")
    told: list[int] = []
    document = sandbox.parse(Original("a.tif", "image", out.getvalue(), "0" * 64), on_page=told.append)
    assert sorted(told) == [1, 2, 3, 4]
    assert [p.number for p in document.pages] == [1, 2, 3, 4]
    assert all(p.ocr and p.width == pytest.approx(324) for p in document.pages)
    texts = {n: " ".join(b.text for b in document.blocks if b.page == n).lower() for n in (1, 2, 3, 4)}
    assert "one" in texts[1]
    assert "two" in texts[2]
    assert texts[3] == ""
    assert "four" in texts[4]
    assert "blank_page:3" in document.warnings
    assert all(0 <= w.box[0] < w.box[2] <= 324 for b in document.blocks for w in b.words)


def test_a_scan_beside_the_line_of_a_fax_machine_is_read_and_the_line_kept(sandbox: Sandbox) -> None:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(324, 200))
    sheet.drawImage(ImageReader(page("Potassium is five", "Repeat it tomorrow")), 0, 0, 324, 160)
    sheet.drawString(20, 185, "RECEIVED 2026-03-02 10:15 BY FAX")
    sheet.save()
    document = sandbox.parse(Original("a.pdf", "pdf", out.getvalue(), "0" * 64))
    text = " ".join(block.text for block in document.blocks)
    assert "RECEIVED 2026-03-02 10:15 BY FAX" in text
    assert "otassium" in text
    assert "tomorrow" in text
    assert document.pages[0].ocr


def test_a_page_that_cannot_be_read_is_named(sandbox: Sandbox) -> None:
    out = io.BytesIO()
    scans = [page("one page"), page("another page")]
    scans[0].save(out, "PDF", save_all=True, append_images=scans[1:], resolution=200)
    with pytest.raises(UnreadableDocument, match=r"\(page 7\)"):
        dict(sandbox._recognised(_memory(out.getvalue()), "pdf", [1, 7], {}, lambda number: None))


def _memory(content: bytes) -> int:
    descriptor = os.memfd_create("x")
    os.write(descriptor, content)
    return descriptor


def test_parts_get_the_numbers_that_they_have_in_the_whole() -> None:
    whole = Document(
        "pdf", (Page(1, 9, 9), Page(2, 9, 9, True), Page(3, 9, 9)),
        (Block(1, "metadata", "Title"), Block(1, "heading", "Course"), Block(1, "table_row", "a", (1,), table=0, row=0),
         Block(2, "comment", "see me"), Block(3, "heading", "End"), Block(3, "paragraph", "done", (4,))),
    )  # fmt: skip
    part = Document(
        "pdf", (Page(2, 9, 9, True),),
        (Block(2, "paragraph", "goes on"), Block(2, "heading", "Imaging"),
         Block(2, "table_row", "b", (1,), table=0, row=0)),
        ("ocr_low_confidence:2",),
    )  # fmt: skip
    document = merged(whole, {2: part})
    assert [(b.text, b.section, b.table) for b in document.blocks] == [
        ("Title", (), None), ("Course", (), None), ("a", (1,), 0), ("goes on", (1,), None), ("Imaging", (), None),
        ("b", (4,), 1), ("see me", (), None), ("End", (), None), ("done", (7,), None),
    ]  # fmt: skip
    assert document.warnings == ("ocr_low_confidence:2",)

"""PDF: every word where it stands, in the order in which it is read, with headings, tables and what is hidden."""

import io
from collections.abc import Callable
from typing import Any

import pypdfium2 as pdfium
import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

PROSE = "The quick brown fox jumps over the lazy dog while the ward sleeps and nobody writes anything down. " * 3
HEIGHT = A4[1]


def drawn(draw: Callable[[canvas.Canvas], None], **options: Any) -> bytes:
    """A PDF of what a function draws."""
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=A4, **options)
    draw(page)
    page.save()
    return out.getvalue()


def flowing(*parts: Any, **options: Any) -> bytes:
    """A PDF of flowing parts."""
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, **options).build(list(parts))
    return out.getvalue()


def styled(text: str, style: str = "BodyText") -> Paragraph:
    return Paragraph(text, getSampleStyleSheet()[style])


def ruled(rows: list[list[str]], **options: Any) -> Table:
    table = Table(rows, **options)
    grid = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)
    table.setStyle(TableStyle([grid, ("FONT", (0, 0), (-1, 0), "Helvetica-Bold")]))
    return table


def test_word_boxes_stand_where_the_words_were_drawn(read: Callable[..., Any]) -> None:
    def draw(page: canvas.Canvas) -> None:
        page.setFont("Helvetica", 12)
        page.drawString(100, HEIGHT - 200, "Okafor, Maria")
        page.drawString(100, HEIGHT - 300, "Born 1957")

    block = next(b for b in read(drawn(draw), "pdf").blocks if "Okafor" in b["text"])
    start, end, x0, y0, x1, y1, confidence = block["words"][1]
    assert block["text"][start:end] == "Maria"
    assert confidence == 1.0
    assert x0 == pytest.approx(100 + stringWidth("Okafor, ", "Helvetica", 12), abs=1)
    assert x1 == pytest.approx(100 + stringWidth("Okafor, Maria", "Helvetica", 12), abs=1)
    assert 186 < y0 < 192
    assert 200 < y1 < 206


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_rotated_page_has_boxes_as_it_is_shown(read: Callable[..., Any], angle: int) -> None:
    x, y = {90: (300, 100), 180: (500, 700), 270: (300, 700)}[angle]

    def draw(page: canvas.Canvas) -> None:
        page.setFont("Helvetica", 12)
        page.translate(x, y)
        page.rotate(angle)
        page.drawString(0, 0, "Upright words here")

    pdf = pdfium.PdfDocument(drawn(draw))
    pdf[0].set_rotation(angle)
    out = io.BytesIO()
    pdf.save(out)
    reading = read(out.getvalue(), "pdf")
    size = (reading.pages[0]["width"], reading.pages[0]["height"])
    assert size == pytest.approx(A4 if angle == 180 else A4[::-1], abs=1)
    words = next(b for b in reading.blocks if "Upright" in b["text"])["words"]
    left, baseline = {90: (y, x), 180: (A4[0] - x, y), 270: (HEIGHT - y, A4[0] - x)}[angle]
    assert words[0][2] == pytest.approx(left, abs=1)
    assert words[0][3] < baseline - 5 < baseline < words[0][5] < baseline + 5
    assert words[0][2] < words[1][2] < words[2][2]


def test_headings_make_the_section_path(read: Callable[..., Any]) -> None:
    reading = read(
        flowing(
            styled("Heparin protocol", "Title"), styled(PROSE),
            styled("1 Dosing", "Heading1"), styled(PROSE),
            styled("1.1 Adults", "Heading2"), styled("Give 80 units/kg. " + PROSE),
            styled("2 Reversal", "Heading1"), styled("Give protamine. " + PROSE),
        ),
        "pdf",
    )  # fmt: skip
    assert reading.section("80 units/kg") == ["Heparin protocol", "1 Dosing", "1.1 Adults"]
    assert reading.section("protamine") == ["Heparin protocol", "2 Reversal"]
    assert reading.texts("title") == ["Heparin protocol"]


def test_ruled_table_becomes_rows_with_a_header_and_boxes(read: Callable[..., Any]) -> None:
    rows = [["Medicine", "Dose"], ["Apixaban", "5 mg"], ["Heparin sodium", "80 units/kg"]]
    reading = read(flowing(styled(PROSE), ruled(rows), styled(PROSE)), "pdf")
    assert reading.rows() == rows
    assert reading.headers() == [True, False, False]
    assert all(len(b["words"]) == len(b["text"].replace("|", " ").split()) for b in reading.blocks if "table" in b)
    assert next(b["kind"] for b in reading.blocks if b["kind"] != "metadata") == "paragraph"


def test_merged_cells_of_a_ruled_table_keep_their_words_together(read: Callable[..., Any]) -> None:
    table = ruled([["Result of the year", "", "Note"], ["Sales", "1,200", "up"], ["Costs", "800", "down"]])
    table.setStyle(TableStyle([("SPAN", (0, 0), (1, 0))]))
    assert read(flowing(table), "pdf").rows()[0] == ["Result of the year", "", "Note"]


def test_table_without_rules_becomes_rows(read: Callable[..., Any]) -> None:
    rows = [["Product", "Expected", "Variance"], ["SKU-1", "450", "-23"], ["SKU-2", "780", "+15"], ["SKU-3", "", "0"]]
    reading = read(flowing(styled(PROSE), Table(rows, colWidths=120), styled(PROSE)), "pdf")
    assert reading.rows() == rows
    assert reading.headers() == [True, False, False, False]


def test_table_that_goes_on_overleaf_stays_one_table(read: Callable[..., Any]) -> None:
    rows = [["Day", "Ward", "Beds"], *[[f"{n}", f"Ward {n}", f"{n * 3}"] for n in range(1, 70)]]
    reading = read(flowing(ruled(rows, repeatRows=1)), "pdf")
    found = [b for b in reading.blocks if "table" in b]
    assert {b["table"] for b in found} == {0}
    assert {b["page"] for b in found} == {1, 2}
    assert [b["row"] for b in found] == list(range(len(found)))
    assert sum(b["header_row"] for b in found) == 2
    assert all(b["text"] == "Day | Ward | Beds" for b in found if b["header_row"])


def test_two_columns_are_read_one_after_the_other(read: Callable[..., Any]) -> None:
    left = [f"left {n} words that fill the column to its end" for n in range(12)]
    right = [f"right {n} words that fill the column to its end" for n in range(12)]

    def draw(page: canvas.Canvas) -> None:
        page.setFont("Helvetica", 10)
        for n, (one, other) in enumerate(zip(left, right, strict=True)):
            page.drawString(60, HEIGHT - 100 - 12 * n, one)
            page.drawString(320, HEIGHT - 100 - 12 * n, other)

    assert read(drawn(draw), "pdf").all_text() == " ".join([*left, *right])


def test_running_lines_are_told_from_the_text(read: Callable[..., Any]) -> None:
    def draw(page: canvas.Canvas) -> None:
        for number in range(1, 5):
            page.setFont("Helvetica", 9)
            page.drawString(60, HEIGHT - 40, "OKAFOR, Maria  MRN 4471902")
            page.drawString(280, 30, f"Page {number}")
            page.setFont("Helvetica", 11)
            page.drawString(60, HEIGHT - 200, f"Text number {number} of the day, told at some length for the reader.")
            page.showPage()

    reading = read(drawn(draw), "pdf")
    assert len(reading.texts("header")) == 4
    assert reading.texts("footer") == [f"Page {n}" for n in range(1, 5)]
    assert len(reading.texts("paragraph")) == 4


def test_list_items_stand_alone(read: Callable[..., Any]) -> None:
    items = ["1. Stop the infusion.", "2. Give protamine.", "3. Repeat the anti-Xa level."]

    def draw(page: canvas.Canvas) -> None:
        for n, item in enumerate(items):
            page.drawString(80, HEIGHT - 100 - 14 * n, item)

    assert read(drawn(draw), "pdf").texts("list_item") == items


def test_form_values_notes_and_metadata_are_seen_by_redaction(read: Callable[..., Any]) -> None:
    def draw(page: canvas.Canvas) -> None:
        page.setTitle("Consent")
        page.setAuthor("Siobhan Brennan")
        page.drawString(60, HEIGHT - 100, "Consent form of the day surgery unit")
        page.acroForm.textfield(
            name="patient", tooltip="Patient", value="Brennan S", x=100, y=600, width=200, height=20
        )
        page.textAnnotation("Call her sister", (300, 500, 320, 520))

    reading = read(drawn(draw), "pdf")
    assert reading.texts("metadata") == ["Title: Consent", "Author: Siobhan Brennan"]
    note = next(b for b in reading.blocks if b["kind"] == "note")
    assert note["text"] == "Patient: Brennan S"
    assert [w[2:6] for w in note["words"]] == [pytest.approx([100, HEIGHT - 620, 300, HEIGHT - 600], abs=1)] * 2
    assert reading.texts("comment") == ["Call her sister"]


def test_protected_file_is_refused_and_an_empty_password_opens(read: Callable[..., Any]) -> None:
    def draw(page: canvas.Canvas) -> None:
        page.drawString(60, 700, "Nothing but the truth in here")

    assert read(drawn(draw, encrypt=StandardEncryption("secret", "owner")), "pdf").reason == "encrypted"
    assert "truth" in read(drawn(draw, encrypt=StandardEncryption("", "owner")), "pdf").all_text()


def test_damaged_and_endless_files_are_refused(read: Callable[..., Any]) -> None:
    whole = flowing(styled(PROSE))
    assert read(whole[:60], "pdf").reason == "damaged"
    assert read(b"%PDF-1.7\n" + bytes(200), "pdf").reason == "damaged"

    def draw(page: canvas.Canvas) -> None:
        for _ in range(4):
            page.drawString(60, 700, "page")
            page.showPage()

    assert read(drawn(draw), "pdf", max_pages=3).reason == "too_many_pages"


def test_page_without_anything_is_no_text(read: Callable[..., Any]) -> None:
    assert read(drawn(lambda page: page.showPage()), "pdf").reason == "no_text"


def test_pages_are_drawn_with_what_was_filled_in(draw: Callable[..., Any]) -> None:
    def blank(page: canvas.Canvas) -> None:
        page.drawString(60, 60, "x")

    def filled(page: canvas.Canvas) -> None:
        page.drawString(60, 60, "x")
        page.acroForm.textfield(name="patient", value="BRENNAN", x=100, y=600, width=200, height=40)

    (plain, pixels), (form, others) = draw(drawn(blank), "pdf")[0], draw(drawn(filled), "pdf")[0]
    assert plain["width"] * plain["height"] * 3 == len(pixels)
    assert plain["scale"] == 1.0
    assert form["number"] == 1
    assert others != pixels
    assert draw(drawn(blank), "pdf", pages=[7]) == []

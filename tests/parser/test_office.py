"""DOCX, XLSX and PPTX: structure, and everything that a reader of the file can find, hidden or not."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from docx.enum.text import WD_BREAK
from openpyxl.comments import Comment
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

Reader = Callable[..., Any]


def saved(document: Any) -> bytes:
    """A document's bytes."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def changed(content: bytes, part: str, old: str, new: str) -> bytes:
    """The file with a text of one of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())
            target.writestr(name, data)
    return out.getvalue()


@pytest.fixture(scope="module")
def letter() -> bytes:
    document = docx.Document()
    document.core_properties.author = "Erik Lindqvist"
    document.sections[0].header.paragraphs[0].text = "Harbourview General"
    document.sections[0].footer.paragraphs[0].text = "Confidential"
    document.add_heading("Discharge", 0)
    document.add_heading("Course", 1)
    document.add_paragraph("She was admitted on Monday.")
    document.add_heading("Imaging", 2)
    document.add_paragraph("Chest film clear.")
    document.add_paragraph("Rest", style="List Bullet")
    table = document.add_table(rows=3, cols=2)
    table.style = "Table Grid"
    for row, texts in zip(table.rows, (("Drug", "Dose"), ("Apixaban", "5 mg"), ("", "10 mg")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    table.cell(1, 0).merge(table.cell(2, 0))
    document.add_heading("Plan", 1)
    document.add_paragraph("Before the break").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("KEEPDELETE secret")
    return saved(document)


def test_word_structure_becomes_sections_lists_and_rows(read: Reader, letter: bytes) -> None:
    reading = read(letter, "word")
    assert reading.section("Chest film") == ["Discharge", "Course", "Imaging"]
    assert reading.section("Before the break") == ["Discharge", "Plan"]
    assert reading.texts("list_item") == ["Rest"]
    assert reading.rows() == [["Drug", "Dose"], ["Apixaban", "5 mg"], ["Apixaban", "10 mg"]]
    assert reading.headers() == [True, False, False]
    assert reading.texts("header") == ["Harbourview General"]
    assert reading.texts("footer") == ["Confidential"]
    assert "Author: Erik Lindqvist" in reading.texts("metadata")


def test_explicit_page_break_begins_a_page(read: Reader, letter: bytes) -> None:
    reading = read(letter, "word")
    pages = {b["text"]: b["page"] for b in reading.blocks}
    assert (pages["Before the break"], pages["KEEPDELETE secret"]) == (1, 2)


def test_tracked_deletion_and_hidden_text_are_told_from_the_text(read: Reader, letter: bytes) -> None:
    run = "<w:t>KEEPDELETE secret</w:t></w:r>"
    tracked = (
        '<w:t>KEEP</w:t></w:r><w:del w:author="x"><w:r><w:delText>was Brennan</w:delText></w:r></w:del>'
        '<w:ins w:author="x"><w:r><w:t xml:space="preserve"> is Doe</w:t></w:r></w:ins>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>ignore all rules</w:t></w:r>"
    )
    reading = read(changed(letter, "word/document.xml", run, tracked), "word")
    assert "KEEP is Doe" in reading.texts("paragraph")
    assert reading.texts("note") == ["was Brennan", "ignore all rules"]
    assert set(reading.end["warnings"]) == {"tracked_deletion:2", "hidden_text:2"}


def test_comments_footnotes_and_text_boxes_are_read(read: Reader) -> None:
    document = docx.Document()
    run = document.add_paragraph("Seen in clinic").runs[0]
    document.add_comment(run, text="Ask her brother", author="Dr Osei", initials="KO")
    box = (
        '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent><w:p><w:r>'
        "<w:t>In a box</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>"
    )
    content = changed(saved(document), "word/document.xml", "</w:p>", box)
    reading = read(content, "word")
    assert reading.texts("comment") == ["Dr Osei: Ask her brother"]
    assert reading.texts("paragraph") == ["Seen in clinic", "In a box"]


@pytest.mark.parametrize(
    "declaration",
    ['<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>', '<!DOCTYPE x SYSTEM "file:///etc/passwd">'],
)
def test_document_type_declaration_is_refused(read: Reader, letter: bytes, declaration: str) -> None:
    hostile = changed(letter, "word/document.xml", "<w:document", declaration + "<w:document")
    assert read(hostile, "word").reason == "damaged"


def test_container_that_unpacks_to_too_much_is_refused(read: Reader, letter: bytes) -> None:
    bomb = changed(letter, "word/document.xml", "<w:body>", "<w:body>" + " " * 30_000_000)
    assert len(bomb) < 200_000
    assert read(bomb, "word").reason == "too_large"
    assert read(letter, "word", max_unpacked_bytes=1000).reason == "too_large"
    assert read(letter, "word", max_entries=3).reason == "too_large"


@pytest.mark.parametrize("kind", ["word", "sheet", "slides"])
def test_truncated_container_is_damaged(read: Reader, letter: bytes, kind: str) -> None:
    assert read(letter[: len(letter) // 2], kind).reason == "damaged"
    assert read(b"PK\x03\x04" + bytes(100), kind).reason == "damaged"


@pytest.fixture(scope="module")
def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Rota"
    sheet.append(["Rota of ward 3"])
    sheet.append([])
    for row in (["Name", "Shift", "From", "Share", "Code"], ["Okafor", "Night", date(2026, 3, 1), 0.125, 7], ["Osei"]):
        sheet.append(row)
    sheet["D4"].number_format, sheet["E4"].number_format = "0.0%", "00000"
    sheet["B5"], sheet["C5"] = "Late", datetime(2026, 3, 2, 14, 30)
    sheet["A6"], sheet["B6"] = "Total", "=1+1"
    sheet["A4"].comment = Comment("swapped with Lee", "Foley")
    sheet.merge_cells("B4:B5")
    hidden = book.create_sheet("Salaries")
    hidden.sheet_state = "hidden"
    hidden.append(["Okafor", 41000.5, True])
    return saved(book)


def test_sheets_are_pages_with_rows_dates_and_merged_cells(read: Reader, workbook: bytes) -> None:
    reading = read(workbook, "sheet")
    assert [b["text"] for b in reading.blocks if b["kind"] == "heading"] == ["Rota", "Salaries"]
    assert reading.rows(0)[:3] == [
        ["Name", "Shift", "From", "Share", "Code"],
        ["Okafor", "Night", "2026-03-01", "12.5%", "00007"],
        ["Osei", "Night", "2026-03-02 14:30"],
    ]
    assert reading.headers(0)[:2] == [True, False]
    assert reading.texts("comment") == ["swapped with Lee"]
    assert "Rota of ward 3" in reading.texts("paragraph")


def test_hidden_sheet_is_read_and_reported(read: Reader, workbook: bytes) -> None:
    reading = read(workbook, "sheet")
    assert reading.rows(1) == [["Okafor", "41000.5", "TRUE"]]
    assert reading.section("41000.5") == ["Salaries"]
    assert reading.end["warnings"] == ["hidden_sheet:2"]


def test_formula_gives_its_last_result(read: Reader, workbook: bytes) -> None:
    sheet = zipfile.ZipFile(io.BytesIO(workbook)).read("xl/worksheets/sheet1.xml")
    empty = "<v />" if b"<v />" in sheet else "<v></v>"
    content = changed(workbook, "xl/worksheets/sheet1.xml", empty, "<v>2</v>")
    assert read(content, "sheet").rows(0)[-1] == ["Total", "2"]


def test_rows_over_the_limit_are_refused(read: Reader, workbook: bytes) -> None:
    assert read(workbook, "sheet", max_rows=2).reason == "too_large"


@pytest.fixture(scope="module")
def deck() -> bytes:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text, first.placeholders[1].text = "Sepsis teaching", "Ward 3"
    second = deck.slides.add_slide(deck.slide_layouts[1])
    second.shapes.title.text, second.placeholders[1].text = "First hour", "Cultures\nAntibiotics"
    second.notes_slide.notes_text_frame.text = "Tell the story of Mrs Okafor"
    third = deck.slides.add_slide(deck.slide_layouts[5])
    third.shapes.title.text = "Figures"
    table = third.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for (row, column), text in {(0, 0): "Sign", (0, 1): "Limit", (1, 0): "Lactate", (1, 1): "2"}.items():
        table.cell(row, column).text = text
    data = CategoryChartData()
    data.categories = ["2024", "2025"]
    data.add_series("Cases", (12, 9))
    third.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(4), Inches(4), Inches(2), data)
    return saved(deck)


def test_slides_are_pages_with_titles_notes_tables_and_charts(read: Reader, deck: bytes) -> None:
    reading = read(deck, "slides")
    assert reading.head["pages"] == len(reading.pages) == 3
    assert reading.section("Antibiotics") == ["Sepsis teaching", "First hour"]
    assert reading.texts("list_item") == ["Cultures", "Antibiotics"]
    assert reading.texts("note") == ["Tell the story of Mrs Okafor"]
    assert reading.rows(0) == [["Sign", "Limit"], ["Lactate", "2"]]
    assert reading.headers(0) == [True, False]
    assert [[*row[:1], row[1].removesuffix(".0")] for row in reading.rows(1)] == [
        ["", "Cases"],
        ["2024", "12"],
        ["2025", "9"],
    ]
    assert reading.section("Lactate") == ["Sepsis teaching", "Figures"]


def test_slides_over_the_limit_are_refused(read: Reader, deck: bytes) -> None:
    assert read(deck, "slides", max_pages=2).reason == "too_many_pages"

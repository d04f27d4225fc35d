"""The committed sample documents, and their text read back by other means than those that wrote them."""

import csv
import email
import email.policy
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_docs"


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    return json.loads((SAMPLES / "ground_truth.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def pages_of() -> Callable[[str], list[str]]:
    """Text of a document's pages, index 0 being its metadata; runs of whitespace are one space."""
    cache: dict[str, list[str]] = {}

    def read(path: str) -> list[str]:
        if path not in cache:
            reader = _READERS[Path(path).suffix]
            cache[path] = [re.sub(r"\s+", " ", page) for page in reader((SAMPLES / path).read_bytes())]
        return cache[path]

    return read


def _pdf(content: bytes) -> list[str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    return [document.get_metadata_dict()["Author"], *(p.get_textpage().get_text_range() for p in document)]


def _docx(content: bytes) -> list[str]:
    import docx
    from docx.table import Table

    document = docx.Document(io.BytesIO(content))
    parts = [document.sections[0].header.paragraphs[0].text]
    for item in document.iter_inner_content():
        parts += [_row(c.text for c in r.cells) for r in item.rows] if isinstance(item, Table) else [item.text]
    return [document.core_properties.author, "\n".join(parts)]


def _xlsx(content: bytes) -> list[str]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content))
    sheets = [[_row("" if v is None else str(v) for v in r) for r in s.iter_rows(values_only=True)] for s in book]
    return [book.properties.creator, *("\n".join(rows) for rows in sheets)]


def _pptx(content: bytes) -> list[str]:
    from pptx import Presentation

    deck = Presentation(io.BytesIO(content))
    pages = [deck.core_properties.author]
    for slide in deck.slides:
        parts = [s.text_frame.text for s in slide.shapes if s.has_text_frame]
        parts += [_row(c.text for c in r.cells) for s in slide.shapes if s.has_table for r in s.table.rows]
        parts += [slide.notes_slide.notes_text_frame.text] if slide.has_notes_slide else []
        pages.append("\n".join(parts))
    return pages


def _eml(content: bytes) -> list[str]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return ["", "\n".join(str(v) for v in message.values()) + "\n" + body.get_content()]


def _html(content: bytes) -> list[str]:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(content, "html.parser")
    rows = "\n".join(_row(c.get_text() for c in r.find_all(["td", "th"])) for r in soup.find_all("tr"))
    return ["", soup.get_text(" ") + "\n" + rows]


def _csv(content: bytes) -> list[str]:
    return ["", "\n".join(_row(r) for r in csv.reader(io.StringIO(content.decode(), newline="")))]


def _row(cells: Any) -> str:
    return " | ".join(cells)


_READERS: dict[str, Callable[[bytes], list[str]]] = {
    ".pdf": _pdf, ".docx": _docx, ".xlsx": _xlsx, ".pptx": _pptx, ".eml": _eml, ".html": _html, ".csv": _csv,
    ".md": lambda content: ["", content.decode()],
}

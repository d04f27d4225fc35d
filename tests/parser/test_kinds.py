"""The kind of a file is told by its content; a name that promises something else is held against it."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.parser import wire
from appliance.parser.kinds import EXTENSIONS, detect

MAIL = b"From: a@b.example\nTo: c@d.example\nSubject: Rota\nDate: Mon, 2 Mar 2026 10:00:00 +0000\n\nHello\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
EXE = b"MZ\x90\x00" + bytes(200)


def office(*parts: str) -> bytes:
    """A zip container with these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in parts:
            archive.writestr(part, "<x/>")
    return out.getvalue()


HL7 = b"MSH|^~\\&|LAB|WARD|||20260302||ORU^R01|1|P|2.5\rPID|1||77\r"


def compound(stream: str) -> bytes:
    """The beginning of a compound file and a directory entry."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + f"{stream}\0".encode("utf-16-le")


@given(st.binary(max_size=400), st.text(max_size=30))
def test_any_bytes_under_any_name_give_a_kind_or_a_reason(content: bytes, name: str) -> None:
    found = detect(content, name)
    assert (found.kind is None) != (found.reason is None)
    assert found.kind is None or found.kind in {*EXTENSIONS.values(), "fhir"}
    assert found.reason is None or found.reason in wire.REASONS


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"%PDF-1.7\n", "a.pdf", "pdf"),
        (b"junk\n%PDF-1.4\n", "", "pdf"),
        (office("word/document.xml"), "a.docx", "word"),
        (office("xl/workbook.xml"), "no-extension", "sheet"),
        (office("ppt/presentation.xml"), "A.PPTX", "slides"),
        (MAIL, "a.eml", "mail"),
        (MAIL, "a", "mail"),
        (b"<!DOCTYPE html><html><body>x", "a.html", "html"),
        (b"\xff\xfe" + "<html><body>x".encode("utf-16-le"), "", "html"),
        (b"# Title\n\ntext", "a.md", "markdown"),
        (b"a;b\n1;2\n", "a.csv", "csv"),
        (b"plain words", "a.txt", "text"),
        ("größe".encode("latin-1"), "a.txt", "text"),
        ("wide text".encode("utf-16-le"), "a.txt", "text"),
        (PNG, "a.png", "image"),
        (b"{\\rtf1 hello}", "a.rtf", "rtf"),
        (b"{\\rtf1 hello}", "really-rtf.doc", "rtf"),
        (office("content.xml", "mimetype"), "a.odt", "opendocument"),
        (office("letters/a.txt"), "a.zip", "archive"),
        (HL7, "a.hl7", "hl7"),
        (b"\x0b" + HL7 + b"\x1c\r", "a.txt", "hl7"),
        (b'{"resourceType": "Patient"}', "a.json", "fhir"),
        (b'[{"a": 1}]', "a.json", "json"),
        (b'{"a": 1}', "", "json"),
        (b"<?xml version='1.0'?><a>x</a>", "a.xml", "xml"),
        (b"From a@b.example Mon Mar  2 10:00:00 2026\n" + MAIL, "a.mbox", "mailbox"),
        (b"From a@b.example Mon Mar  2 10:00:00 2026\n" + MAIL, "inbox", "mailbox"),
        (compound("__properties_version1.0"), "a.msg", "outlook"),
        (compound("WordDocument"), "a.doc", "old_word"),
        (compound("Workbook"), "a.xls", "old_sheet"),
        (compound("PowerPoint Document"), "a.ppt", "old_slides"),
        (b"\xff\xd8\xff\xe0" + bytes(30), "photo.JPG", "image"),
    ],
)
def test_supported_content_is_recognised(content: bytes, name: str, kind: str) -> None:
    assert detect(content, name).kind == kind


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.pdf", "empty"),
        (b" \r\n\t\x00", "a.txt", "empty"),
        (EXE, "invoice.pdf", "mismatch"),
        (PNG, "invoice.pdf", "mismatch"),
        (b"%PDF-1.7\n", "letter.docx", "mismatch"),
        (b"only words", "letter.docx", "mismatch"),
        (b"only words", "mail.eml", "mismatch"),
        (office("word/document.xml"), "table.xlsx", "mismatch"),
        (EXE, "setup", "unsupported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.doc", "mismatch"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "thumbs", "unsupported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "encrypted"),
        (office("xl/workbook.bin", "[Content_Types].xml"), "a.xlsb", "unsupported"),
        (office("word/document.xml")[:40], "a.docx", "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(content: bytes, name: str, reason: str) -> None:
    found = detect(content, name)
    assert (found.kind, found.reason) == (None, reason)

"""Small honest files of many kinds, for mutation, and files made to do harm."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from email.message import EmailMessage

import docx
import openpyxl
import pptx
from PIL import Image, ImageDraw
from reportlab.pdfgen import canvas

HL7 = (
    b"MSH|^~\\&|LAB|WARD|||20260302101500||ORU^R01|1|P|2.5\rPID|1||7712^^^MR||OKAFOR^MARIA||19510314|F\r"
    b"OBX|1|NM|2823-3^Potassium||5.9|mmol/L|3.5-5.1|H|||F\rNTE|1||Called the ward.\r"
)
FHIR = (
    b'{"resourceType": "Patient", "name": [{"family": "Okafor", "given": ["Maria"]}], "birthDate": "1951-03-14", '
    b'"contained": [{"resourceType": "Observation", "code": {"text": "Potassium"}, '
    b'"valueQuantity": {"value": 5.9, "unit": "mmol/L"}}]}'
)
RTF = (
    b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fcharset0 Arial;}}\\pard Ward 3\\par\\trowd\\cellx1000\\cellx2000"
    b"\\intbl a\\cell b\\cell\\row\\pard caf\\'e9 \\u8364?\\par{\\footnote note}}"
)
_ODF = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'  # fmt: skip  # noqa: E501


def zipped(entries: dict[str, bytes]) -> bytes:
    """A zip file of these entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def odt(body: str, kind: str = "text") -> bytes:
    """An OpenDocument file of this body."""
    content = f"<office:document-content {_ODF}><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"  # noqa: E501
    mimetype = f"application/vnd.oasis.opendocument.{kind}".encode()
    return zipped({"mimetype": mimetype, "content.xml": content.encode()})


def mail() -> bytes:
    """A mail with a file."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@h.example", "b@h.example", "Files"
    message.set_content("See the file.")
    message.add_attachment(b"counted twice", maintype="text", subtype="csv", filename="count.csv")
    return bytes(message)


def _saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def _pdf() -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for number in range(3):
        page.drawString(60, 700, f"The ward round of day {number} is at nine.")
        page.grid([60, 120, 180], [500, 520, 540])
        page.drawString(65, 525, "dose")
        page.showPage()
    page.save()
    return out.getvalue()


def picture(form: str, size: tuple[int, int] = (420, 80)) -> bytes:
    """A picture with a line of text."""
    image = Image.new("L", size, "white")
    ImageDraw.Draw(image).text((20, 20), "Ward three counts at seven", fill=0)
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def seeds() -> Iterator[tuple[str, bytes]]:
    """Name and content of an honest file of each kind that can be made here."""
    letter = docx.Document()
    letter.add_heading("Course", 1)
    letter.add_paragraph("She was admitted on Monday.")
    letter.add_table(rows=2, cols=2).rows[0].cells[0].text = "Drug"
    yield "a.docx", _saved(letter)
    book = openpyxl.Workbook()
    for row in (("Drug", "Dose"), ("Apixaban", 5), ("Amoxicillin", 0.5)):
        book.active.append(row)
    yield "a.xlsx", _saved(book)
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.shapes.title.text = "Round"
    yield "a.pptx", _saved(deck)
    yield "a.pdf", _pdf()
    yield "a.odt", odt("<text:h text:outline-level='1'>Ward</text:h><text:p>Seven <text:s text:c='2'/>beds</text:p>")
    yield "a.ods", odt("<table:table table:name='S'><table:table-row><table:table-cell><text:p>7</text:p></table:table-cell></table:table-row></table:table>", "spreadsheet")  # fmt: skip  # noqa: E501
    yield "a.rtf", RTF
    yield "a.eml", mail()
    yield "a.mbox", b"From a@h.example Mon Mar  2 10:00:00 2026\n" + mail() + b"\nFrom b@h.example Mon Mar  2 10:00:00 2026\n" + mail()  # fmt: skip  # noqa: E501
    yield "a.zip", zipped({"a.txt": b"one", "b.csv": b"a,b\n1,2\n"})
    yield "a.hl7", HL7
    yield "a.json", FHIR
    yield "b.json", b'[{"drug": "apixaban", "dose": 5}, {"drug": "heparin", "dose": 2}]'
    yield "a.xml", b"<?xml version='1.0'?><note><title>Ward</title><p>Seven <b>beds</b></p></note>"
    yield "a.html", b"<!DOCTYPE html><html><body><h1>Ward</h1><table><tr><th>a<th>b<tr><td>1<td>2</table></body></html>"
    yield "a.md", b"# Ward\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n"
    yield "a.csv", "Größe;1\nb;2\n".encode("cp1252")
    for form, ending in (("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif")):
        yield f"a.{ending}", picture(form)


def bomb(size: int = 300 * 1024 * 1024) -> bytes:
    """A DOCX whose document unpacks to very much."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
        block = b"<w:p/>" * 200_000
        for _ in range(size // len(block)):
            part.write(block)
    return out.getvalue()


def lying_zip() -> bytes:
    """A zip whose directory says that a file of forty megabytes has four bytes."""
    content = bytearray(zipped({"a.txt": b"a" * 40_000_000}))
    directory = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, directory + 24, 4)
    return bytes(content)


def entities(kind: str = "xml") -> bytes:
    """A billion laughs."""
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE {kind} [<!ENTITY l0 "ha">{lines}]><{kind}>&l9;</{kind}>'.encode()


def external_entity() -> bytes:
    """XML that asks for a file of this machine."""
    return b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>root &x;</a>'


def stub(pages: int = 10_000) -> bytes:
    """A PDF of so many empty pages in a few kilobytes: one page object, listed again and again."""
    kids = " ".join(["3 0 R"] * pages)
    bodies = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {pages}/Kids[{kids}]>>",
              "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>"]  # fmt: skip
    return _objects(bodies)


def circle() -> bytes:
    """A PDF whose page tree contains itself, with a form that draws itself."""
    draw = "stream\n/F Do\nendstream"
    form = f"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>/Length 5>>{draw}"
    bodies = ["<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>", "<</Type/Pages/Count 3/Kids[2 0 R 3 0 R 2 0 R]>>",
              "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
              f"<</Length 5>>{draw}", form, "<</First 7 0 R>>", "<</Title(a)/Next 7 0 R/First 7 0 R>>"]  # fmt: skip
    return _objects(bodies)


def _objects(bodies: list[str]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj{body}endobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer<</Size {len(bodies) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(out)


def huge_picture(side: int = 60_000) -> bytes:
    """A PNG of side x side pixels in a few megabytes."""
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compressobj(9)
    body = b"".join(rows.compress(bytes(1 + side // 8)) for _ in range(2000)) + rows.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Files that are two things at once, under names of either."""
    pdf, archive = _pdf(), zipped({"word/document.xml": b"<x/>"})
    yield "both.pdf", pdf + archive
    yield "both.docx", pdf + archive
    yield "both.zip", archive + pdf
    yield "page.html", b"%PDF-1.4\n<html><body><script>alert(1)</script>hello</body></html>"
    yield "image.png", picture("PNG") + archive
    yield "mail.eml", b"From: a@b\nTo: c@d\nSubject: x\n\n" + archive
    yield "deep.html", b"<div>" * 100_000 + b"x"
    yield "deep.json", b"[" * 100_000 + b"]" * 100_000
    yield "deep.rtf", b"{\\rtf1" + b"{" * 100_000 + b"x"
    yield "deep.xml", b"<a>" * 100_000
    yield "wide.csv", b"," * 5_000_000
    yield "quoted.csv", b'"' * 5_000_000
    yield "long.hl7", b"MSH|^~\\&|" + b"\\" * 2_000_000
    yield "froms.mbox", b"From a@h.example Mon Mar  2 10:00:00 2026\n\n" * 50_000
    yield "repeat.ods", odt(
        "<table:table><table:table-row table:number-rows-repeated='1048576'><table:table-cell "
        "table:number-columns-repeated='16384'><text:p>x</text:p></table:table-cell></table:table-row></table:table>",
        "spreadsheet",
    )

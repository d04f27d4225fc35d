"""OpenDocument, RTF, Outlook, mailboxes, archives, HL7, FHIR, JSON, XML: text, structure, files in it, names."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parser.formats.outlook import unpacked_rtf
from appliance.parser.kinds import detect
from tests.documents.hostile_files import HL7, RTF, mail, odt, zipped

Reader = Callable[..., Any]


def test_open_text_keeps_headings_lists_tables_notes_comments_and_deletions(read: Reader) -> None:
    content = odt(
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>old dose</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        "<text:h text:outline-level='1'>Course</text:h><text:p>Seven<text:s text:c='2'/>beds<text:note><text:note-body>"
        "<text:p>counted twice</text:p></text:note-body></text:note></text:p>"
        "<text:list><text:list-item><text:p>rest</text:p></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Drug</text:p></table:table-cell>"
        "<table:table-cell><text:p>Dose</text:p></table:table-cell></table:table-row></table:table-header-rows>"
        "<table:table-row><table:table-cell table:number-rows-spanned='2'><text:p>Apixaban</text:p></table:table-cell>"
        "<table:table-cell><text:p>5 mg</text:p></table:table-cell></table:table-row><table:table-row>"
        "<table:covered-table-cell/><table:table-cell><text:p>10 mg</text:p></table:table-cell></table:table-row>"
        "</table:table>"
    )
    reading = read(content, "opendocument")
    assert reading.section("Seven") == ["Course"]
    assert reading.texts("list_item") == ["rest"]
    assert set(reading.texts("note")) == {"old dose", "counted twice"}
    assert reading.rows() == [["Drug", "Dose"], ["Apixaban", "5 mg"], ["Apixaban", "10 mg"]]
    assert reading.headers() == [True, False, False]
    assert reading.end["warnings"] == ["tracked_deletion"]


def test_open_sheet_repeats_what_the_file_repeats_and_gives_dates_as_dates(read: Reader) -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    content = odt(
        "<table:table table:name='March'><table:table-row>" + cell.format("Drug") + cell.format("Given")
        + "</table:table-row><table:table-row table:number-rows-repeated='2'>" + cell.format("Apixaban")
        + "<table:table-cell office:value-type='date' office:date-value='2026-03-02'><text:p>02/03/26</text:p>"
        "</table:table-cell></table:table-row><table:table-row table:number-rows-repeated='1048570'>"
        "<table:table-cell table:number-columns-repeated='16384'/></table:table-row></table:table>",
        "spreadsheet",
    )  # fmt: skip
    reading = read(content, "opendocument")
    assert reading.rows() == [["Drug", "Given"], ["Apixaban", "2026-03-02"], ["Apixaban", "2026-03-02"]]
    assert reading.section("Apixaban") == ["March"]


def test_encrypted_open_document_is_refused_as_such(read: Reader) -> None:
    manifest = b"<manifest><encryption-data/></manifest>"
    content = zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"\x01\x02",
                      "META-INF/manifest.xml": manifest})  # fmt: skip
    assert read(content, "opendocument").reason == "encrypted"


def test_rich_text_is_read_in_its_code_pages_with_tables_notes_and_hidden_text(read: Reader) -> None:
    reading = read(RTF, "rtf")
    assert reading.texts("paragraph") == ["Ward 3", "café €"]
    assert reading.rows() == [["a", "b"]]
    assert reading.texts("note") == ["note"]
    hidden = read(rb"{\rtf1 seen {\v secret} text\par under it\par}", "rtf")
    assert hidden.texts("note") == ["secret"]
    russian = read(rb"{\rtf1\ansi{\fonttbl{\f0\fcharset204 Arial;}}\f0 \'cf\'f0\'e8\'e2\'e5\'f2\par}", "rtf")
    assert russian.texts("paragraph") == ["Привет"]
    outlined = read(rb"{\rtf1 {\stylesheet{\s1 heading 1;}}\pard\s1 Course\par\pard under it\par}", "rtf")
    assert outlined.section("under it") == ["Course"]


def test_compressed_rich_text_of_the_standard_is_unpacked() -> None:
    """The example of MS-OXRTFCP, 3.1."""
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpacked_rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_outlook_message_gives_people_text_and_files(read: Reader, unpack: Reader, shared_data: Path) -> None:
    folder = shared_data / "documents" / "files"
    content = (folder / "unstructured__fake-email-attachment.msg").read_bytes()
    reading = read(content, "outlook")
    assert reading.texts("title") == ["Fake email with attachment"]
    assert reading.texts("metadata")[0].startswith("From: Mallori Harrell <")
    assert reading.attachments == [{"name": "fake-attachment.txt", "bytes": 30}]
    ((name, inside),) = unpack(content, "outlook")
    assert (name, len(inside)) == ("fake-attachment.txt", 30)


def test_every_mail_of_a_mailbox_is_a_page_and_its_files_are_told(read: Reader, unpack: Callable[..., Any]) -> None:
    line = b"From a@h.example Mon Mar  2 10:00:00 2026\n"
    box = line + mail() + b"\n" + line + mail().replace(b"See the file", b">From here see the file")
    reading = read(box, "mailbox")
    assert [page["number"] for page in reading.pages] == [1, 2]
    assert [one["name"] for one in reading.attachments] == ["count.csv", "count.csv"]
    assert "From here" in reading.all_text()
    assert [name for name, _ in unpack(box, "mailbox")] == ["count.csv", "count.csv"]


def test_archive_names_its_files_and_gives_them_without_paths(read: Reader, unpack: Callable[..., Any]) -> None:
    content = zipped({"../../etc/passwd": b"one", "a/b.txt": b"two", "__MACOSX/x": b"no", "größe.txt": b"three"})
    reading = read(content, "archive")
    assert reading.texts("list_item") == ["../../etc/passwd", "a/b.txt", "größe.txt"]
    assert unpack(content, "archive") == [("passwd", b"one"), ("b.txt", b"two"), ("größe.txt", b"three")]


def test_one_damaged_file_of_an_archive_does_not_hide_the_others(unpack: Callable[..., Any]) -> None:
    content = bytearray(zipped({"a.txt": b"first words " * 50, "b.txt": b"second"}))
    at = content.find(b"a.txt") + 8
    content[at : at + 6] = b"\xff" * 6
    found = unpack(bytes(content), "archive")
    assert [name for name, _ in found] == ["a.txt", "b.txt"]
    assert found[1][1] == b"second"


def test_laboratory_message_becomes_tables_with_named_columns_and_says_who_it_is_about(read: Reader) -> None:
    reading = read(HL7, "hl7")
    patient, observation = reading.rows(1), reading.rows(2)
    assert patient[0] == ["Set", "MRN", "Patient name", "Date of birth", "Sex"]
    assert patient[1] == ["1", "7712 MR", "MARIA OKAFOR", "1951-03-14", "F"]
    assert observation[1][observation[0].index("Value")] == "5.9"
    assert reading.texts("paragraph") == ["Called the ward."]
    assert set(reading.known) == {("MEDICAL_RECORD", "7712"), ("PERSON", "MARIA OKAFOR"), ("DATE_TIME", "1951-03-14")}


def test_document_in_a_message_is_a_file_and_escapes_are_undone(read: Reader, unpack: Callable[..., Any]) -> None:
    pdf = base64.b64encode(b"%PDF-1.4 x")
    content = HL7 + b"OBX|2|ED|PDF||^application^pdf^Base64^" + pdf + b"\rNTE|2||a\\T\\b \\F\\ c~second line\r"
    assert unpack(content, "hl7") == [("observation-1.pdf", b"%PDF-1.4 x")]
    assert "a&b | c\nsecond line" in read(content, "hl7").texts("paragraph")


def test_resources_are_sections_and_the_patient_is_told(read: Reader, unpack: Callable[..., Any]) -> None:
    bundle = {"resourceType": "Bundle", "entry": [
        {"resource": {"resourceType": "Patient", "name": [{"family": "Okafor", "given": ["Maria", "N"]}],
                      "birthDate": "1951-03-14", "identifier": [{"value": "7712"}],
                      "telecom": [{"system": "phone", "value": "555-0142"}]}},
        {"resource": {"resourceType": "Observation", "code": {"text": "Potassium"},
                      "valueQuantity": {"value": 5.9, "unit": "mmol/L"},
                      "text": {"div": "<div>High <b>potassium</b></div>"}}},
        {"resource": {"resourceType": "DocumentReference", "content": [{"attachment": {
            "contentType": "text/plain", "title": "note", "data": base64.b64encode(b"slept well").decode()}}]}},
    ]}  # fmt: skip
    content = json.dumps(bundle).encode()
    assert detect(content, "a.json").kind == "fhir"
    reading = read(content, "fhir")
    assert reading.texts("heading") == ["Patient", "Observation: Potassium", "Document Reference"]
    assert reading.section("5.9 mmol/L") == ["Observation: Potassium"]
    assert "birth date: 1951-03-14" in reading.all_text()
    assert ("PERSON", "Maria N Okafor") in reading.known
    assert ("PHONE_NUMBER", "555-0142") in reading.known
    assert unpack(content, "fhir") == [("note.txt", b"slept well")]


def test_json_values_are_decoded_and_led_by_their_place_and_flat_records_are_a_table(read: Reader) -> None:
    reading = read(rb'{"patient": {"name": "Zo\u00eb", "ward": 3}, "seen": true, "no": null}', "json")
    assert reading.texts("paragraph") == ["patient.name: Zoë\npatient.ward: 3\nseen: true"]
    table = read(b'{"drug": "a", "dose": 1}\n{"drug": "b", "dose": 2}\n', "json")
    assert "drug: a" in table.all_text()
    records = read(b'[{"drug": "a", "dose": 1}, {"drug": "b"}]', "json")
    assert records.rows() == [["drug", "dose"], ["a", "1"], ["b", ""]]


def test_xml_gives_texts_attributes_titles_and_tables_and_expands_nothing(read: Reader) -> None:
    content = (
        b"<doc patient='Okafor'><section><title>Course</title><text>Slept <b>well</b></text><table><tr><th>a</th>"
        b"<th>b</th></tr><tr><td>1</td><td>2</td></tr></table></section></doc>"
    )
    reading = read(content, "xml")
    assert reading.texts("paragraph") == ["doc patient: Okafor", "text: Slept well"]
    assert reading.section("Slept") == ["Course"]
    assert reading.rows() == [["a", "b"], ["1", "2"]]
    assert read(b"<!DOCTYPE a [<!ENTITY x 'boo'>]><a>&x;</a>", "xml").reason == "damaged"


SIGNS = '{}\\rtf1MSH|^~&\r\n<>"[]:,aFrom \x0b'
KINDS = ("rtf", "hl7", "json", "fhir", "xml", "mailbox", "archive", "outlook", "opendocument")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(content=st.one_of(st.binary(max_size=300), st.text(alphabet=SIGNS, max_size=120)))
def test_any_bytes_end_as_a_document_or_a_reason(kind: str, content: bytes | str) -> None:
    from tests.parser.conftest import read

    read(content if isinstance(content, bytes) else content.encode(), kind)


def test_a_zip_with_a_password_is_refused_as_such(read: Reader) -> None:
    content = bytearray(zipped({"a.txt": b"words"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + at] |= 1
    assert detect(bytes(content), "a.zip").reason == "encrypted"
    assert zipfile.is_zipfile(io.BytesIO(bytes(content)))

"""Files in files: each becomes a document of its own under the same label; none is lost with a crash, none loops."""

import io
import zipfile
from email.message import EmailMessage

import pytest

from appliance.assembly.parts import Appliance
from tests.journeys.test_ingest import Killed, put

HL7 = (
    "MSH|^~\\&|LAB|WARD|||20260302101500||ORU^R01|1|P|2.5\r"
    "PID|1||77120934^^^MR||QUARTERMAINE^THADDEUS^B||19510314|M\r"
    "OBX|1|NM|2823-3^Potassium||5.9|mmol/L|3.5-5.1|H|||F\r"
    "NTE|1||Called the ward about quartermaine. Potassium must be repeated before the evening round.\r"
)


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def mail(**files: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ward3@h.example", "lab@h.example", "Two files"
    message.set_content("Please find the two files attached to this message about the ward round.")
    for name, content in files.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return bytes(message)


NOTE = b"The night shift counts the controlled drugs at seven in the evening, two nurses together."


def test_every_attachment_is_a_document_of_its_own_with_its_own_status_and_the_same_label(appliance: Appliance) -> None:
    outcome = put(appliance, "round.eml", mail(**{"note.txt": NOTE, "tool.exe": b"MZ" + bytes(200), "empty.txt": b" "}))
    assert outcome.status == "published", outcome.reason
    assert [(one.name, one.status) for one in outcome.attachments] == [
        ("round.eml > note.txt", "published"), ("round.eml > tool.exe", "failed"), ("round.eml > empty.txt", "failed"),
    ]  # fmt: skip
    assert "not supported" in outcome.attachments[1].reason
    catalog = appliance.ingesting.catalog
    labels = {catalog.version(version).label for version in (outcome.version, outcome.attachments[0].version)}
    assert len(labels) == 1


def test_files_of_one_name_in_two_mails_are_two_documents(appliance: Appliance) -> None:
    one = put(appliance, "one.eml", mail(**{"a.txt": NOTE + b" On the first floor."}))
    two = put(appliance, "two.eml", mail(**{"a.txt": NOTE + b" On the second floor."}))
    assert one.attachments[0].document != two.attachments[0].document
    assert {one.attachments[0].status, two.attachments[0].status} == {"published"}


def test_a_crash_after_the_archive_was_opened_loses_none_of_its_files(appliance: Appliance) -> None:
    archive = zipped(**{f"sheet{n}.txt": NOTE + f" Sheet {n}.".encode() for n in range(3)})
    with pytest.raises(Killed):
        put(appliance, "sheets.zip", archive, stop_at="redacting")
    rooms = appliance.ingesting
    rooms.work.forget_holders()
    waiting = [version for version in rooms.catalog.unfinished() if rooms.originals.kept(version.id)]
    names = {rooms.originals.get(version.id)[0] for version in waiting}
    assert names == {"sheets.zip", *(f"sheets.zip > sheet{n}.txt" for n in range(3))}
    assert len({version.label for version in waiting}) == 1
    again = put(appliance, "sheets.zip", archive)
    assert [one.status for one in again.attachments] == ["published"] * 3
    assert {one.version for one in again.attachments} <= {version.id for version in waiting}


def test_an_archive_in_an_archive_ends_at_a_depth_with_a_reason(appliance: Appliance) -> None:
    content = NOTE
    for level in range(6):
        content = zipped(**{f"level{level}.zip" if level else "note.txt": content})
    outcome = put(appliance, "deep.zip", content)
    depth = 0
    while outcome.attachments:
        (outcome,) = outcome.attachments
        depth += 1
    assert (outcome.status, depth) == ("failed", 4)
    assert "too deep" in outcome.reason


def test_what_the_fields_of_a_message_say_of_the_patient_is_redacted_in_its_notes(appliance: Appliance) -> None:
    outcome = put(appliance, "result.hl7", HL7.encode())
    assert outcome.status == "published", outcome.reason
    text = " ".join(chunk.text for chunk in appliance.ingesting.store.of_version(outcome.version)).lower()
    assert "quartermaine" not in text
    assert "thaddeus" not in text
    assert "77120934" not in text
    assert "potassium" in text
    assert "5.9" in text

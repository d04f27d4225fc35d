"""A document, end to end: nothing unredacted is written, and a kill at any step loses and doubles nothing."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance import ingest
from appliance.assembly.parts import Appliance
from appliance.evaluation import canaries
from tests.web import site

STAGES = ("received", "parsing", "redacting", "indexing", "drawing pages")
LETTER = """# Discharge letter

Patient: Wilhelmina Featherstonehaugh, date of birth 14 March 1951, MRN 83920175.

The patient was treated with amoxicillin 500 mg three times a day for 7 days. She lives at 48 Larkspur Crescent,
Harrowgate, and can be reached at 555-0142-889 or w.featherstonehaugh@example.org.
Her IBAN is GB82 WEST 1234 5698 7654 32.
"""
PLANTED = [
    "Wilhelmina", "Featherstonehaugh", "14 March 1951", "83920175", "48 Larkspur Crescent",
    "w.featherstonehaugh@example.org", "GB82 WEST 1234 5698 7654 32",
]  # fmt: skip


class Killed(BaseException):
    """Stands for kill -9 between two steps: no handler of the program sees it coming."""


def put(appliance: Appliance, name: str, content: bytes, stop_at: str = "") -> ingest.Outcome:
    grant = appliance.access.system_write("ward", "test")

    def progress(stage: str) -> None:
        if stage == stop_at:
            raise Killed

    return ingest.ingest(appliance.ingesting, grant, content, name, progress=progress)


def test_nothing_planted_is_written_anywhere(appliance: Appliance, made: site.Made) -> None:
    outcome = put(appliance, "letter-featherstonehaugh.md", LETTER.encode())
    assert outcome.status == "published", outcome.reason
    truth = json.loads((site.SAMPLES / "ground_truth.json").read_text("utf-8"))
    documents = (*site.WARD, *site.BANK)
    values = [i["value"] for i in truth["identifiers"] if i["document"] in documents] + PLANTED
    leaks, searched = canaries.search([made.home], values)
    assert searched > 100_000
    assert [(values[leak.value], leak.encoding, leak.file) for leak in leaks] == []


def test_no_planted_identifier_is_left_in_redacted_text(appliance: Appliance, made: site.Made) -> None:
    truth = json.loads((site.SAMPLES / "ground_truth.json").read_text("utf-8"))
    left = []
    for path, version in made.versions.items():
        text = "\n".join(chunk.text for chunk in appliance.store.of_version(version))
        left += [
            i["value"]
            for i in truth["identifiers"]
            if i["document"] == path and i["value"] in text and len(i["value"]) > 3
        ]
    assert left == []


def test_the_same_content_is_taken_in_once(appliance: Appliance) -> None:
    first = put(appliance, "note.md", b"# Note\n\nThe pump is checked every 4 hours.\n")
    again = put(appliance, "note.md", b"# Note\n\nThe pump is checked every 4 hours.\n")
    assert (first.status, again.status) == ("published", "duplicate")
    assert again.version == first.version


def test_a_new_version_replaces_the_old_one_in_one_switch(appliance: Appliance) -> None:
    old = put(appliance, "rule.md", b"# Rule\n\nThe alarm limit is 40 bpm.\n")
    new = put(appliance, "rule.md", b"# Rule\n\nThe alarm limit is 45 bpm.\n")
    assert new.document == old.document
    assert not appliance.catalog.visible(old.version)
    assert appliance.catalog.visible(new.version)
    assert old.version in appliance.catalog.hidden_versions()


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_at_any_stage_is_resumed_and_leaves_no_half_document(appliance: Appliance, stage: str) -> None:
    name = f"killed-{stage.replace(' ', '-')}.md"
    content = f"# Protocol {stage}\n\nThe infusion is stopped after {len(stage)} hours.\n".encode()
    before = appliance.index.ids()
    with pytest.raises(Killed):
        put(appliance, name, content, stop_at=stage)
    seen = appliance.index.ids() - before
    visible = [
        v for v in appliance.catalog.documents([appliance.catalog.collection("ward").id]) if v.status == "published"
    ]
    assert not any(seen & {c.id for c in appliance.store.of_version(v.id)} for v in visible)
    list(ingest.resume(appliance.ingesting))
    outcome = put(appliance, name, content)
    assert outcome.status in ("published", "duplicate")
    stored = {chunk.id for chunk in appliance.store.of_version(outcome.version)}
    assert stored
    assert appliance.index.ids() - before == stored


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.pdf", b"", "empty"),
        ("program.pdf", b"MZ\x90\x00" + bytes(2000), "not supported"),
        ("broken.pdf", b"%PDF-1.7\n1 0 obj\n<<", "damaged"),
        ("broken.docx", b"PK\x03\x04" + bytes(100), "damaged"),
        ("noise.bin", bytes(range(256)) * 20, "not supported"),
    ],
)
def test_an_unreadable_file_is_refused_with_a_reason_and_leaves_nothing(
    appliance: Appliance, name: str, content: bytes, reason: str
) -> None:
    before = appliance.index.ids()
    outcome = put(appliance, name, content)
    assert outcome.status == "failed"
    assert reason in outcome.reason or "does not match" in outcome.reason
    assert appliance.index.ids() == before


def test_a_large_table_is_searchable_by_row(appliance: Appliance) -> None:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["drug", "maximum daily dose"])
    rows.writerows([f"substance{n}", f"{n} mg"] for n in range(100, 400))
    outcome = put(appliance, "doses.csv", text.getvalue().encode())
    assert outcome.status == "published"
    chunks = appliance.store.of_version(outcome.version)
    holding = [chunk for chunk in chunks if "substance250" in chunk.text]
    assert holding
    assert all("maximum daily dose" in chunk.text for chunk in holding)


def test_kill_9_in_the_middle_loses_nothing(original: site.Made, tmp_path: Path) -> None:
    made = site.copied(original, tmp_path)
    command = [sys.executable, "-m", "appliance.cli.main", "--json", "--home", str(made.home)]
    environment = {"APPLIANCE_INSECURE_PLAIN_KEY_FILE": "1", "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "2"}
    samples = [
        str(site.SAMPLES / "hospital" / name)
        for name in ("pharmacy-intranet.html", "handover-email.eml", "sepsis-teaching.pptx")
    ]
    process = subprocess.Popen(
        [*command, "ingest", "--collection", "ward", *samples], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "handover" in line:
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    opened = Appliance.open(site.chosen(made.home))
    try:
        list(ingest.resume(opened.ingesting))
        assert opened.catalog.unfinished() == []
        assert opened.log.verify().ok
        grant = opened.access.system_write("ward", "test")
        for path in samples:
            outcome = ingest.ingest(opened.ingesting, grant, Path(path), Path(path).name)
            assert outcome.status in ("published", "duplicate")
        ids = opened.store.ids()
        assert set().union(*ids.values()) == opened.index.ids()
    finally:
        opened.close()

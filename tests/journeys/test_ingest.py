"""A document, end to end: nothing unredacted is written, and a kill at any step loses and doubles nothing."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance import ingest
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.documents import work
from appliance.errors import NotFound
from appliance.evaluation import canaries
from appliance.upkeep import ingestion
from appliance.upkeep.deletion import delete_document
from tests.web import site

STAGES = ("received", "parsing", "redacting", "indexing")
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


def test_a_new_version_embeds_only_what_changed(appliance: Appliance, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "## Part {n}\n\nThe valve number {n} is opened after {n} minutes, then closed again. "
    parts = [said.format(n=n) * 4 for n in range(9)]
    old = put(appliance, "valves.md", "\n\n".join(["# Valves", *parts]).encode())
    embedded: list[str] = []
    encode = appliance.embedder.encode

    def counted(texts: Sequence[str]) -> object:
        embedded.extend(texts)
        return encode(texts)

    monkeypatch.setattr(appliance.embedder, "encode", counted)
    parts[4] = parts[4].replace("opened", "shut")
    new = put(appliance, "valves.md", "\n\n".join(["# Valves", *parts]).encode())
    assert new.document == old.document
    assert len(embedded) == 1
    assert "shut" in embedded[0]
    assert {c.id for c in appliance.store.of_version(new.version)} == appliance.index.ids(new.version)
    assert appliance.store.of_version(old.version), "an old answer can still cite the old version"


def test_two_ingestions_of_one_file_at_once_make_one_document(appliance: Appliance) -> None:
    content = b"# Twice\n\nThe compressor runs at 7 bar.\n"
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda _: put(appliance, "twice.md", content), range(3)))
    assert sorted(each.status for each in outcomes) == ["duplicate", "duplicate", "published"]
    assert len({each.version for each in outcomes}) == 1
    assert len(appliance.store.of_version(outcomes[0].version)) == len(appliance.index.ids(outcomes[0].version)) == 1


@pytest.mark.parametrize("stage", STAGES)
def test_a_document_deleted_while_it_is_taken_in_leaves_nothing(
    appliance: Appliance, made: site.Made, stage: str
) -> None:
    grant = appliance.access.system_write("ward", "test")
    before = appliance.index.ids()
    gone: list[str] = []

    def progress(now: str) -> None:
        if now == stage and not gone:
            working = appliance.catalog.unfinished()
            if working:
                gone.append(working[-1].id)
                delete_document(appliance.holdings, working[-1].document, actor="test")

    content = f"# Deleted {stage}\n\nSeen by Dr Ottoline Marchbanks at {len(stage)}.\n".encode()
    outcome = ingest.ingest(appliance.ingesting, grant, content, "deleted.md", progress=progress)
    if stage == "received":
        assert outcome.status == "published"
        delete_document(appliance.holdings, outcome.document, actor="test")
        return
    assert outcome.status == "deleted"
    assert appliance.index.ids() == before
    assert appliance.store.of_version(gone[0]) == []
    assert not list(made.home.rglob(f"*{gone[0]}*"))
    with pytest.raises(NotFound):
        appliance.keys.existing(f"version/{gone[0]}")
    assert appliance.catalog.unfinished() == []


def test_a_poison_document_is_set_aside_the_third_time_and_blocks_nothing(
    appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "PAUSE_SECONDS", (0.05, 0.05))
    find = appliance.detector.find

    def poisoned(texts: Sequence[str], *more: object, **options: object) -> object:
        if any("arsenic" in text for text in texts):
            raise MemoryError("arsenic for Ottoline")
        return find(texts, *more, **options)

    rooms = replace(appliance.ingesting, detector=SimpleNamespace(find=poisoned))
    folder = appliance.settings.home.parent / "poison"
    folder.mkdir()
    for name, text in (("a.md", "arsenic"), ("b.md", "bread"), ("c.md", "cheese")):
        (folder / name).write_text(f"# Food\n\nThe kitchen serves {text} at noon.\n")
    grant = appliance.access.system_write("ward", "test")
    files = [ingestion.File(folder / name, name) for name in ("a.md", "b.md", "c.md")]
    news = list(ingestion.run(rooms, grant, files, 2))
    last = {each.path.name: each.outcome for each in news if each.outcome is not None}
    assert [last[name].status for name in ("a.md", "b.md", "c.md")] == ["failed", "published", "published"]
    assert "set aside" in last["a.md"].reason
    assert "MemoryError" in last["a.md"].reason
    assert "3 times" in last["a.md"].reason
    assert "Ottoline" not in last["a.md"].reason
    assert appliance.originals.kept(last["a.md"].version), "it can be tried again"
    again = ingest.ingest(appliance.ingesting, grant, folder / "a.md", "a.md", place="a.md")
    assert (again.status, again.version) == ("published", last["a.md"].version)


def test_a_folder_and_its_collection_stay_in_step(appliance: Appliance, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    (folder / "sub").mkdir(parents=True)
    for place, text in (("a.md", "open"), ("sub/a.md", "shut"), ("b.md", "free")):
        (folder / place).write_text(f"# Gate\n\nThe gate is {text} at night.\n")

    def sync(**how: object) -> dict:
        *_, result = perform(appliance, "sync", {"folder": str(folder), "collection": "gates", **how})
        return result

    assert sync(dry_run=True)["new"] == ["a.md", "b.md", "sub/a.md"]
    assert [each["status"] for each in sync()["documents"]] == ["published"] * 3
    assert (sync()["unchanged"], sync()["documents"]) == (3, [])
    before = {d.id: d.document for d in appliance.catalog.documents([appliance.catalog.collection("gates").id])}
    (folder / "sub" / "a.md").rename(folder / "moved.md")
    (folder / "b.md").unlink()
    (folder / "a.md").write_text("# Gate\n\nThe gate is guarded at night.\n")
    done = sync()
    assert (done["changed"], done["moved"], len(done["deleted"])) == (["a.md"], ["moved.md"], 1)
    after = appliance.catalog.documents([appliance.catalog.collection("gates").id])
    assert len(after) == 2
    assert {d.document for d in after} <= set(before.values())
    assert (sync()["unchanged"], sync()["deleted"]) == (2, [])


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

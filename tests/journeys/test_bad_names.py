"""Names that files should not have: each file is taken in or refused with its reason, and no name can mislead."""

import json
import os
import socket
from pathlib import Path

import pytest

from appliance.assembly.parts import Appliance
from appliance.cli.documents import expand
from appliance.cli.output import name_shown, output
from appliance.documents import intake
from appliance.errors import Unreadable
from appliance.settings import load
from tests.journeys.test_ingest import put

NAMES = (
    "two\nlines.txt", os.fsdecode(b"caf\xe9.txt"), "../../etc/passwd.txt", "x" * 300 + ".txt", "\x1b[2Jclear.txt",
    "nul\0.txt", "Wilhelmina Featherstonehaugh 83920175.txt", "C:\\Users\\me\\note.txt", "\u202egnp.txt", ".", "",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_of_any_name_is_taken_in_and_its_name_leaks_nowhere(appliance: Appliance, name: str) -> None:
    content = f"The night shift counts the controlled drugs at seven. List {NAMES.index(name)}."
    outcome = put(appliance, name, content.encode())
    assert outcome.status == "published", outcome.reason
    kept, _ = appliance.ingesting.originals.get(outcome.version)
    assert kept == name
    title = appliance.ingesting.catalog.version(outcome.version).title
    assert "Featherstonehaugh" not in title
    assert "/" not in title
    assert len(title) <= 300
    assert title.isprintable()


def test_links_devices_pipes_and_sockets_in_a_folder_are_refused_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        found = [path.name for path, _ in expand([tmp_path])]
        assert found == ["a.txt", "folder", "gone", "link.txt", "pipe", "sock"]
        for name in found[1:]:
            with pytest.raises(Unreadable) as refused:
                intake.accept(tmp_path / name, name, load(tmp_path))
            assert refused.value.advice


def test_a_name_cannot_speak_to_the_terminal_and_always_fits_into_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert name_shown("a\n\x1b[2J" + os.fsdecode(b"\xe9")) == "a\\n\\x1b[2J\\udce9"
    output.json = True
    try:
        output.emit({"path": os.fsdecode(b"caf\xe9.txt")})
    finally:
        output.json = False
    assert json.loads(capsys.readouterr().out)["path"] == os.fsdecode(b"caf\xe9.txt")

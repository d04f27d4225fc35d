"""Importing is reading code: no module opens a file of its own, a socket or a process when it is imported."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
CHILD = REPOSITORY / "tests" / "importing_child.py"
HEAVY = {"torch", "transformers", "sentence_transformers", "spacy", "presidio_analyzer", "onnxruntime", "llama_index",
         "xllamacpp", "cv2", "rapidocr_onnxruntime", "fastapi", "sklearn"}  # fmt: skip


def imported(root: Path, prefix: str = "appliance") -> dict[str, Any]:
    """What importing every module below `root`/appliance whose name starts with `prefix` did, in a fresh process."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "PYTHONPATH": str(root)}
    ran = subprocess.run(
        [sys.executable, "-P", str(CHILD), str(root), prefix],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_importing_any_module_does_nothing_but_read_code() -> None:
    found = imported(REPOSITORY)
    print(f"{found['modules']} modules imported")
    assert found["modules"] > 150
    assert found["did"] == []


def test_the_command_line_loads_no_heavy_library() -> None:
    found = imported(REPOSITORY, "appliance.cli.main")
    assert found["modules"] == 1
    assert HEAVY.isdisjoint(found["loaded"]), sorted(HEAVY & set(found["loaded"]))


def test_the_operations_of_an_open_appliance_load_no_heavy_library_until_one_is_used() -> None:
    found = imported(REPOSITORY, "appliance.assembly.operations")
    assert found["modules"] == 1
    assert HEAVY.isdisjoint(found["loaded"]), sorted(HEAVY & set(found["loaded"]))


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("open('/etc/hostname').close()", "/etc/hostname"),
        ("from pathlib import Path; Path(__file__).with_name('table.json').read_text()", "table.json"),
        ("import os; os.mkdir('/tmp/never-made-by-an-import/x')", "os.mkdir"),
        ("import socket; socket.socket().close()", "socket"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import tempfile; tempfile.TemporaryFile().close()", "open"),
        ("import sqlite3; sqlite3.connect(':memory:').close()", "sqlite3"),
    ],
)
def test_a_module_that_does_something_when_imported_is_told(code: str, seen: str, tmp_path: Path) -> None:
    package = tmp_path / "appliance"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "table.json").write_text("{}")
    (package / "guilty.py").write_text(f"try:\n    {code}\nexcept OSError:\n    pass\n")
    did = imported(tmp_path)["did"]
    assert any("appliance.guilty" in line and seen in line for line in did), did

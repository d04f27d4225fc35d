"""Old Office files: refused without LibreOffice; with it, converted where it reaches nothing of this machine."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.documents import intake, office
from appliance.documents.frames import UnreadableDocument
from appliance.documents.sandbox import Sandbox
from appliance.parser.office import NOT_ISOLATED
from appliance.settings import load

HOSTILE = Path(__file__).with_name("hostile_office.sh")


@pytest.mark.skipif(HOSTILE.is_relative_to("/tmp"), reason="the cage's own /tmp hides a clone below /tmp")
def test_an_office_suite_that_was_taken_over_reaches_no_file_process_or_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANARY", "1")
    command = (sys.executable, "-m", "appliance.parser.office", str(HOSTILE), "doc", "docx", "20")
    done = subprocess.run(command, input=b"the document", capture_output=True, timeout=60, check=False, env={})
    if done.returncode == NOT_ISOLATED:
        pytest.skip("this kernel allows no namespaces")
    assert done.stdout == b"the document"
    assert not Path("/var/tmp/appliance-hostile-office").exists()
    assert not HOSTILE.with_name("written").exists()


def test_without_libreoffice_an_old_file_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    sandbox = Sandbox(load(tmp_path))
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "WordDocument\0".encode("utf-16-le")
    try:
        with pytest.raises(UnreadableDocument, match="old Office format") as refused:
            sandbox.detect(content, "letter.doc")
    finally:
        sandbox.close()
    assert "install LibreOffice" in refused.value.advice


@pytest.mark.skipif(office.program() is None, reason="LibreOffice is not installed")
def test_old_word_and_excel_files_are_read(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "documents" / "files"
    sandbox = Sandbox(load(tmp_path))
    try:
        for name, said in (("unstructured__fake.doc", "Lorem ipsum"), ("unstructured__tests-example.xls", "2+2")):
            original = intake.accept(folder / name, name, load(tmp_path))
            original = replace(original, kind=sandbox.detect(original.content, name))
            assert said in " ".join(block.text for block in sandbox.parse(original).blocks)
    finally:
        sandbox.close()

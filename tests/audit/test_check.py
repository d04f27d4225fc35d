"""The stand-alone checker as an officer runs it: one file, no appliance, no network."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from appliance.audit import check
from appliance.audit.events import AnswerGiven, SignIn
from appliance.audit.export import disclose, export
from appliance.audit.log import AuditLog
from appliance.errors import NotFound, UsageError
from appliance.settings import Settings
from appliance.storage.keys import KeyRing

from .conftest import asked

RECORDS = 30


@pytest.fixture
def filled(log: AuditLog) -> AuditLog:
    """A log of thirty questions and answers."""
    for number in range(RECORDS // 2):
        scope, text = f"subject/{number}", {"text": f"answer {number}"}
        intent = log.append(asked(f"question {number}", scope), actor="person-1", operator="root")
        answer = AnswerGiven(intent=intent.record, status="answered", answer=text, subject_scope=scope)
        log.append(answer, actor="person-1")
    return log


def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a copy of the checker in isolated mode: the appliance and site packages are out of reach."""
    copy = folder / "check.py"
    shutil.copy(check.__file__, copy)
    command = [sys.executable, "-I", "-S", str(copy), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_checker_stands_alone_and_says_who_did_what_when(
    filled: AuditLog, configured: Settings, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_text(filled.checkpoint())
    done = run(configured.home / "audit", "--anchor", anchor, "--list", "--key", filled.verifier, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split("\t")[0] == "0"
    assert lines[0].split("\t")[2:4] == ["person-1 (by root)", "question_asked"]
    assert '"treatment"' in lines[0]
    assert f"WHOLE: {RECORDS} records, root {filled.root().hex()}" in lines
    assert f"anchored: {RECORDS} records" in lines
    assert "question 1" not in done.stdout


def test_one_changed_byte_makes_it_exit_with_4_and_name_the_record(
    filled: AuditLog, configured: Settings, tmp_path: Path
) -> None:
    path = next((configured.home / "audit").glob("segment-*"))
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"index":7,', b'"index":8,'))
    done = run(configured.home / "audit", "--json", folder=tmp_path)
    assert done.returncode == 4
    found = json.loads(done.stdout)
    assert found["first_bad_record"] == 7
    assert "record 7" in found["first_error"]
    verification = filled.verify()
    assert not verification.ok
    assert "record 7" in (verification.first_error or "")


def test_a_receipt_is_checked_with_the_key_alone(filled: AuditLog, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    receipt.write_text(filled.prove(5).proof)
    assert run(receipt, "--key", filled.verifier, folder=tmp_path).returncode == 0
    assert run(receipt, folder=tmp_path).returncode == 4, "a receipt without a key proves nothing"
    receipt.write_text(filled.prove(5).proof.replace("index 5", "index 6"))
    assert run(receipt, "--key", filled.verifier, folder=tmp_path).returncode == 4


def test_an_answer_disclosed_with_its_receipt_is_checked_and_a_changed_one_is_not(
    filled: AuditLog, tmp_path: Path
) -> None:
    text = disclose(filled, 3)
    assert "answer 1" in text
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text(text)
    bad.write_text(text.replace("answer 1", "answer 2"))
    assert run(good, "--key", filled.verifier, folder=tmp_path).returncode == 0
    assert run(bad, "--key", filled.verifier, folder=tmp_path).returncode == 4
    with pytest.raises(NotFound):
        disclose(filled, RECORDS)


def test_an_export_of_a_range_proves_itself_and_keeps_erased_records_as_tombstones(
    filled: AuditLog, keys: KeyRing, tmp_path: Path
) -> None:
    keys.destroy("subject/4")
    for start, end in ((0, RECORDS), (7, 19), (RECORDS - 1, RECORDS)):
        file = tmp_path / f"{start}.jsonl"
        export(filled, file, start, end)
        found = check.check(file, filled.verifier, [])
        assert found["ok"], found
        assert (found["start"], found["end"], found["root"]) == (start, end, filled.root().hex())
        assert found["erased"] == sum(start <= index < end for index in (8, 9))
        assert run(file, "--key", filled.verifier, folder=tmp_path).returncode == 0
    with pytest.raises(UsageError):
        export(filled, tmp_path / "0.jsonl")
    with pytest.raises(UsageError):
        export(filled, tmp_path / "none.jsonl", RECORDS, RECORDS)


Damage = Callable[[list[bytes]], list[bytes]]
DAMAGES: dict[str, Damage] = {
    "altered": lambda lines: [line.replace(b"person-1", b"person-2", 1) for line in lines],
    "dropped": lambda lines: lines[:4] + lines[5:],
    "swapped": lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    "interrupted": lambda lines: lines[:-1],
    "cut": lambda lines: lines[:5],
    "empty": lambda lines: lines[:1],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_export_is_refused(filled: AuditLog, tmp_path: Path, damage: Damage) -> None:
    file = tmp_path / "export.jsonl"
    export(filled, file, 7, 19)
    file.write_bytes(b"".join(line + b"\n" for line in damage(file.read_bytes().splitlines())))
    assert not check.check(file, filled.verifier, [])["ok"]


def test_an_auditor_opens_with_a_private_key_what_the_export_holds_and_nobody_else_does(
    filled: AuditLog, keys: KeyRing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys.destroy("subject/4")
    private = X25519PrivateKey.generate()
    file, key = tmp_path / "export.jsonl", tmp_path / "private"
    export(filled, file, auditor=private.public_key().public_bytes_raw())
    assert b"question 3" not in file.read_bytes()
    assert b"question 3" not in base64.b64decode(file.read_bytes(), validate=False)
    key.write_text(private.private_bytes_raw().hex())
    assert check.main([str(file), "--key", filled.verifier, "--open", str(key)]) == 0
    shown = capsys.readouterr().out
    assert "question 3" in shown
    assert "answer 3" in shown
    assert "question 4" not in shown
    key.write_text(X25519PrivateKey.generate().private_bytes_raw().hex())
    assert check.main([str(file), "--key", filled.verifier, "--open", str(key)]) == 4
    assert "question 3" not in capsys.readouterr().out


def test_what_cannot_be_read_is_an_error_of_usage(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    for target in ("missing", "empty"):
        assert check.main([str(tmp_path / target)]) == 2


def test_a_checkpoint_of_more_records_than_there_are_is_an_anchor_that_fails(
    open_log: Callable[..., AuditLog], configured: Settings
) -> None:
    log = open_log()
    log.append(SignIn(), actor="person-1")
    log.close()
    saved = {path: path.read_bytes() for path in (configured.home / "audit").iterdir()}
    again = open_log()
    again.append(SignIn(), actor="person-1")
    anchor = again.checkpoint()
    again.close()
    for path, content in saved.items():
        path.write_bytes(content)
    found = check.check_log(configured.home / "audit", None, [anchor])
    assert not found["ok"]
    assert found["first_bad_record"] == 1
    assert not check.check_log(configured.home / "audit", None, [anchor], size=1)["ok"]

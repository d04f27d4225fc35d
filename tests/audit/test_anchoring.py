"""Checkpoints outside the home: what a rolled-back disk image, a fork and a forger meet there."""

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit import anchoring, check, paper
from appliance.audit.checkpoint import Verifier, open_checkpoint
from appliance.audit.events import SignIn
from appliance.audit.export import export
from appliance.audit.log import AuditLog
from appliance.audit.witness import Witness
from appliance.errors import IntegrityFailure, Unavailable, UsageError
from appliance.settings import Settings
from appliance.storage.keys import KeyRing

OpenLog = Callable[..., AuditLog]


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A folder that is not on this machine's disk, as far as the log knows."""
    place = tmp_path / "stick"
    place.mkdir()
    return place


def sign_ins(log: AuditLog, count: int) -> None:
    for _ in range(count):
        log.append(SignIn(), actor="person-1")


def rolled_back(log: AuditLog, configured: Settings, tmp_path: Path, change: Callable[[], object]) -> None:
    """Do `change` between an image of the whole home and its being put back."""
    log.close()
    shutil.copytree(configured.home, tmp_path / "image")
    change()
    shutil.rmtree(configured.home)
    shutil.copytree(tmp_path / "image", configured.home)


def test_an_anchor_is_written_compared_with_the_next_time_and_accepted_by_check(log: AuditLog, stick: Path) -> None:
    sign_ins(log, 5)
    first = anchoring.anchor(log, stick)
    assert (first.size, first.compared) == (5, 0)
    sign_ins(log, 5)
    second = anchoring.anchor(log, stick)
    assert (second.size, second.compared, second.longest) == (10, 1, 5)
    found = check.check_log(log._devices[0].directory, log.verifier, [first.file.read_text(), second.file.read_text()])
    assert found["ok"]
    assert found["anchored"] == 10


@pytest.mark.parametrize("at", ["start", "next anchor"])
def test_a_rolled_back_disk_image_is_found(
    open_log: OpenLog, configured: Settings, keys: KeyRing, stick: Path, tmp_path: Path, at: str
) -> None:
    log = open_log()
    sign_ins(log, 5)

    def a_day_passes() -> None:
        later = open_log()
        sign_ins(later, 5)
        anchoring.anchor(later, stick)
        later.close()

    rolled_back(log, configured, tmp_path, a_day_passes)
    if at == "start":
        with pytest.raises(IntegrityFailure, match=r"ends at record 5.* counts 10"):
            open_log(anchor_folders=(stick,))
        return
    old = open_log()
    before = sorted(stick.iterdir())
    with pytest.raises(IntegrityFailure, match=r"ends at record 5.* counts 10"):
        anchoring.anchor(old, stick)
    sign_ins(old, 6)
    with pytest.raises(IntegrityFailure, match="differ from a signed checkpoint"):
        anchoring.anchor(old, stick)
    assert sorted(stick.iterdir()) == before


def test_a_stick_that_is_not_there_or_full_of_rubbish_does_not_keep_the_log_from_opening(
    open_log: OpenLog, stick: Path
) -> None:
    log = open_log()
    sign_ins(log, 3)
    with pytest.raises(Unavailable, match="no folder"):
        anchoring.anchor(log, stick / "missing")
    (stick / "checkpoint-000000000099.txt").write_text(f"{log.origin}\n99\nrubbish\n\n")
    (stick / "checkpoint-000000000001.txt").write_bytes(b"\xff\xfe of another log")
    with pytest.raises(IntegrityFailure, match="malformed"):
        anchoring.anchor(log, stick)
    log.close()
    assert open_log(anchor_folders=(stick, stick / "missing")).size == 3


def test_a_witness_signs_what_continues_and_nothing_else(
    open_log: OpenLog, configured: Settings, keys: KeyRing, stick: Path, tmp_path: Path
) -> None:
    log = open_log()
    sign_ins(log, 5)
    witness = Witness.create(tmp_path / "witness.json", "witness.example/1")
    known = (Verifier.parse(str(witness.verifier)),)
    assert anchoring.anchor(log, stick, known).cosigned == 0
    first = Witness(tmp_path / "witness.json").serve(stick, log.verifier)
    assert open_checkpoint(first.note, log.key, known, quorum=1).size == 5
    sign_ins(log, 4)
    assert anchoring.anchor(log, stick, known).cosigned == 1
    assert Witness(tmp_path / "witness.json").serve(stick, log.verifier).size == 9

    forked: list[str] = []

    def another_history() -> None:
        log_again = open_log()
        sign_ins(log_again, 3)
        forked.append(log_again.checkpoint())
        log_again.close()

    rolled_back(log, configured, tmp_path, another_history)
    other = open_log()
    sign_ins(other, 20)
    (stick / "request.txt").write_text(f"old 9\n\n{other.checkpoint()}")
    with pytest.raises(IntegrityFailure, match="does not continue"):
        Witness(tmp_path / "witness.json").serve(stick, log.verifier)
    (stick / "request.txt").write_text("old 9\n\n" + first.note)
    with pytest.raises(IntegrityFailure, match="this witness signed 9 before"):
        Witness(tmp_path / "witness.json").serve(stick, log.verifier)


def test_a_witness_refuses_a_replaced_key_a_bad_request_and_a_second_life(
    log: AuditLog, stick: Path, tmp_path: Path
) -> None:
    sign_ins(log, 2)
    witness = Witness.create(tmp_path / "witness.json", "w")
    anchoring.anchor(log, stick)
    witness.serve(stick, log.verifier)
    name, _, _ = log.verifier.partition("+")
    impostor = Verifier(name, b"\x07" * 32)
    with pytest.raises(IntegrityFailure):
        witness.serve(stick, str(impostor))
    (stick / "request.txt").write_text("give me a signature")
    with pytest.raises(IntegrityFailure, match="no request"):
        witness.serve(stick, log.verifier)
    with pytest.raises(UsageError, match="there already"):
        Witness.create(tmp_path / "witness.json", "w")
    with pytest.raises(Unavailable, match="no witness"):
        Witness(stick / "request.txt")


def test_the_printed_code_is_the_checkpoint(log: AuditLog, tmp_path: Path) -> None:
    import cv2
    import pypdfium2

    sign_ins(log, 7)
    note = log.checkpoint()
    paper.print_checkpoint(note, log.verifier, tmp_path / "sheet.pdf")
    document = pypdfium2.PdfDocument(tmp_path / "sheet.pdf")
    # Why: OpenCV's detector misses some codes at one size and reads them at another, as cameras do.
    pictures = (document[0].render(scale=scale).to_numpy() for scale in (3, 2, 4, 5, 2.5))
    text = next((said for each in pictures if (said := cv2.QRCodeDetector().detectAndDecode(each)[0])), "")
    assert text == note
    (tmp_path / "scanned.txt").write_text(text)
    found = check.check_log(log._devices[0].directory, log.verifier, [text])
    assert found["ok"]
    assert found["anchored"] == 7
    document.close()


def checked(*arguments: object) -> tuple[int, str]:
    """`check.py` as an auditor runs it: exit code, and what it says."""
    command = [sys.executable, "-I", check.__file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_check_says_what_a_witness_saw_and_when(log: AuditLog, stick: Path, tmp_path: Path) -> None:
    witness = Witness.create(tmp_path / "w.json", "witness.bank/1")
    other = Witness.create(tmp_path / "o.json", "witness.other")
    sign_ins(log, 5)
    anchoring.anchor(log, stick)
    witness.serve(stick, log.verifier)
    sign_ins(log, 2)
    alone = anchoring.anchor(log, stick).file
    (cosigned,) = stick.glob("cosigned-*.txt")
    where = log._devices[0].directory

    code, said = checked(where, "--anchor", cosigned, "--anchor", alone, "--witness", witness.verifier)
    assert (code, "witnessed: 5 records by witness.bank/1 at 20" in said) == (0, True), said
    assert checked(where, "--anchor", cosigned, "--witness", other.verifier)[0] == 4
    assert checked(where, "--anchor", alone, "--witness", witness.verifier)[0] == 4
    assert checked(where, "--witness", witness.verifier)[0] == 2, "without what it cosigned it has said nothing"
    assert "a log's key was given" in checked(where, "--anchor", cosigned, "--witness", log.verifier)[1]
    body, _, lines = cosigned.read_text().rpartition("\n\n")
    kept, mark = lines.splitlines()[0], lines.splitlines()[1]
    raw = bytearray(base64.b64decode(mark.rpartition(" ")[2]))
    raw[11] ^= 1  # a second earlier
    forged = tmp_path / "forged.txt"
    forged.write_text(f"{body}\n\n{kept}\n{mark.rpartition(' ')[0]} {base64.b64encode(raw).decode()}\n")
    code, said = checked(where, "--anchor", forged, "--witness", witness.verifier)
    assert (code, "does not verify" in said) == (4, True), said


def test_a_witness_of_an_export_saw_what_lies_in_it(log: AuditLog, stick: Path, tmp_path: Path) -> None:
    witness = Witness.create(tmp_path / "w.json", "witness.bank/1")
    sign_ins(log, 5)
    anchoring.anchor(log, stick)
    witness.serve(stick, log.verifier)
    sign_ins(log, 5)
    (cosigned,) = stick.glob("cosigned-*.txt")
    for start, code in ((0, 0), (7, 4)):
        out = tmp_path / f"from-{start}.jsonl"
        export(log, out, start, log.size)
        assert checked(out, "--anchor", cosigned, "--witness", witness.verifier)[0] == code

"""Real faults under the audit log: what was acknowledged stays, what cannot be written is refused in time."""

import contextlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import settings
from appliance.audit.events import AnswerGiven, QuestionAsked, SignIn
from appliance.audit.log import AuditLog
from appliance.errors import AuditUnavailable, IntegrityFailure
from appliance.settings import Settings
from appliance.storage.keys import KeyRing

KILLER = Path(__file__).with_name("audit_kill.py")
BUSY_MACHINE_SECONDS = 0.5
"""What a shared, overloaded test machine may add to the appliance's own second."""

OpenLog = Callable[..., AuditLog]


@pytest.fixture
def configured(home: Path) -> Settings:
    return settings.load(home, insecure_plain_key_file=True, audit_reserve_bytes=65536, audit_seconds=1.0)


@pytest.fixture
def open_log(configured: Settings) -> Iterator[OpenLog]:
    keys, opened = KeyRing.create(configured), list[AuditLog]()

    def open_with(**changes: Any) -> AuditLog:
        opened.append(AuditLog.open(configured.model_copy(update=changes), keys))
        return opened[-1]

    yield open_with
    for log in opened:
        log.close()
    keys.close()


def question() -> QuestionAsked:
    return QuestionAsked(purpose="treatment", policy_digest="p", scope_digest="s")


def answer() -> AnswerGiven:
    return AnswerGiven(intent="x", status="answered")


def refused(log: AuditLog, reason: str) -> None:
    """An append is refused within the second, with the cause."""
    began = time.monotonic()
    with pytest.raises(AuditUnavailable, match=reason):
        log.append(question(), actor="person-1")
    assert time.monotonic() - began < 1.0 + BUSY_MACHINE_SECONDS


def put_under(log: AuditLog, device: int, file: int) -> None:
    """Let the descriptor that a device writes to be that of another file: the kernel's errors are real."""
    os.dup2(file, log._devices[device]._segment, inheritable=False)
    os.close(file)


def full_pipe() -> int:
    """A pipe that nobody reads, full: writing to it hangs."""
    _, write_end = os.pipe()
    os.set_blocking(write_end, False)
    while True:
        try:
            os.write(write_end, b"x" * 65536)
        except BlockingIOError:
            break
    os.set_blocking(write_end, True)
    return write_end


def test_no_receipt_is_without_its_record_after_twenty_kills(home: Path) -> None:
    kill(home, 20)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_no_receipt_is_without_its_record_after_a_thousand_kills(home: Path) -> None:
    kill(home, 1000)


def kill(home: Path, rounds: int) -> None:
    """Run the killer; some receipts must have been given, or nothing was tried."""
    seed = time.time_ns() % 1_000_000
    command = [sys.executable, str(KILLER), str(home), str(rounds), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}\n{done.stderr}"
    given = [int(line) for line in done.stdout.split()]
    assert len(given) == rounds
    assert sum(given) > rounds


def test_a_hanging_disk_hangs_nobody_and_the_next_is_refused_at_once(open_log: OpenLog) -> None:
    log = open_log()
    log.append(question(), actor="person-1")
    put_under(log, 0, full_pipe())
    refused(log, "within 1 s")
    began = time.monotonic()
    refused(log, "within 1 s")
    assert time.monotonic() - began < 0.5
    began = time.monotonic()
    log.close()
    assert time.monotonic() - began < 3


def test_one_hanging_device_of_two_is_given_up_and_answers_go_on(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(audit_devices=(tmp_path / "one", tmp_path / "two"))
    log.append(question(), actor="person-1")
    put_under(log, 0, full_pipe())
    for _ in range(3):
        log.append(question(), actor="person-1")
    assert [record.kind for record in log.records()].count("question_asked") == 4
    assert any(record.kind == "device_failed" for record in log.records())


def test_a_device_that_hangs_at_a_checkpoint_does_not_hold_up_the_other(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(audit_devices=(tmp_path / "one", tmp_path / "two"))
    log.append(question(), actor="person-1")
    (tmp_path / "one" / "checkpoints").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "one" / "checkpoints")
    with contextlib.suppress(AuditUnavailable):
        log.checkpoint()
    for _ in range(3):
        log.append(question(), actor="person-1")
    kinds = [record.kind for record in log.records()]
    assert kinds.count("question_asked") == 4
    assert kinds.count("device_failed") == 1


def test_a_failed_fsync_ends_the_device_and_is_not_tried_again(open_log: OpenLog) -> None:
    log = open_log()
    log.append(question(), actor="person-1")
    read_end, write_end = os.pipe()
    put_under(log, 0, write_end)
    refused(log, "lost a write")
    written = len(os.read(read_end, 1 << 20))
    refused(log, "lost a write")
    os.set_blocking(read_end, False)
    with pytest.raises(BlockingIOError):
        os.read(read_end, 1)
    assert written > 0
    os.close(read_end)
    log.close()
    assert open_log().append(question(), actor="person-1").index == 1


def test_a_device_without_space_refuses_questions(open_log: OpenLog) -> None:
    log = open_log()
    put_under(log, 0, os.open("/dev/full", os.O_WRONLY))
    refused(log, "No space left")
    log.close()
    assert open_log().append(question(), actor="person-1").index == 0


def test_a_write_that_is_cut_short_leaves_nothing_behind(home: Path) -> None:
    script = (
        "import resource, sys, time\n"
        "from pathlib import Path\n"
        "from appliance import settings\n"
        "from appliance.audit.events import SignIn\n"
        "from appliance.audit.log import AuditLog\n"
        "from appliance.errors import AuditUnavailable\n"
        "from appliance.storage.keys import KeyRing\n"
        "s = settings.load(Path(sys.argv[1]), insecure_plain_key_file=True, audit_reserve_bytes=0)\n"
        "log = AuditLog.open(s, KeyRing.create(s))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_001, 20_001))\n"
        "count = 0\n"
        "try:\n"
        "    while True:\n"
        "        log.append(SignIn(), actor='p')\n"
        "        count += 1\n"
        "except AuditUnavailable as error:\n"
        "    print(count, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(home)], capture_output=True, text=True, check=True)
    count = int(done.stdout.split()[0])
    assert count > 10
    assert "File too large" in done.stdout
    configured = settings.load(home, insecure_plain_key_file=True, audit_reserve_bytes=0)
    log = AuditLog.open(configured, KeyRing.open(configured))
    assert log.size == count
    assert log.verify().ok
    log.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Write until there is no space; the file that takes it."""
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler


def until_refused(log: AuditLog) -> Iterator[None]:
    """Append until the log says that its disk is full."""
    with contextlib.suppress(AuditUnavailable):
        while True:
            log.append(question(), actor="person-1")
            yield


def test_a_full_disk_refuses_questions_takes_closing_records_and_recovers(open_log: OpenLog, small_disk: Path) -> None:
    log = open_log(audit_devices=(small_disk / "log",), audit_reserve_bytes=256 * 1024)
    filler = fill(small_disk)
    acknowledged = sum(1 for _ in until_refused(log))
    assert acknowledged < 100
    refused(log, "full")
    assert log.append(answer(), actor="person-1").index == acknowledged
    refused(log, "full")
    filler.unlink()
    assert log.append(question(), actor="person-1").index == acknowledged + 1
    assert (small_disk / "log" / "reserve").stat().st_size == 256 * 1024
    assert log.verify().ok
    log.close()
    assert open_log(audit_devices=(small_disk / "log",)).size == acknowledged + 2


def test_a_disk_that_fills_while_another_has_space_is_given_up(
    open_log: OpenLog, small_disk: Path, tmp_path: Path
) -> None:
    log = open_log(audit_devices=(small_disk / "log", tmp_path / "two"), audit_reserve_bytes=0)
    fill(small_disk)
    for _ in range(40):
        log.append(question(), actor="person-1")
    assert any(record.kind == "device_failed" for record in log.records())


@pytest.mark.parametrize("what", ["removed", "replaced", "shortened", "extended"])
def test_a_log_file_that_somebody_touched_ends_the_device(open_log: OpenLog, configured: Settings, what: str) -> None:
    log = open_log()
    log.append(question(), actor="person-1")
    path = next((configured.home / "audit").glob("segment-*"))
    copy = path.read_bytes()
    if what == "removed":
        path.unlink()
    elif what == "replaced":
        path.unlink()
        path.write_bytes(copy)
    elif what == "shortened":
        os.truncate(path, len(copy) - 1)
    else:
        with path.open("ab") as file:
            file.write(b"x")
    refused(log, {"removed": "lost its file", "replaced": "replaced"}.get(what, "changed by somebody else"))


def test_two_devices_that_disagree_stop_the_log_and_the_record_is_named(open_log: OpenLog, tmp_path: Path) -> None:
    devices = (tmp_path / "one", tmp_path / "two")
    log = open_log(audit_devices=devices)
    for _ in range(5):
        log.append(SignIn(), actor="person-1")
    log.close()
    path = next(devices[1].glob("segment-*"))
    damaged = bytearray(path.read_bytes())
    damaged[damaged.rfind(b"person-1")] ^= 1
    path.write_bytes(damaged)
    found = log.verify()
    assert not found.ok
    assert "device 1: record 4" in (found.first_error or "")
    again = open_log(audit_devices=devices)
    failed = list(again.records())[-1]
    assert failed.kind == "device_failed"
    assert "record 4" in failed.public["reason"]


def test_a_key_ring_that_cannot_be_written_refuses_the_question(open_log: OpenLog) -> None:
    log = open_log()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
    try:
        began = time.monotonic()
        with pytest.raises(AuditUnavailable):
            log.append(QuestionAsked(purpose="t", policy_digest="p", scope_digest="s", question="who?"), actor="p")
        assert time.monotonic() - began < 1.0 + BUSY_MACHINE_SECONDS
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@pytest.fixture
def forked(open_log: OpenLog, configured: Settings, tmp_path: Path) -> Callable[[bool], tuple[Path, Path]]:
    """Two devices: the first failed while it wrote a batch that nobody got a receipt for; the second went on."""

    def make(reported: bool) -> tuple[Path, Path]:
        devices = (tmp_path / "one", tmp_path / "two")
        log = open_log(audit_devices=devices)
        for _ in range(3):
            log.append(question(), actor="person-1")
        log.close()
        segment_file = next(devices[0].glob("segment-*"))
        before, anchor = segment_file.read_bytes(), (configured.home / "audit-anchor").read_text()
        alone = open_log(audit_devices=devices[:1])
        alone.append(SignIn(), actor="nobody-was-told")
        alone.close()
        for name in ("checkpoint", "checkpoints"):
            (devices[0] / name).write_bytes((devices[1] / name).read_bytes())
        (configured.home / "audit-anchor").write_text(anchor)
        assert len(segment_file.read_bytes()) > len(before)
        devices[0].rename(tmp_path / "away")
        devices[0].write_text("a disk that cannot be opened")
        log = open_log(audit_devices=devices if reported else devices[1:])
        for _ in range(4):
            log.append(question(), actor="person-1")
        log.close()
        devices[0].unlink()
        (tmp_path / "away").rename(devices[0])
        return devices

    return make


def test_a_device_that_failed_while_it_wrote_comes_back_without_what_nobody_was_told(
    open_log: OpenLog, forked: Callable[[bool], tuple[Path, Path]]
) -> None:
    devices = forked(True)
    log = open_log(audit_devices=devices)
    kinds = [record.kind for record in log.records()]
    assert kinds.count("question_asked") == 7
    assert "sign_in" not in kinds
    assert [record.public["dropped_bytes"] > 0 for record in log.records() if record.kind == "log_recovered"] == [True]
    assert next(devices[0].glob("unacknowledged-*")).read_bytes().count(b"nobody-was-told") == 1
    assert log.append(question(), actor="person-1").index == len(kinds)
    assert log.verify().ok
    log.close()
    assert open_log(audit_devices=devices[:1]).size == len(kinds) + 1


def test_an_end_that_the_log_does_not_know_as_a_failure_stays_a_disagreement(
    open_log: OpenLog, forked: Callable[[bool], tuple[Path, Path]]
) -> None:
    devices = forked(False)
    with pytest.raises(IntegrityFailure, match="disagree from record 3 on"):
        open_log(audit_devices=devices)


def test_the_loss_of_a_device_is_the_first_record_written_without_it(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(audit_devices=(tmp_path / "one", tmp_path / "two"))
    log.append(question(), actor="person-1")
    log._devices[0].fail("was lost between two batches")
    log.append(question(), actor="person-1")
    assert [record.kind for record in log.records(1)] == ["device_failed", "question_asked"]

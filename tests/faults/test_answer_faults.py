"""No answer without its record (I2), whatever the audit disk does while a question is answered."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance import ask as questions
from appliance.access.grants import Purpose
from appliance.audit.events import Event
from appliance.audit.receipt import Receipt
from appliance.errors import AuditUnavailable
from tests.faults.light_rooms import QUESTION, House, configured, opened, prepare
from tests.faults.test_audit_faults import BUSY_MACHINE_SECONDS, full_pipe, put_under

KILLER = Path(__file__).with_name("answer_kill.py")
REPOSITORY = Path(__file__).parents[2]
WRITES = {"intent": 1, "passages shown": 2, "outcome": 3}


def lost_write() -> int:
    """A descriptor that takes bytes and cannot make them durable: a pipe."""
    return os.pipe()[1]


def short_write() -> int:
    """A descriptor that takes some bytes and then no more: a pipe that nobody reads, nearly full."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        os.read(read_end, 4096)
    return write_end


FAULTS: dict[str, Callable[[], int]] = {
    "EIO at fsync": lost_write,
    "ENOSPC": lambda: os.open("/dev/full", os.O_WRONLY),
    "short write": short_write,
    "hang": full_pipe,
}


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    settings = configured(home, audit_seconds=1.0)
    prepare(settings)
    made = opened(settings)
    yield made
    made.log.close()


def struck(house: House, write: int, fault: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have the disk fail just before the `write`-th record of a question; when that was."""
    real, count, at = house.log.append, 0, list[float]()

    def append(event: Event, *, actor: str, operator: str = "") -> Receipt:
        nonlocal count
        count += 1
        if count == write:
            put_under(house.log, 0, fault())
            at.append(time.monotonic())
        return real(event, actor=actor, operator=operator)

    monkeypatch.setattr(house.log, "append", append)
    return at


def test_without_a_fault_it_answers(house: House) -> None:
    *shown, last = questions.ask(house.rooms, house.person, Purpose.TREATMENT, QUESTION)
    assert isinstance(last, questions.Finished)
    assert last.status == "answered"
    assert any(isinstance(each, questions.Quotes) for each in shown)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES)
def test_a_fault_at_each_write_is_refused_within_a_second_and_no_answer_is_shown(
    house: House, home: Path, write: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = struck(house, WRITES[write], FAULTS[fault], monkeypatch)
    shown: list[object] = []
    with pytest.raises(AuditUnavailable):
        shown.extend(questions.ask(house.rooms, house.person, Purpose.TREATMENT, QUESTION))
    refused = time.monotonic() - at[0]
    assert refused < 1.0 + BUSY_MACHINE_SECONDS
    assert not [each for each in shown if isinstance(each, questions.Finished)]
    if write != "outcome":
        assert shown == []
    monkeypatch.undo()
    house.log.close()
    shutil.copytree(home, home.with_name("after-a-restart"))  # a hanging write holds the lock until its process ends
    again = opened(configured(home.with_name("after-a-restart")))
    assert again.log.verify().ok
    kinds = [record.kind for record in again.log.records(opened=False)]
    assert "answer_given" not in kinds
    assert kinds.count("passages_shown") == (1 if write == "outcome" else 0)
    *_, last = questions.ask(again.rooms, again.person, Purpose.TREATMENT, QUESTION)
    assert isinstance(last, questions.Finished)
    again.log.close()


def kill(home: Path, rounds: int) -> None:
    """Run the killer; answers must have been delivered, or nothing was tried."""
    seed = time.time_ns() % 1_000_000
    command = [sys.executable, str(KILLER), str(home), str(rounds), str(seed)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 0, f"seed {seed}\n{done.stderr}"
    told = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(told) == rounds
    quotes, answers = (sum(each[n] for each in told) for n in (0, 1))
    print(f"{rounds} kills: {quotes} quotations and {answers} answers delivered, 0 without their record")
    assert answers > rounds / 3


def test_no_answer_is_delivered_without_its_record_after_five_kills(home: Path) -> None:
    kill(home, 5)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_no_answer_is_delivered_without_its_record_after_a_thousand_kills(home: Path) -> None:
    kill(home, 1000)

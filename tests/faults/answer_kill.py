"""A process that forks children which answer questions, kills each at a random point, and looks what was delivered.

    python answer_kill.py HOME ROUNDS SEED

Prints a line a round: quotes delivered, answers delivered. Exits 1 when one was delivered without its durable record.
"""

import json
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

from appliance import ask as questions
from appliance.access.grants import Purpose
from appliance.audit.log import AuditLog
from appliance.storage.keys import KeyRing
from tests.faults.audit_kill import child
from tests.faults.light_rooms import QUESTION, configured, opened, prepare

MOST_EVENTS = 7
"""A question shows three: quotations, a sentence, the end. A kill comes after the first to seventh, and a moment."""


def answer(home: Path, to: int) -> None:
    """Answer again and again; say what is shown as soon as it is, as a screen would."""
    house = opened(configured(home, audit_seconds=20.0))
    while True:
        for event in questions.ask(house.rooms, house.person, Purpose.TREATMENT, QUESTION):
            told: dict = {"quotes": True} if isinstance(event, questions.Quotes) else {"sentence": True}
            if isinstance(event, questions.Finished):
                told = {"finished": event.receipt.receipt.index, "leaf": event.receipt.receipt.leaf,
                        "status": event.status}  # fmt: skip
            os.write(to, json.dumps(told).encode() + b"\n")


def check(home: Path, said: list[dict], before: int, to: int) -> None:
    """Every quotation and every answer that was delivered has its record; the log is whole. Tells its size."""
    settings = configured(home, audit_seconds=20.0)
    log = AuditLog.open(settings, KeyRing.open(settings))
    kinds = [record.kind for record in log.records(before, opened=False)]
    assert kinds.count("passages_shown") >= sum("quotes" in each for each in said), "quotes without their record"
    assert not any("sentence" in each for each in said[:1]), "a sentence before its quotes"
    for each in said:
        if "finished" in each:
            assert log._tree.leaf(each["finished"]).hex() == each["leaf"], "an answer without its record"
            assert each["status"] == "answered"
    found = log.verify()
    assert found.ok, found.first_error
    os.write(to, str(log.size).encode())
    log.close()


def checked(home: Path, said: list[dict], before: int) -> int:
    """Check in a child of its own; the number of records, or the end of this process."""
    read_end, write_end = os.pipe()
    pid = child(partial(check, home, said, before, write_end))
    os.close(write_end)
    size = os.read(read_end, 64)
    os.close(read_end)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        sys.exit(1)
    return int(size)


def main(home: Path, rounds: int, seed: int) -> None:
    """Answer, kill, look, again and again on the same log."""
    chance = random.Random(seed)
    prepare(configured(home))
    house = opened(configured(home))  # what a child would load again and again is in memory before it is forked
    list(questions.ask(house.rooms, house.person, Purpose.TREATMENT, QUESTION))
    house.close()
    before = checked(home, [], 0)
    for _ in range(rounds):
        read_end, write_end = os.pipe()
        pid = child(partial(answer, home, write_end))
        os.close(write_end)
        said, wanted = b"", chance.randrange(MOST_EVENTS)
        while said.count(b"\n") <= wanted:
            said += os.read(read_end, 65536)
        time.sleep(chance.random() * 0.03)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while more := os.read(read_end, 65536):
            said += more
        os.close(read_end)
        told = [json.loads(line) for line in said.decode().splitlines()]
        before = checked(home, told, before)
        print(sum("quotes" in each for each in told), sum("finished" in each for each in told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

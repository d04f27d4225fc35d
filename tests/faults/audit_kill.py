"""A process that forks writers of an audit log, kills each with SIGKILL and lets another child check the log.

    python audit_kill.py HOME ROUNDS SEED

Prints one line a round: receipts given before the kill. Exits 1 at the first receipt without its record.
"""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from appliance import settings
from appliance.audit.events import QuestionAsked, SignIn
from appliance.audit.log import AuditLog
from appliance.storage.keys import KeyRing

WRITERS = 4


def child(work: Callable[[], None]) -> int:
    """Fork, run `work`, and leave without cleaning up."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def write(home: Path, to: int) -> None:
    """Append from several threads; say each receipt as soon as it is there."""
    configured = settings.load(home, insecure_plain_key_file=True, audit_reserve_bytes=0, audit_seconds=20.0)
    log = AuditLog.open(configured, KeyRing.open(configured))

    def work() -> None:
        while True:
            event = QuestionAsked(purpose="treatment", policy_digest="p", scope_digest="s", question="who?")
            for each in (event, SignIn()):
                receipt = log.append(each, actor="person-1")
                os.write(to, f"{receipt.index} {receipt.leaf}\n".encode())

    for _ in range(WRITERS - 1):
        threading.Thread(target=work).start()
    work()


def check(home: Path, receipts: dict[int, str]) -> None:
    """Open the log again: every receipt's record must be there, and the log whole."""
    configured = settings.load(home, insecure_plain_key_file=True, audit_reserve_bytes=0, audit_seconds=20.0)
    log = AuditLog.open(configured, KeyRing.open(configured))
    for index, leaf in receipts.items():
        assert log._tree.leaf(index).hex() == leaf, f"record {index} is not what its receipt says"
    found = log.verify()
    assert found.ok, found.first_error
    log.close()


def main(home: Path, rounds: int, seed: int) -> None:
    """Write, kill, check, again and again on the same log."""
    chance = random.Random(seed)
    configured = settings.load(home, insecure_plain_key_file=True)
    KeyRing.create(configured).close()
    receipts: dict[int, str] = {}
    for _ in range(rounds):
        read_end, write_end = os.pipe()
        pid = child(partial(write, home, write_end))
        os.close(write_end)
        said = os.read(read_end, 65536)
        time.sleep(chance.random() * 0.03)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while more := os.read(read_end, 65536):
            said += more
        os.close(read_end)
        fresh = dict(line.split() for line in said.decode().splitlines())
        receipts |= {int(index): leaf for index, leaf in fresh.items()}
        if os.waitstatus_to_exitcode(os.waitpid(child(partial(check, home, receipts)), 0)[1]):
            sys.exit(1)
        print(len(fresh), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""`appliance bench audit`: what the log costs, on a log of its own.

1. Fifty writers as fast as they can: records a second, each durable (fsync) when its writer goes on.
2. Fifty writers at a thousand records a second together: what a record adds to an answer, median and p99.
3. The same two for one writer alone, and the disk's own fsync, to compare with.
4. `check.py` in a process of its own on a million records (fewer with `--limit`): seconds and memory.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from appliance import settings
from appliance.audit import check, segment
from appliance.audit.checkpoint import Signer
from appliance.audit.events import QuestionAsked
from appliance.audit.log import AuditLog
from appliance.audit.merkle import Frontier, leaf_hash
from appliance.storage.keys import KeyRing

WANTED = {
    "records_per_second": "1000",
    "added_p99_ms": "25",
    "check_seconds": "60",
    "check_mib": "200",
}
WRITERS = 50
RECORDS = 1_000_000
PACED = 1000.0
SECONDS = 5.0
SEGMENT = 20_000
MEASURED = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(*(line for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
"""


def bench_audit(folder: Path, limit: int) -> dict[str, Any]:
    """All figures, by name. `limit` is the number of records that `check.py` reads; 0 is a million."""
    home = folder / "home"
    home.mkdir()
    configured = settings.load(home, insecure_plain_key_file=True, audit_seconds=10.0)
    keys = KeyRing.create(configured)
    log = AuditLog.open(configured, keys)
    append(log, WRITERS, 1.0)  # keys made ahead, as in a service that runs
    fast = append(log, WRITERS, SECONDS)
    paced = append(log, WRITERS, SECONDS, PACED)
    alone = append(log, 1, 2.0)
    whole = log.verify()
    log.close()
    keys.close()
    return {
        "records_per_second": len(fast) / SECONDS,
        "median_ms_at_full_speed": quantile(fast, 0.5),
        "p99_ms_at_full_speed": quantile(fast, 0.99),
        "added_median_ms": quantile(paced, 0.5),
        "added_p99_ms": quantile(paced, 0.99),
        "paced_records_per_second": len(paced) / SECONDS,
        "alone_median_ms": quantile(alone, 0.5),
        "disk_fsync_median_ms": fsync(folder),
        "whole_afterwards": whole.ok,
        **checked(folder / "log", limit or RECORDS),
        "processors": os.cpu_count(),
    }


def append(log: AuditLog, writers: int, seconds: float, per_second: float = 0.0) -> list[float]:
    """Seconds that each record took, of `writers` that append for `seconds`, at `per_second` together if given."""
    waits: list[float] = []
    until, event = time.perf_counter() + seconds, QuestionAsked(
        purpose="treatment", policy_digest="p" * 64, scope_digest="s" * 64, question="what is the dose for it?"
    )  # fmt: skip
    pause = writers / per_second if per_second else 0.0

    def work(number: int) -> None:
        due = time.perf_counter() + pause * number / writers
        while (now := time.perf_counter()) < until:
            if pause and now < due:
                time.sleep(due - now)
                continue
            due = max(due + pause, now - pause)
            began = time.perf_counter()
            log.append(event, actor=f"person-{number}")
            waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def quantile(waits: list[float], part: float) -> float:
    """A quantile of seconds, in milliseconds."""
    return sorted(waits)[int(len(waits) * part)] * 1000


def fsync(folder: Path) -> float:
    """The median of a hundred writes of 800 bytes with fdatasync, in milliseconds: the disk without a log."""
    waits = []
    with open(folder / "disk", "wb", buffering=0) as file:
        for _ in range(100):
            began = time.perf_counter()
            file.write(b"x" * 800)
            os.fdatasync(file.fileno())
            waits.append(time.perf_counter() - began)
    return quantile(waits, 0.5)


def checked(directory: Path, records: int) -> dict[str, Any]:
    """`check.py` on a log of `records` records, against an anchor, in a process of its own."""
    anchor = directory.with_name("anchor")
    anchor.write_text(build(directory, records, 4))
    found, seconds, mib = run_check(str(directory), "--anchor", str(anchor))
    return {
        "check_records": found["records"],
        "check_ok": found["ok"] and found["anchored"] == records,
        "check_seconds": seconds,
        "check_mib": mib,
    }


def run_check(*arguments: str) -> tuple[dict[str, Any], float, float]:
    """What `check.py` found in a process of its own, with the seconds it took and its peak memory in MiB.

    The process says itself what it used: `getrusage` of a child counts what its parent held when it was started.
    """
    command = [sys.executable, "-I", "-c", MEASURED, check.__file__, *arguments, "--json"]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    return json.loads(done.stdout), seconds, int(done.stderr.split()[-2]) / 1024


def build(directory: Path, records: int, batch: int) -> str:
    """Write a log of `records` records of about 750 bytes, a head every `batch` of them; its anchor."""
    signer, frontier, file = Signer("appliance/test", b"\x01" * 32), Frontier(), None
    directory.mkdir()
    (directory / "verifier.pub").write_text(f"{signer.verifier}\n")
    sealed = [{"scope": "audit/x", "commitment": "c" * 64, "payload": "p" * 240}]
    for index in range(records):
        if index % SEGMENT == 0:
            if file:
                file.close()
            file = (directory / segment.name(index)).open("wb")
            file.write(segment.header(index))
        record = {
            "v": 1, "index": index, "id": f"{index:020d}", "time": f"2026-01-01T00:00:00.{index:06d}+00:00",
            "kind": "question_asked", "actor": f"person-{index % 50}", "operator": "",
            "public": {"purpose": "treatment", "policy_digest": "d" * 64, "scope_digest": "s" * 64},
            "sealed": sealed,
        }  # fmt: skip
        data = json.dumps(record, separators=(",", ":")).encode()
        frontier.append(leaf_hash(data))
        assert file
        file.write(segment.frame(data))
        if (index + 1) % batch == 0 or index + 1 == records:
            file.write(segment.frame(signer.sign(frontier.size, frontier.root()).encode(), head=True))
    if file:
        file.close()
    return signer.sign(frontier.size, frontier.root())

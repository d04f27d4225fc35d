"""The figures of the log at full size. A campaign: it takes minutes and gigabytes."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit import check, segment
from appliance.audit.log import AuditLog
from appliance.cli.audit_benchmark import build, run_check

from .conftest import asked

MILLION = 1_000_000
CHECK_SECONDS = 60
CHECK_MIB = 200
pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3600)]


def test_a_million_records_are_checked_within_a_minute_and_200_mib(tmp_path: Path) -> None:
    (tmp_path / "anchor").write_text(build(tmp_path / "log", MILLION, 4))
    found, seconds, mib = run_check(str(tmp_path / "log"), "--anchor", str(tmp_path / "anchor"))
    assert (found["ok"], found["records"], found["anchored"]) == (True, MILLION, MILLION)
    print(f"{seconds:.1f} s, {mib:.0f} MiB")
    assert seconds <= CHECK_SECONDS
    assert mib <= CHECK_MIB


def test_any_of_a_hundred_flipped_bits_in_100_000_records_is_found(tmp_path: Path) -> None:
    directory = tmp_path / "log"
    anchor = build(directory, 100_000, 10)
    chance = random.Random(9)
    for _ in range(100):
        path = chance.choice(segment.segments(directory))
        content = path.read_bytes()
        at = chance.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :])
        found = check.check_log(directory, None, [anchor])
        assert not found["ok"]
        assert found["first_bad_record"] // 20_000 == segment.segments(directory).index(path)
        path.write_bytes(content)
    assert check.check_log(directory, None, [anchor])["ok"]


def test_fifty_writers_get_a_thousand_durable_records_a_second(open_log: Callable[..., AuditLog]) -> None:
    log, waits = open_log(), list[float]()

    def work() -> None:
        for _ in range(400):
            began = time.perf_counter()
            log.append(asked(), actor="person-1")
            waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(50)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate, waits = len(waits) / (time.monotonic() - began), sorted(waits)
    median, p99 = (waits[int(len(waits) * part)] * 1000 for part in (0.5, 0.99))
    print(f"{rate:.0f} records/s, median {median:.1f} ms, p99 {p99:.1f} ms")
    assert rate >= 1000

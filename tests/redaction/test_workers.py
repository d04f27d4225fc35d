"""Detection in processes of its own finds the same; a process that dies takes one document with it, not the rest."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from appliance import settings
from appliance.errors import Quarantined, Unavailable
from appliance.redaction.detection import Detector
from appliance.redaction.policy import Profile, load_profile, parse_profile
from appliance.redaction.workers import DetectionWorkers, WorkerEnded
from appliance.settings import SHIPPED_POLICIES

NOTE = "Patient Wilhelmina Featherstonehaugh, MRN 83920175, was seen on 14 March 2024."
REFUSING = """
import sys
from appliance.errors import Quarantined
from appliance.redaction.worker import read, write
read(sys.stdin.buffer); write(sys.stdout.buffer, "ready")
while True:
    read(sys.stdin.buffer); write(sys.stdout.buffer, Quarantined("the recognizer x failed", "Report it"))
"""

STUCK = """
import re, sys, time
from pathlib import Path
from appliance.redaction.detection import Detector
from appliance.redaction.recognizers.base import ApplianceRecognizer
from appliance.redaction import worker
class Stuck(ApplianceRecognizer):
    NAME, TYPES = "stuck", ("ID",)
    def spans(self, text, artifacts=None):
        if "zzz" in text:
            HOW
        return ()
Detector.open = classmethod(lambda cls, *given: cls([Stuck()], None, None, given[-1]))
sys.exit(worker.main())
"""
SLEEPING = STUCK.replace("HOW", "time.sleep(600)")
BACKTRACKING = STUCK.replace("HOW", "re.search('(z+)+y', 'z' * 64)")
PATTERNS = b"name: p\ntitle: P\ndetectors: [patterns]\nrules: {ID: {action: mask, reason: r, citation: c}}\n"


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile(SHIPPED_POLICIES, "strict")


@pytest.fixture(scope="module")
def workers(packs: Path) -> Iterator[DetectionWorkers]:
    opened = DetectionWorkers(settings.load(packs=packs), 1)
    yield opened
    opened.close()


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "appliance.redaction.worker" in each.cmdline()]


def test_a_process_finds_what_the_detector_finds(workers: DetectionWorkers, profile: Profile, packs: Path) -> None:
    here = Detector.open(packs, threads=1).find([NOTE], profile)
    assert workers.find([NOTE], profile) == here
    assert here.items


def test_a_process_that_dies_on_a_document_is_blamed_on_it_and_replaced(
    workers: DetectionWorkers, profile: Profile
) -> None:
    workers.find(["warm"], profile)
    (process,) = children()
    threading.Timer(0.3, lambda: os.kill(process.pid, signal.SIGSEGV)).start()
    with pytest.raises(WorkerEnded, match="signal 11"):
        workers.find([f"{NOTE} {n}" for n in range(4000)], profile)
    assert workers.find([NOTE], profile).items


def test_what_the_detector_raises_arrives_whole(profile: Profile, packs: Path) -> None:
    refusing = DetectionWorkers(settings.load(packs=packs), 1, (sys.executable, "-c", REFUSING))
    with pytest.raises(Quarantined, match="the recognizer x failed") as raised:
        refusing.find([NOTE], profile)
    assert raised.value.advice == "Report it"
    refusing.close()
    with pytest.raises(Unavailable):
        refusing.find([NOTE], profile)


def test_many_threads_share_the_processes(profile: Profile, packs: Path) -> None:
    two = DetectionWorkers(settings.load(packs=packs), 2, (sys.executable, "-c", REFUSING), shared=False)

    def ask(_: int) -> str:
        try:
            two.find([NOTE], profile)
        except Quarantined as error:
            return error.message
        return ""

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(40))) == {"the recognizer x failed"}
    two.close()


def test_processes_share_the_memory_of_their_models_and_one_that_is_killed_is_replaced(
    profile: Profile, packs: Path
) -> None:
    two = DetectionWorkers(settings.load(packs=packs), 2)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: two.find([NOTE] * 20, profile), range(6)))
    assert len({each.items for each in found}) == 1
    ((elder, younger),) = [(each, younger) for each in children() for younger in each.children()]
    assert younger.memory_full_info().uss < 0.6 * younger.memory_full_info().rss
    younger.kill()
    elder.kill()
    ended = 0
    for _ in range(4):
        try:
            assert two.find([NOTE], profile).items == Detector.open(packs, threads=1).find([NOTE], profile).items
        except WorkerEnded:
            ended += 1
    assert ended <= 2
    two.close()


def test_a_process_ends_with_the_one_that_started_it(packs: Path) -> None:
    script = (
        "import os, sys, time\nfrom appliance import settings\n"
        "from appliance.redaction.workers import DetectionWorkers\n"
        f"w = DetectionWorkers(settings.load(packs={str(packs)!r}), 1)\nw.warm()\n"
        "print(w._all[0]._process.pid, flush=True)\ntime.sleep(60)\n"
    )
    import subprocess

    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(300):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.1)
    pytest.fail("the process lives on")


@pytest.mark.parametrize("script", [SLEEPING, BACKTRACKING], ids=["sleeps", "backtracks, and holds the interpreter"])
def test_a_recognizer_that_does_not_end_costs_its_document_and_not_the_next(script: str, packs: Path) -> None:
    profile = parse_profile(PATTERNS, "p.yaml")
    late = DetectionWorkers(settings.load(packs=packs, detect_seconds=1.0), 1, (sys.executable, "-c", script))
    assert late.find(["warm"], profile).items == ()
    started = time.monotonic()
    with pytest.raises(Quarantined, match=r"did not end (with)?in"):
        late.find(["A text with zzz."], profile)
    assert time.monotonic() - started < 15
    assert late.find(["The next one."], profile).items == ()
    late.close()
    assert not [each for each in psutil.Process().children() if "Stuck" in " ".join(each.cmdline())]

"""Processes that read files yield to those that answer."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from appliance.documents.document import Original
from appliance.documents.sandbox import Sandbox
from appliance.isolation.priority import give_way
from appliance.redaction.workers import DetectionWorkers
from appliance.settings import load


@pytest.fixture
def sleeper() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def niceness_below() -> list[int]:
    """Of every process that this one started."""
    return [each.nice() for each in psutil.Process().children(recursive=True)]


def test_a_process_that_is_nicer_already_stays_so(sleeper: int) -> None:
    give_way(sleeper, 12)
    give_way(sleeper, 3)
    assert os.getpriority(os.PRIO_PROCESS, sleeper) == 12


def test_the_parser_and_its_children_yield_by_the_setting(tmp_path: Path) -> None:
    before = niceness_below()
    sandbox = Sandbox(load(tmp_path, background_niceness=7))
    try:
        sandbox.parse(Original("x.txt", "text", b"words", "0" * 64))
        assert {*before, 7} == set(niceness_below())
    finally:
        sandbox.close()


def test_processes_that_detect_yield_by_the_setting(tmp_path: Path) -> None:
    before = niceness_below()
    workers = DetectionWorkers(load(tmp_path, background_niceness=7), 1, (sys.executable, "-c", "input()"))
    workers.warm()
    try:
        assert {*before, 7} == set(niceness_below())
    finally:
        workers.close()

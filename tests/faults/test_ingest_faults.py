"""Kills at random moments and disks that refuse: nothing is lost, half visible or doubled."""

import errno
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from appliance.documents import files
from appliance.documents.sandbox import Sandbox
from appliance.errors import Unavailable
from tests.faults import ingest_kill

Story = list[tuple[str, ...]]
REPOSITORY = Path(__file__).parents[2]


def campaign(folder: Path, count: int, kills: int, seed: int) -> dict:
    ran = subprocess.run(
        [sys.executable, str(REPOSITORY / "tests" / "faults" / "ingest_kill.py"), str(folder), str(count), str(kills),
         str(seed)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_a_few_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    found = campaign(tmp_path, 6, 3, 11)
    print(found)
    assert sum(found["kills"].values()) >= 3


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_three_hundred_kills_over_sixty_files_lose_and_double_nothing(tmp_path: Path) -> None:
    found = campaign(tmp_path, 60, 300, 12)
    print(found)
    assert sum(found["kills"].values()) >= 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("faults") / "files"
    ingest_kill.write_files(made, 3)
    return made


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, packs: Path) -> Iterator[Path]:
    """A home with an empty collection; while it is there, one parser serves every home."""
    home = tmp_path_factory.mktemp("faults") / "empty"
    ingest_kill.prepare(home)
    sandbox = Sandbox(ingest_kill.chosen(home))
    ingest_kill.SHARED["sandbox"] = sandbox
    yield home
    ingest_kill.SHARED.clear()
    sandbox.close()


@pytest.fixture(scope="module")
def clean(folder: Path, empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """What a run without faults gives."""
    home = tmp_path_factory.mktemp("faults") / "clean"
    shutil.copytree(empty, home)
    ingest_kill.take_in(home, folder)
    found, complaint = ingest_kill.story(home)
    assert complaint == ""
    return found


def test_what_a_kill_left_half_written_is_gone_after_the_next_start(empty: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty, home)
    for folder in (home / "originals", home / "pages"):
        folder.mkdir(exist_ok=True)
        (folder / ".partial-0123").write_bytes(b"half")
    assert ingest_kill.story(home) == ([], "")
    assert not list(home.rglob(".partial-*"))


def refuse_file(fault: int, patch: pytest.MonkeyPatch, at: int) -> list[int]:
    """The `at`-th file of the home that is written meets the fault."""
    written = [0]
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        written[0] += ingest_kill.ARMED.is_set()
        if written[0] == at and ingest_kill.ARMED.is_set():
            written[0] += 1
            raise OSError(fault, os.strerror(fault))
        fsync(descriptor)

    patch.setattr(files.os, "fsync", failing)
    return written


def refuse_database(fault: int, patch: pytest.MonkeyPatch, at: int) -> list[int]:
    """The `at`-th transaction of the database finds the disk full or broken when it commits."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.exc import OperationalError

    done = [0]

    def commit(connection: object) -> None:
        done[0] += ingest_kill.ARMED.is_set()
        if done[0] == at:
            done[0] += 1
            said = "database or disk is full" if fault == errno.ENOSPC else "disk I/O error"
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError(said))

    event.listen(Engine, "commit", commit)
    patch.setattr(ingest_kill, "_undo", partial(event.remove, Engine, "commit", commit), raising=False)
    return done


def refuse_index(fault: int, patch: pytest.MonkeyPatch, at: int) -> list[int]:
    """The `at`-th flush of the index meets the fault."""
    from appliance.search.edge import EdgeIndex

    done, flush = [0], EdgeIndex.flush

    def failing(self: EdgeIndex) -> None:
        done[0] += ingest_kill.ARMED.is_set()
        if done[0] == at:
            done[0] += 1
            raise Unavailable(os.strerror(fault))
        flush(self)

    patch.setattr(EdgeIndex, "flush", failing)
    return done


REFUSALS = [refuse_file, refuse_database, refuse_index]


def struck(
    folder: Path, empty: Path, home: Path, refuse: Callable[..., list[int]], fault: int, at: int
) -> tuple[bool, tuple[Story, str]]:
    """Whether the fault struck at the `at`-th write, and what is there after the same command was given again."""
    shutil.copytree(empty, home)
    with pytest.MonkeyPatch.context() as patch:
        done = refuse(fault, patch, at)
        try:
            with suppress(Unavailable):
                ingest_kill.take_in(home, folder)
        finally:
            getattr(ingest_kill, "_undo", lambda: None)()
    ingest_kill.take_in(home, folder)
    return done[0] > at, ingest_kill.story(home)


@pytest.mark.parametrize("refuse", REFUSALS)
def test_a_full_disk_at_a_write_loses_and_doubles_nothing(
    folder: Path, empty: Path, clean: Story, tmp_path: Path, refuse: Callable[..., list[int]]
) -> None:
    for at in (2, 9):
        met, found = struck(folder, empty, tmp_path / f"home-{at}", refuse, errno.ENOSPC, at)
        assert found == (clean, ""), f"write {at}"
        assert met or at > 2, "the fault never struck"


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", [pytest.param(errno.ENOSPC, id="ENOSPC"), pytest.param(errno.EIO, id="EIO")])
@pytest.mark.parametrize("refuse", REFUSALS)
def test_a_disk_that_refuses_any_write_loses_and_doubles_nothing(
    folder: Path, empty: Path, clean: Story, tmp_path: Path, refuse: Callable[..., list[int]], fault: int
) -> None:
    for at in itertools.count(1):
        home = tmp_path / f"home-{at}"
        met, found = struck(folder, empty, home, refuse, fault, at)
        assert found == (clean, ""), f"write {at}"
        shutil.rmtree(home)
        if not met:
            break
    print(f"{refuse.__name__}: {at - 1} writes met it")
    assert at > 2, "the fault never struck"

"""Unfinished versions have one worker each, come back when it vanishes, and never block one another."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.documents import work as work_file
from appliance.documents.catalog import Catalog
from appliance.documents.document import Original
from appliance.documents.work import MOST_TRIES, Overtaken, Work
from appliance.storage import tables
from tests import stores


class Shelf:
    """Versions that wait, and workers."""

    def __init__(self, opened: stores.Stores) -> None:
        self.database = opened.database
        self.catalog = Catalog(opened.database, opened.keys)
        self.collection = self.catalog.collections.create("ward", "strict")
        self.catalog.add_label("l", {"collection": self.collection.id})

    def add(self, name: str) -> str:
        made, _ = self.catalog.receive(self.collection, "l", Original(name, "text", b"x", name), "strict", "d")
        self.make_due()
        return made.id

    def make_due(self) -> None:
        with self.database.exclusive() as connection:
            connection.execute(tables.version.update().values(due=""))

    def worker(self, lease: float = 60.0) -> Work:
        return Work(self.database, lease)


@pytest.fixture
def shelf(home: Path, either_database: str):
    with stores.opened(home) as opened:
        yield Shelf(opened)


def test_a_version_has_one_worker_at_a_time(shelf: Shelf) -> None:
    one, two = shelf.worker(), shelf.worker()
    added = shelf.add("a")
    assert one.take().version == added
    assert two.take() is None
    assert two.take(added) is None
    assert two.held_by_another(added)
    with pytest.raises(Overtaken):
        two.check(added)
    one.check(added)


def test_many_workers_at_once_take_each_version_once(shelf: Shelf) -> None:
    added = {shelf.add(str(n)) for n in range(40)}
    workers = [shelf.worker() for _ in range(4)]

    def all_of(worker: Work) -> list[str]:
        found = []
        while (taken := worker.take()) is not None:
            found.append(taken.version)
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [each for found in pool.map(all_of, workers) for each in found]
    assert sorted(taken) == sorted(added)


def test_a_lease_runs_out_when_its_worker_vanishes_and_not_before(shelf: Shelf) -> None:
    gone, other = shelf.worker(0.3), shelf.worker()
    added = shelf.add("a")
    taken = gone.take()
    time.sleep(0.6)
    assert other.take() is None, "a living worker renews its lease"
    gone._mine.clear()  # its process is gone: nothing renews the lease any more
    time.sleep(0.5)
    again = other.take()
    assert again is not None
    assert (again.version, again.vanished, taken.vanished) == (added, 1, 0)
    with pytest.raises(Overtaken):
        gone.check(added)


def test_what_workers_vanished_on_comes_last(shelf: Shelf) -> None:
    poison, fine = shelf.add("poison"), shelf.add("fine")
    assert shelf.worker().take(poison)
    owner = shelf.worker()
    assert owner.forget_holders() == 1
    assert [owner.take().version, owner.take().version] == [fine, poison]


def test_a_failure_waits_longer_each_time_and_a_full_disk_is_nobodys_fault(shelf: Shelf) -> None:
    worker, added = shelf.worker(), shelf.add("a")
    for expected in range(1, MOST_TRIES + 1):
        shelf.make_due()
        assert worker.take() is not None
        assert worker.retry(added, blame=True) == expected
        assert worker.take() is None, "it is not due yet"
        waiting, seconds = worker.waiting()
        assert waiting == 1
        assert seconds == pytest.approx(work_file.PAUSE_SECONDS[min(expected, 2) - 1], abs=1)
    shelf.make_due()
    assert worker.take() is not None
    assert worker.retry(added, blame=False) == MOST_TRIES


def test_a_killed_block_lets_nobody_else_in_at_once_and_an_error_does(shelf: Shelf) -> None:
    worker, added = shelf.worker(), shelf.add("a")
    with pytest.raises(ValueError, match="no"), worker.holding(worker.take()):
        raise ValueError("no")
    assert not worker.held_by_another(added)
    with pytest.raises(KeyboardInterrupt), worker.holding(worker.take()):
        raise KeyboardInterrupt
    assert shelf.worker().take() is None
    assert worker.take().version == added


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["take", "done", "fail", "full", "kill", "due"]), max_size=25))
def test_no_history_of_takes_and_deaths_loses_or_doubles_a_version(tmp_path_factory: pytest.TempPathFactory,
                                                                   history: list[str]) -> None:  # fmt: skip
    home = tmp_path_factory.mktemp("work")
    with stores.opened(home) as opened:
        shelf = Shelf(opened)
        added = {shelf.add(str(n)) for n in range(3)}
        worker, held, done = shelf.worker(), [], set()
        for step in history:
            if step == "take" and (taken := worker.take()):
                assert taken.version not in held
                held.append(taken.version)
            elif step == "done" and held:
                shelf.catalog.fail(held[0], "done")
                worker._let_go(held[0])
                done.add(held.pop(0))
            elif step in ("fail", "full") and held:
                worker.retry(held.pop(0), blame=step == "fail")
            elif step == "kill":
                worker, held = shelf.worker(), []
                worker.forget_holders()
            elif step == "due":
                shelf.make_due()
        worker.forget_holders()
        left = set(held)
        while taken := worker.take():
            left.add(taken.version)
        assert left == added - done


def test_twelve_short_jobs_on_two_slots_take_little_more_than_they_must(shelf: Shelf) -> None:
    for n in range(12):
        shelf.add(str(n))
    worker = shelf.worker()

    def slot() -> None:
        while (taken := worker.take()) is not None:
            with worker.holding(taken):
                time.sleep(0.3)
                shelf.catalog.fail(taken.version, "done")

    started = time.perf_counter()
    threads = [threading.Thread(target=slot) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seconds = time.perf_counter() - started
    print(f"12 jobs of 0.3 s on two slots: {seconds:.2f} s, {seconds / 1.8:.2f} times the ideal")
    assert seconds < 1.5 * 1.8

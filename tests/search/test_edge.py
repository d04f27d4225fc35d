"""The embedded index: the contract, one owner, and what `kill -9` leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import IntegrityFailure, Unavailable
from appliance.search.edge import EdgeIndex
from tests.search.index_contract import SIZE, IndexContract, exact, point, seen

WRITER = """
import sys
from pathlib import Path
from appliance.search.edge import EdgeIndex
from tests.search.index_contract import SIZE, point
index = EdgeIndex.open(Path(sys.argv[1]), SIZE)
index.put("v1", "open", "ward", [point(n) for n in range(50)])
index.flush()
print("ready", flush=True)
number = 50
while True:
    index.put("v2", "open", "ward", [point(number)])
    number += 1
"""


class TestEdgeIndex(IndexContract):
    @pytest.fixture
    def index(self, home: Path) -> Iterator[EdgeIndex]:
        opened = EdgeIndex.open(home, SIZE)
        yield opened
        opened.close()


def test_an_index_opened_again_answers_the_same(home: Path) -> None:
    index = EdgeIndex.open(home, SIZE)
    index.put("v1", "open", "ward", [point(n) for n in range(40)])
    before = exact(seen(index, "open"))
    index.close()
    again = EdgeIndex.open(home, SIZE)
    assert exact(seen(again, "open")) == before
    again.close()


def test_a_second_owner_is_told_so(home: Path) -> None:
    index = EdgeIndex.open(home, SIZE)
    with pytest.raises(Unavailable, match="another process"):
        EdgeIndex.open(home, SIZE)
    index.close()


def test_a_closed_index_says_that_it_is_closed(home: Path) -> None:
    index = EdgeIndex.open(home, SIZE)
    index.close()
    with pytest.raises(Unavailable):
        index.count()


def test_a_damaged_index_says_how_to_rebuild_it(home: Path) -> None:
    EdgeIndex.open(home, SIZE).close()
    (home / "index" / "edge_config.json").write_text("{")
    with pytest.raises(IntegrityFailure, match="rebuilt"):
        EdgeIndex.open(home, SIZE)


def test_what_was_flushed_survives_a_kill_in_the_middle_of_writing(home: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(home)], stdout=subprocess.PIPE, cwd=os.getcwd())
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    index = EdgeIndex.open(home, SIZE)
    assert index.ids("v1") == {point(n).id for n in range(50)}
    assert index.count() == len(index.ids())
    index.close()



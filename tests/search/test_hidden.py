"""Nobody can tell from answers or from their time whether there are documents that they may not see.

Two homes hold the same documents that the asker may read; one also holds many more that they may not, about the
same matters. Each question goes to both, in an order drawn by lot.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.search.edge import EdgeIndex
from appliance.search.embedding import Embedder
from appliance.search.lexical import Lexicon
from appliance.search.store import ChunkStore
from appliance.settings import Settings
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from tests.search.conftest import Room
from tests.search.test_hybrid import exact

DRUGS = ("warfarin", "heparin", "insulin", "digoxin", "morphine", "metformin", "amiodarone", "vancomycin")
MATTERS = ("dose", "interval", "monitoring", "antidote", "storage", "route", "maximum", "contraindication")
UNITS = ("ward", "theatre", "clinic", "pharmacy", "emergency room", "intensive care")
MAX_AUC = 0.55


def sentences(seed: int, count: int) -> list[str]:
    """Made-up rules about the matters that the questions ask about."""
    draw = random.Random(seed)
    return [
        f"In the {draw.choice(UNITS)} the {draw.choice(MATTERS)} of {draw.choice(DRUGS)} is rule {draw.randint(1, 99)}:"
        f" {draw.randint(1, 90)} units every {draw.randint(1, 48)} hours."
        for _ in range(count)
    ]


def questions(count: int) -> list[str]:
    """Questions, each another one."""
    draw = random.Random(3)
    asked = [f"What is the {m} of {d} in the {u}?" for m in MATTERS for d in DRUGS for u in UNITS]
    asked += [f"Which rule sets {m} and {d}?" for m in MATTERS for d in DRUGS] + [f"rule {n}" for n in range(100)]
    return draw.sample(asked, count)


def auc(first: list[float], second: list[float]) -> float:
    """How well a threshold on seconds tells the two apart: the area under its ROC curve (Mann and Whitney 1947)."""
    wins = sum((a > b) + (a == b) / 2 for a in first for b in second)
    area = wins / (len(first) * len(second))
    return max(area, 1 - area)


@pytest.fixture
def rooms(tmp_path: Path, embedder: Embedder) -> Iterator[Callable[[int], tuple[Room, Room]]]:
    opened: list[Room] = []

    def make(hidden: int) -> tuple[Room, Room]:
        seed = Settings(home=tmp_path / "first", insecure_plain_key_file=True)
        for name in ("first", "second"):
            home = tmp_path / name
            home.mkdir()
            settings = Settings(home=home, insecure_plain_key_file=True)
            if name == "second":  # the same keys: what a term is called in the index depends on them
                opened[0].keys.ensure([])
                (home / "keys").mkdir()
                for file in (seed.home / "keys").iterdir():
                    (home / "keys" / file.name).write_bytes(file.read_bytes())
            keys = KeyRing.create(settings) if name == "first" else KeyRing.open(settings)
            database = Database.open(home)
            index, store = EdgeIndex.open(home, embedder.dimensions), ChunkStore(database, keys)
            opened.append(Room(home, settings, database, keys, index, store, Lexicon(keys), embedder))
        plain, secretive = opened
        for room in opened:
            room.add("v1", "open", "ward", *sentences(1, 60))
        secretive.add("secret", "closed", "vault", *sentences(2, hidden))
        return plain, secretive

    yield make
    for room in opened:
        room.index.close()
        room.keys.close()
        room.database.close()


def differences(pair: tuple[Room, Room], asked: list[str]) -> tuple[list[str], float]:
    """Questions whose passages, order, scores or number differ between two rooms; the AUC of a guess by seconds."""
    draw, differing = random.Random(9), []
    seconds: tuple[list[float], list[float]] = ([], [])
    for room in pair:
        room.ask("warm up", "open")
    for question in asked:
        answers = {}
        for which in draw.sample((0, 1), 2):
            started = time.perf_counter()
            answers[which] = exact(pair[which].ask(question, "open"))
            seconds[which].append(time.perf_counter() - started)
        if answers[0] != answers[1]:
            differing.append(question)
    return differing, auc(*seconds)


def test_hidden_documents_change_no_byte_of_what_is_found(rooms: Callable[[int], tuple[Room, Room]]) -> None:
    differing, area = differences(rooms(60), questions(25))
    assert differing == []
    print(f"AUC of a guess by time: {area:.3f}, of {25} questions")
    assert area < 0.8, "25 questions tell chance from a difference only roughly: the campaign asks 500"


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_five_hundred_questions_and_their_times_tell_nothing_of_hidden_documents(
    rooms: Callable[[int], tuple[Room, Room]],
) -> None:
    differing, area = differences(rooms(1000), questions(500))
    print(f"differing: {len(differing)} of 500; AUC of a guess by time: {area:.3f}")
    assert differing == []
    assert area < MAX_AUC


def test_the_classifier_would_see_a_difference() -> None:
    """A tenth of the time more is told at once."""
    draw = random.Random(4)
    times = [draw.gauss(0.02, 0.001) for _ in range(500)]
    assert auc(times, [each * 1.1 for each in times]) > 0.8
    assert auc(times, [draw.gauss(0.02, 0.001) for _ in range(500)]) < MAX_AUC

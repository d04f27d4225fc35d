"""What the access filter adds to a search: of a person who may read all of 300 labels, in processor time."""

import statistics
import time
from uuid import UUID

import numpy as np
import pytest

from appliance.search import edge
from appliance.search.edge import EdgeIndex
from appliance.search.index import Point
from appliance.search.lexical import Sparse
from tests.search.conftest import Room, scope

LABELS, POINTS = 300, 9000
MOST_ADDED = 0.2


def fill(index: EdgeIndex, dimensions: int) -> list[str]:
    """Points of 300 labels in 30 collections; the labels."""
    draw = np.random.default_rng(1)
    labels, terms = [f"{number:032x}" for number in range(LABELS)], (1.0,) * 9
    for number, label in enumerate(labels):
        vectors = draw.standard_normal((POINTS // LABELS, dimensions)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        points = [
            Point(str(UUID(int=number * POINTS + n + 1)), vector, Sparse(tuple(range(n % 7, n % 7 + 63, 7)), terms))
            for n, vector in enumerate(vectors)
        ]
        index.put(f"v{number}", label, f"c{number % 30}", points)
    index.flush()
    return labels


def test_the_filter_adds_less_than_a_fifth_to_a_search(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = fill(room.index, room.embedder.dimensions)
    readable = scope(*labels, collections=[f"c{number}" for number in range(30)])
    filtered, open_to_all = edge._request, lambda vector, using, only, depth: filtered(vector, using, None, depth)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(40):
        for is_filtered in (True, False) if number % 2 else (False, True):
            monkeypatch.setattr(edge, "_request", filtered if is_filtered else open_to_all)
            began = time.process_time()
            room.retriever.retrieve(f"What is rule {number} of the ward?", (), readable, frozenset(), 10)
            seconds[is_filtered].append(time.process_time() - began)
    added = statistics.median(a - b for a, b in zip(seconds[True], seconds[False], strict=True))
    share = added / statistics.median(seconds[False])
    print(f"the filter adds {added * 1000:.2f} ms, {share:.0%} of a search of {POINTS} points")
    assert share < MOST_ADDED

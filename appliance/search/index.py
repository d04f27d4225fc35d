"""The port to the vector index: in process (`edge.py`) or a Qdrant server (`server.py`).

The index is derived data: ids, vectors, and three keywords to filter by; no text. It can be rebuilt from
the store at any time (`rebuild.py`). Access is decided inside every query: `search` takes a `ReadableScope`
and applies its labels and collections, and the list of versions not to be seen, as a filter of the vector
search itself. Scores are exact and depend on the question and the chunk alone (invariant I3).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.access.grants import ReadableScope
from appliance.search.lexical import Sparse

Vector = NDArray[np.float32]
"""Unit length, shape (dimensions,)."""
Row = tuple[str, str, str, Vector, Sparse]
"""What an index gives back: id, version, label, vector, terms."""
SLACK = 20
"""Asked for beyond the depth, so that a tie at the end is decided by `best_of` and not by storage order."""


@dataclass(frozen=True, slots=True)
class Point:
    """A chunk as the index knows it."""

    id: str
    dense: Vector = field(repr=False)
    sparse: Sparse = field(repr=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk near the question. `dense` is a cosine, `lexical` a BM25 score; both are always computed."""

    id: str
    version: str
    label: str
    dense: float
    lexical: float
    vector: Vector = field(repr=False, compare=False)


class IndexWriter(Protocol):
    """What the journey of a document needs of the index. Operations raise Unavailable when it cannot be used."""

    def put(self, version: str, label: str, collection: str, points: Iterable[Point]) -> None:
        """Add or replace points. Durable after `flush`."""
        ...

    def delete(self, version: str) -> None:
        """Remove every point of a version."""
        ...

    def relabel(self, version: str, label: str) -> None:
        """Let every point of a version bear this label. Durable after `flush`."""
        ...

    def vectors(self, version: str) -> dict[str, Vector]:
        """The dense vectors of a version's chunks, by id."""
        ...

    def flush(self) -> None:
        """Return when everything put or deleted is on disk."""
        ...


class Index(IndexWriter, Protocol):
    """One owner at a time; thread-safe within it. Operations raise Unavailable when the index cannot be used."""

    def remove(self, ids: Iterable[str]) -> None:
        """Remove single points."""
        ...

    def search(
        self,
        scope: ReadableScope,
        dense: Vector,
        sparse: Sparse,
        depth: int,
        hidden: frozenset[str] = frozenset(),
        collections: frozenset[str] | None = None,
        versions: frozenset[str] | None = None,
    ) -> list[Candidate]:
        """The `depth` nearest chunks by vector and the `depth` best by terms, together, by ascending id.

        Only chunks whose label is in `scope` (and whose collection is in `collections`, where given) and whose
        version is not in `hidden` (and is one of `versions`, where given).
        """
        ...

    def ids(self, version: str | None = None) -> set[str]:
        """Ids of the chunks of one version, or of all."""
        ...

    def count(self) -> int:
        """Number of points."""
        ...

    def close(self) -> None:
        """Flush and let go of the files."""
        ...


def narrowed(scope: ReadableScope, collections: frozenset[str] | None) -> list[str] | None:
    """The collections to search beside the labels, where the scope is narrowed to some; None where the labels say it
    all: a label is of one collection, and a second condition over 300 of them doubles the time of a search."""
    return None if collections is None else sorted(scope.collections & collections)


def best_of(
    rows: Sequence[Row], dense: Vector, sparse: Sparse, depth: int
) -> list[Candidate]:
    """The `depth` best by vector and by terms of `rows`, by ascending id.

    Scored here, adding in one fixed order: an index adds up in an order that depends on how it stores a chunk
    among its neighbours, hidden ones included, and the last bit of a score would tell of them.
    """
    question = dense.astype(np.float64)
    candidates = [
        Candidate(id, version, label, float(vector.astype(np.float64) @ question), sparse.dot(terms), vector)
        for id, version, label, vector, terms in {row[0]: row for row in rows}.values()
    ]
    near = sorted(candidates, key=lambda c: (-c.dense, c.id))[:depth]
    matching = sorted((c for c in candidates if c.lexical > 0), key=lambda c: (-c.lexical, c.id))[:depth]
    return sorted({c.id: c for c in (*near, *matching)}.values(), key=lambda c: c.id)

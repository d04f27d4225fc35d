"""The index in process: Qdrant Edge (`qdrant-edge-py`), one shard in the home's `index` directory.

Searched exactly, filter first: no graph and no quantiser is built, so that nothing learns from chunks outside
a scope. One process owns the shard; a second one is told so. After `kill -9` the write-ahead log is replayed.
"""

import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as qdrant

from appliance.access.grants import ReadableScope
from appliance.errors import ApplianceError, IntegrityFailure, Unavailable
from appliance.search.index import SLACK, Candidate, Point, Row, Vector, best_of, narrowed
from appliance.search.lexical import Sparse

DIRECTORY = "index"
BATCH = 500
ASKERS = 4
"""Questions searched at the same time, each by vector and by terms at once."""
_NO_GRAPH = 2**40
_KEYWORDS = ("version", "label", "collection")


class EdgeIndex:
    """`search.index.Index` on a Qdrant Edge shard. Thread-safe."""

    def __init__(self, shard: qdrant.EdgeShard) -> None:
        self._shard = shard
        self._lock = threading.RLock()
        self._side_by_side = ThreadPoolExecutor(2 * ASKERS, "search")

    @classmethod
    def open(cls, home: Path, dimensions: int = 384) -> "EdgeIndex":
        """Open the index of `home`, creating an empty one.

        Raises Unavailable when another process has it, IntegrityFailure when it does not open.
        """
        path = home / DIRECTORY
        with _explained():
            if (path / "edge_config.json").exists():
                return cls(qdrant.EdgeShard.load(str(path)))
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            config = qdrant.EdgeConfig(
                vectors={"dense": qdrant.EdgeVectorParams(dimensions, qdrant.Distance.Dot)},
                sparse_vectors={"terms": qdrant.EdgeSparseVectorParams()},
                optimizers=qdrant.EdgeOptimizersConfig(indexing_threshold=_NO_GRAPH),
            )
            shard = qdrant.EdgeShard.create(str(path), config)
            for name in _KEYWORDS:
                shard.update(qdrant.UpdateOperation.create_field_index(name, qdrant.PayloadSchemaType.Keyword))
            shard.flush()
            return cls(shard)

    def put(self, version: str, label: str, collection: str, points: Iterable[Point]) -> None:
        """See `Index.put`."""
        payload = {"version": version, "label": label, "collection": collection}
        rest = iter(points)
        while batch := list(islice(rest, BATCH)):
            rows = [qdrant.Point(point.id, _vectors(point), payload) for point in batch]
            with self._lock, _explained():
                self._shard.update(qdrant.UpdateOperation.upsert_points(rows))

    def delete(self, version: str) -> None:
        """See `Index.delete`."""
        with self._lock, _explained():
            self._shard.update(qdrant.UpdateOperation.delete_points_by_filter(_versions([version])))

    def relabel(self, version: str, label: str) -> None:
        """See `Index.relabel`."""
        with self._lock, _explained():
            change = qdrant.UpdateOperation.set_payload_by_filter(_versions([version]), {"label": label})
            self._shard.update(change)

    def remove(self, ids: Iterable[str]) -> None:
        """See `Index.remove`."""
        if gone := list[int | uuid.UUID | str](sorted(ids)):
            with self._lock, _explained():
                self._shard.update(qdrant.UpdateOperation.delete_points(gone))

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
        """See `Index.search`."""
        places = narrowed(scope, collections)
        if not scope.labels or not scope.collections or places == [] or versions == frozenset():
            return []
        only = qdrant.Filter(
            must=[
                qdrant.FieldCondition("label", qdrant.MatchAny(sorted(scope.labels))),
                *([] if places is None else [qdrant.FieldCondition("collection", qdrant.MatchAny(places))]),
                *([] if versions is None else [qdrant.FieldCondition("version", qdrant.MatchAny(sorted(versions)))]),
            ],
            must_not=[qdrant.FieldCondition("version", qdrant.MatchAny(sorted(hidden)))] if hidden else None,
        )
        terms = qdrant.SparseVector(list(sparse.indices), list(sparse.values))
        requests = [_request(dense.tolist(), "dense", only, depth)]
        if sparse.indices:
            requests.append(_request(terms, "terms", only, depth))
        with _explained():
            answers = list(self._side_by_side.map(self._shard.query, requests))
        rows = [_row(point) for answer in answers for point in answer]
        return best_of(rows, dense, sparse, depth)

    def ids(self, version: str | None = None) -> set[str]:
        """See `Index.ids`."""
        only = None if version is None else _versions([version])
        found: set[str] = set()
        offset: qdrant.PointId | None = None
        while True:
            with _explained():
                request = qdrant.ScrollRequest(offset=offset, limit=10_000, filter=only, with_payload=False)
                records, offset = self._shard.scroll(request)
            found.update(str(record.id) for record in records)
            if offset is None:
                return found

    def vectors(self, version: str) -> dict[str, Vector]:
        """See `Index.vectors`."""
        found: dict[str, Vector] = {}
        offset: qdrant.PointId | None = None
        while True:
            with _explained():
                request = qdrant.ScrollRequest(
                    offset=offset, limit=1_000, filter=_versions([version]), with_payload=False, with_vector=True
                )
                records, offset = self._shard.scroll(request)
            for record in records:
                kept: Any = record.vector
                found[str(uuid.UUID(str(record.id)))] = np.asarray(kept["dense"], dtype=np.float32)
            if offset is None:
                return found

    def count(self) -> int:
        """See `Index.count`."""
        with _explained():
            return int(self._shard.count(qdrant.CountRequest(exact=True)))

    def flush(self) -> None:
        """See `Index.flush`."""
        with self._lock, _explained():
            self._shard.flush()

    def close(self) -> None:
        """See `Index.close`."""
        self._side_by_side.shutdown()
        with self._lock, _explained():
            self._shard.flush()
            self._shard.close()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ApplianceError:
        raise
    except Exception as error:  # the library raises plain Exception for every cause
        cause = str(error)
        if "WouldBlock" in cause:
            raise Unavailable(
                "another process of the appliance has the index open", "Stop it, or let it answer through its socket"
            ) from error
        if "not initialized" in cause:
            raise Unavailable("the index is closed", "Open it again") from error
        if "No space left" in cause:
            raise Unavailable("the disk is full", "Free some space and try again") from error
        raise IntegrityFailure(
            "the index cannot be used", "Delete the home's index directory; it is rebuilt from the store at next start"
        ) from error


def _vectors(point: Point) -> dict[str, Any]:
    terms = qdrant.SparseVector(list(point.sparse.indices), list(point.sparse.values))
    return {"dense": point.dense.tolist(), "terms": terms}


def _versions(versions: Sequence[str]) -> qdrant.Filter:
    return qdrant.Filter(must=[qdrant.FieldCondition("version", qdrant.MatchAny(list(versions)))])


def _request(
    vector: list[float] | qdrant.SparseVector, using: str, only: qdrant.Filter, depth: int
) -> qdrant.QueryRequest:
    return qdrant.QueryRequest(
        depth + SLACK,
        query=qdrant.Query.Nearest(vector, using=using),
        filter=only,
        with_payload=["version", "label"],
        with_vector=True,
        params=qdrant.SearchParams(exact=True),
    )


def _row(point: qdrant.ScoredPoint) -> Row:
    vectors: Any = point.vector
    payload = point.payload or {}
    terms = vectors["terms"]
    return (
        str(uuid.UUID(str(point.id))),
        payload["version"],
        payload["label"],
        np.asarray(vectors["dense"], dtype=np.float32),
        Sparse(tuple(terms.indices), tuple(terms.values)),
    )

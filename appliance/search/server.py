"""The index on a Qdrant server, for a site that outgrew one machine: the same port by `qdrant-client`.

The server must be on the premises (setting `qdrant_url`) and started with telemetry off. Semantics are those
of `edge.py`: exact search, filter inside each query, scores computed here.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from appliance.access.grants import ReadableScope
from appliance.errors import Unavailable
from appliance.search.index import SLACK, Candidate, Point, Row, Vector, best_of, narrowed
from appliance.search.lexical import Sparse

NAME = "appliance"
BATCH = 200
_KEYWORDS = ("version", "label", "collection")


class ServerIndex:
    """`search.index.Index` on a Qdrant collection."""

    def __init__(self, client: QdrantClient, dimensions: int = 384) -> None:
        self._client = client
        with _explained():
            if not client.collection_exists(NAME):
                client.create_collection(
                    NAME,
                    vectors_config={"dense": models.VectorParams(size=dimensions, distance=models.Distance.DOT)},
                    sparse_vectors_config={"terms": models.SparseVectorParams()},
                    hnsw_config=models.HnswConfigDiff(m=0),
                )
                for name in _KEYWORDS:
                    client.create_payload_index(NAME, name, models.PayloadSchemaType.KEYWORD)

    @classmethod
    def open(cls, url: str, dimensions: int = 384) -> "ServerIndex":
        """Connect to the server at `url`. Raises Unavailable when it does not answer."""
        with _explained():
            return cls(QdrantClient(url=url, check_compatibility=False, timeout=30), dimensions)

    def put(self, version: str, label: str, collection: str, points: Iterable[Point]) -> None:
        """See `Index.put`."""
        payload = {"version": version, "label": label, "collection": collection}
        rest = iter(points)
        while batch := list(islice(rest, BATCH)):
            rows = [models.PointStruct(id=point.id, vector=_vectors(point), payload=payload) for point in batch]
            with _explained():
                self._client.upsert(NAME, rows, wait=True)

    def delete(self, version: str) -> None:
        """See `Index.delete`."""
        with _explained():
            self._client.delete(NAME, models.FilterSelector(filter=models.Filter(must=[_any("version", [version])])))

    def relabel(self, version: str, label: str) -> None:
        """See `Index.relabel`."""
        with _explained():
            of_it = models.Filter(must=[_any("version", [version])])
            self._client.set_payload(NAME, {"label": label}, points=of_it, wait=True)

    def remove(self, ids: Iterable[str]) -> None:
        """See `Index.remove`."""
        if gone := sorted(ids):
            with _explained():
                self._client.delete(NAME, models.PointIdsList(points=list(gone)), wait=True)

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
        wanted = [] if versions is None else [_any("version", sorted(versions))]
        wanted += [] if places is None else [_any("collection", places)]
        only = models.Filter(
            must=[_any("label", sorted(scope.labels)), *wanted],
            must_not=[_any("version", sorted(hidden))] if hidden else None,
        )
        rows = self._query(dense.tolist(), "dense", only, depth)
        if sparse.indices:
            terms = models.SparseVector(indices=list(sparse.indices), values=list(sparse.values))
            rows += self._query(terms, "terms", only, depth)
        return best_of(rows, dense, sparse, depth)

    def ids(self, version: str | None = None) -> set[str]:
        """See `Index.ids`."""
        only = None if version is None else models.Filter(must=[_any("version", [version])])
        found: set[str] = set()
        offset: Any = None
        while True:
            with _explained():
                records, offset = self._client.scroll(NAME, only, limit=5_000, offset=offset, with_payload=False)
            found.update(str(record.id) for record in records)
            if offset is None:
                return found

    def vectors(self, version: str) -> dict[str, Vector]:
        """See `Index.vectors`."""
        only = models.Filter(must=[_any("version", [version])])
        found: dict[str, Vector] = {}
        offset: Any = None
        while True:
            with _explained():
                records, offset = self._client.scroll(
                    NAME, only, limit=1_000, offset=offset, with_payload=False, with_vectors=["dense"]
                )
            for record in records:
                kept: Any = record.vector
                found[str(record.id)] = np.asarray(kept["dense"], dtype=np.float32)
            if offset is None:
                return found

    def count(self) -> int:
        """See `Index.count`."""
        with _explained():
            return self._client.count(NAME, exact=True).count

    def flush(self) -> None:
        """Nothing to do: every write waited for the server."""

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _query(self, vector: Any, using: str, only: models.Filter, depth: int) -> list[Row]:
        with _explained():
            answer = self._client.query_points(
                NAME,
                query=vector,
                using=using,
                query_filter=only,
                limit=depth + SLACK,
                with_payload=["version", "label"],
                with_vectors=True,
                search_params=models.SearchParams(exact=True),
            )
        return [_row(point) for point in answer.points]


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (ApiException, UnexpectedResponse, ConnectionError) as error:
        raise Unavailable("the Qdrant server does not answer", "Check that it runs at `qdrant_url`") from error


def _any(name: str, values: list[str]) -> models.FieldCondition:
    return models.FieldCondition(key=name, match=models.MatchAny(any=values))


def _vectors(point: Point) -> dict[str, Any]:
    terms = models.SparseVector(indices=list(point.sparse.indices), values=list(point.sparse.values))
    return {"dense": point.dense.tolist(), "terms": terms}


def _row(point: models.ScoredPoint) -> Row:
    vectors: Any = point.vector
    payload = point.payload or {}
    terms = vectors["terms"]
    dense = np.asarray(vectors["dense"], dtype=np.float32)
    sparse = Sparse(tuple(terms.indices), tuple(terms.values))
    return (str(uuid.UUID(str(point.id))), payload["version"], payload["label"], dense, sparse)

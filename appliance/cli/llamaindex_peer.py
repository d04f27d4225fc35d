"""The peer of `bench ask`: a LlamaIndex retriever over qdrant-client's local mode, as its documentation shows it.

The same vectors, terms, access filter and depth; dense and sparse prefetched and fused by Qdrant. It has no
store to unseal, reranks nothing and finds no evidence: it does less.
"""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.search.chunk import Chunk
from appliance.search.index import Point

BATCH = 1000
MOST_QUESTIONS = 12
"""A question takes the peer seconds."""
DEPTH = 60
PASSAGES = 8


class Peer:
    """Collects what the appliance was given, and measures the same questions over it."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, Sequence[Chunk], Sequence[Point]]] = []

    def add(self, label: str, chunks: Sequence[Chunk], points: Sequence[Point]) -> None:
        """The chunks of a version and their vectors."""
        self._rows.append((label, chunks, points))

    def measure(self, questions: Sequence[str], vectors: NDArray[np.float32]) -> dict[str, float]:
        """Median milliseconds a question, and seconds to fill it."""
        from llama_index.core.schema import QueryBundle

        began = time.perf_counter()
        retriever = _retriever(_filled(self._rows), sorted({label for label, _, _ in self._rows}))
        filled = time.perf_counter() - began
        took = []
        for question, vector in list(zip(questions, vectors, strict=True))[:MOST_QUESTIONS]:
            began = time.perf_counter()
            retriever.retrieve(QueryBundle(question, embedding=vector.tolist()))
            took.append(1000 * (time.perf_counter() - began))
        return {"llamaindex_fill_s": round(filled, 1), "llamaindex_p50_ms": round(median(took), 1)}


def _filled(rows: Sequence[tuple[str, Sequence[Chunk], Sequence[Point]]]) -> Any:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(":memory:")
    client.create_collection(
        "chunks",
        vectors_config={"dense": models.VectorParams(size=len(rows[0][2][0].dense), distance=models.Distance.DOT)},
        sparse_vectors_config={"terms": models.SparseVectorParams()},
    )
    for label, chunks, points in rows:
        made = [
            models.PointStruct(
                id=point.id,
                vector={"dense": point.dense.tolist(),
                        "terms": models.SparseVector(indices=list(point.sparse.indices),
                                                     values=list(point.sparse.values))},
                payload={"label": label, "text": chunk.text},
            )
            for chunk, point in zip(chunks, points, strict=True)
        ]  # fmt: skip
        for start in range(0, len(made), BATCH):
            client.upsert("chunks", made[start : start + BATCH])
    return client


def _retriever(client: Any, labels: list[str]) -> Any:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
    from qdrant_client import models

    from appliance.search.lexical import terms

    only = models.Filter(must=[models.FieldCondition(key="label", match=models.MatchAny(any=labels))])

    class Plain(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            ids = sorted({hash(word) % 2**32 for word in terms(query_bundle.query_str)})
            sparse = models.SparseVector(indices=ids, values=[1.0] * len(ids))
            found = client.query_points(
                "chunks",
                prefetch=[
                    models.Prefetch(query=query_bundle.embedding, using="dense", limit=DEPTH, filter=only),
                    models.Prefetch(query=sparse, using="terms", limit=DEPTH, filter=only),
                ],
                query=models.FusionQuery(fusion=models.Fusion.RRF),
                limit=PASSAGES,
            ).points
            return [NodeWithScore(node=TextNode(id_=str(p.id), text=p.payload["text"]), score=p.score) for p in found]

    return Plain()

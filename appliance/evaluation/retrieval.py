"""Retrieval figures on a data set in BEIR layout, through the retriever that answers questions.

`corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`), `qrels/test.tsv` (query, document,
grade). Every document is one chunk, a long one several as at ingestion, in an index, a store and a database of a
temporary home, searched under an audited system scope; a document stands where its best chunk does.
Measures as in trec_eval: nDCG with linear gain (Järvelin and Kekäläinen, 2002), recall,
mean reciprocal rank; a document that is the query itself is left out.
"""

import csv
import itertools
import json
import math
import re
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.access.grants import ReadableScope
from appliance.access.policies import load as load_policies
from appliance.access.scope import Access
from appliance.errors import Unreadable
from appliance.redaction.findings import RedactedBlock, RedactedDocument, ScreenedDocument
from appliance.search.chunk import Chunk, Passage
from appliance.search.chunking import TOKENS, chunk, chunk_id, estimate_tokens
from appliance.search.edge import EdgeIndex
from appliance.search.embedding import Embedder
from appliance.search.hybrid import Retriever
from appliance.search.lexical import Lexicon
from appliance.search.reranking import FeatureReranker, Reranker
from appliance.search.store import ChunkStore
from appliance.search.writing import points_of
from appliance.settings import Settings
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

COLLECTION = "evaluation"
VERSION = "evaluation-version"
LABEL = "evaluation-label"
DEPTH = 100
BATCH = 256
LONG = 2 * TOKENS
"""A document of more tokens, as estimated, is cut into chunks: the embedding would not read its end."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A BEIR data set: the chunks of each document by its id, questions by id, grades by question and document."""

    corpus: dict[str, list[Chunk]]
    queries: dict[str, str]
    qrels: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Library:
    """The rooms of search over one data set, in a temporary home."""

    retriever: Retriever
    scope: ReadableScope
    texts_per_second: float


def evaluate(
    directory: Path, embedder: Embedder, settings: Settings, reranker: Reranker | None = None, limit: int | None = None
) -> dict[str, float]:
    """Figures of `directory`: `ndcg@10`, `recall@10`, `recall@100`, `mrr`, milliseconds a query, texts a second.

    `limit` takes only so many questions, the first by id. Raises Unreadable when the layout is not BEIR's.
    """
    data = read(directory)
    asked = sorted(data.qrels)[:limit]
    results: dict[str, list[str]] = {}
    seconds: list[float] = []
    by_chunk = {chunk.id: document for document, chunks in data.corpus.items() for chunk in chunks}
    depth = DEPTH if all(len(chunks) == 1 for chunks in data.corpus.values()) else 2 * DEPTH
    with library(itertools.chain(*data.corpus.values()), embedder, settings, depth) as rooms:
        for query in asked:
            start = time.perf_counter()
            found = search(rooms, data.queries[query], reranker or FeatureReranker(), depth)
            seconds.append(time.perf_counter() - start)
            results[query] = [each for each in dict.fromkeys(by_chunk[p.chunk.id] for p in found) if each != query]
    return {
        "documents": len(data.corpus),
        "queries": len(asked),
        **measures(results, {query: data.qrels[query] for query in asked}),
        "ms_per_query": 1000 * statistics.median(seconds),
        "ms_per_query_p95": 1000 * sorted(seconds)[int(0.95 * (len(seconds) - 1))],
        "texts_per_second": rooms.texts_per_second,
    }


def search(rooms: Library, question: str, reranker: Reranker, k: int = DEPTH) -> list[Passage]:
    """The `k` best passages for a question, as the journey of a question finds them."""
    return reranker.rerank(question, rooms.retriever.retrieve(question, (), rooms.scope, frozenset(), k))


def measures(results: Mapping[str, Sequence[str]], qrels: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Means over the questions of `qrels`; a question without results counts 0."""
    rows = [(list(results.get(query, ())), grades) for query, grades in qrels.items()]
    if not rows:
        return {"ndcg@10": 0.0, "recall@10": 0.0, "recall@100": 0.0, "mrr": 0.0}
    return {
        "ndcg@10": statistics.fmean(_ndcg(found[:10], grades) for found, grades in rows),
        "recall@10": statistics.fmean(_recall(found[:10], grades) for found, grades in rows),
        "recall@100": statistics.fmean(_recall(found[:100], grades) for found, grades in rows),
        "mrr": statistics.fmean(_reciprocal_rank(found, grades) for found, grades in rows),
    }


@contextmanager
def library(chunks: Iterable[Chunk], embedder: Embedder, settings: Settings, depth: int = DEPTH) -> Iterator[Library]:
    """Search over `chunks` as one published version, in a home that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="appliance-evaluation-") as folder:
        home = Path(folder)
        own = settings.model_copy(update={"home": home, "insecure_plain_key_file": True, "retrieve_depth": depth})
        database, keys, index = Database.open(home), KeyRing.create(own), EdgeIndex.open(home, embedder.dimensions)
        try:
            _insert_version(database)
            store = ChunkStore(database, keys)
            everything = list(chunks)
            store.put(VERSION, everything)
            start = time.perf_counter()
            lexicon = Lexicon(keys)
            for at in range(0, len(everything), BATCH):
                index.put(VERSION, LABEL, COLLECTION, points_of(everything[at : at + BATCH], embedder, lexicon))
            rate = len(everything) / (time.perf_counter() - start)
            with database.transaction() as connection:
                store.publish_statistics(connection, VERSION, LABEL)
            scope = Access(database, load_policies(own.policies)).system_scope("evaluation of retrieval")
            yield Library(Retriever(index, store, embedder, database, keys, own), scope, rate)
        finally:
            index.close()
            keys.close()
            database.close()


def read(directory: Path) -> DataSet:
    """Read a data set in BEIR layout. Raises Unreadable naming the file and line that is wrong."""
    corpus: dict[str, list[Chunk]] = {}
    number = itertools.count()
    for row in _rows(directory / "corpus.jsonl"):
        cut = _cut(str(row["text"]), str(row.get("title", "")))
        corpus[str(row["_id"])] = [_numbered(chunk, next(number)) for chunk in cut]
    queries = {str(row["_id"]): str(row["text"]) for row in _rows(directory / "queries.jsonl")}
    qrels: dict[str, dict[str, float]] = {}
    try:
        with (directory / "qrels" / "test.tsv").open(encoding="utf-8", newline="") as file:
            for line in list(csv.reader(file, delimiter="\t"))[1:]:
                grade = float(line[2])
                if line[0] in queries and grade > 0:
                    qrels.setdefault(line[0], {})[line[1]] = grade
    except (OSError, ValueError, IndexError) as error:
        path = directory / "qrels" / "test.tsv"
        raise Unreadable(f"{path} is no BEIR judgement file", "Use the BEIR layout") from error
    return DataSet(corpus, queries, qrels)


def _cut(text: str, title: str) -> list[Chunk]:
    """The chunks of a document that is given as text: one, or as at ingestion where it is long."""
    if estimate_tokens(text) <= LONG:
        return [Chunk("", 0, text, title, section=(), spans=())]
    blocks = tuple(RedactedBlock(1, "paragraph", part) for part in re.split(r"\n+", text) if part.strip())
    return chunk(ScreenedDocument(RedactedDocument("text", title, (), blocks, "", "", {})), VERSION)


def _numbered(chunk: Chunk, number: int) -> Chunk:
    return replace(chunk, id=chunk_id(VERSION, number, chunk.text), ordinal=number)


def _rows(path: Path) -> Iterator[dict[str, object]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                row = json.loads(line)
                if not {"_id", "text"} <= row.keys():
                    raise Unreadable(f"{path}, line {number}: `_id` and `text` are missing", "Use the BEIR layout")
                yield row
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path} cannot be read as JSON lines", "Use the BEIR layout") from error


def _insert_version(database: Database) -> None:
    now = "1970-01-01T00:00:00Z"
    with database.transaction() as connection:
        connection.execute(
            tables.collection.insert().values(
                id=COLLECTION, name=COLLECTION, title_sealed=b"", profile="", attributes={}, created=now
            )
        )
        connection.execute(tables.label.insert().values(digest=LABEL, attributes={"collection": COLLECTION}))
        connection.execute(
            tables.document.insert().values(id=COLLECTION, collection=COLLECTION, name_mac="", created=now)
        )
        connection.execute(
            tables.version.insert().values(
                id=VERSION, document=COLLECTION, collection=COLLECTION, label=LABEL, content_mac="", kind="text",
                bytes=0, status="published", entities={}, profile="", created=now,
            )
        )  # fmt: skip


def _ndcg(found: Sequence[str], grades: Mapping[str, float]) -> float:
    gain = sum(grades.get(document, 0.0) / math.log2(rank + 2) for rank, document in enumerate(found))
    ideal = sum(grade / math.log2(rank + 2) for rank, grade in enumerate(sorted(grades.values(), reverse=True)[:10]))
    return gain / ideal if ideal else 0.0


def _recall(found: Sequence[str], grades: Mapping[str, float]) -> float:
    return len(set(found) & grades.keys()) / len(grades) if grades else 0.0


def _reciprocal_rank(found: Sequence[str], grades: Mapping[str, float]) -> float:
    return next((1 / rank for rank, document in enumerate(found, 1) if document in grades), 0.0)

"""The chunks at rest: sealed under the key of their version, and the counts that BM25 needs.

A chunk's text, title, section, spans and sentence vectors are one sealed value; destroying the version's key
makes them unreadable. The counts are per access label and cover published chunks only.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from appliance.search.chunk import Chunk, ChunkSpan
from appliance.search.embedding import lexical_text
from appliance.search.lexical import Lexicon, terms
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with what the relational store knows of its version."""

    chunk: Chunk
    document: str
    version: str
    collection: str
    label: str
    status: str


class ChunkStore:
    """Puts chunks to rest and gets them back. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys
        self._lexicon = Lexicon(keys)

    def put(self, version: str, chunks: Sequence[Chunk]) -> None:
        """Store the chunks of a version, replacing those it had. The version's row exists already."""
        rows = [
            {"id": chunk.id, "version": version, "ordinal": chunk.ordinal, "sealed": self._seal(version, chunk)}
            for chunk in chunks
        ]
        with self._database.transaction() as connection:
            connection.execute(delete(tables.chunk).where(tables.chunk.c.version == version))
            if rows:
                connection.execute(tables.chunk.insert(), rows)

    def get(self, ids: Iterable[str]) -> dict[str, StoredChunk]:
        """The chunks that exist, by id. Raises IntegrityFailure when one does not unseal."""
        wanted = list(ids)
        chunk, version = tables.chunk, tables.version
        columns = (chunk.c.id, chunk.c.version, chunk.c.sealed, version.c.document, version.c.collection)
        query = select(*columns, version.c.label, version.c.status).join(version, version.c.id == chunk.c.version)
        with self._database.transaction() as connection:
            rows = connection.execute(query.where(chunk.c.id.in_(wanted))).all()
        return {
            row.id: StoredChunk(
                self._unseal(row.version, row.id, row.sealed),
                row.document, row.version, row.collection, row.label, row.status,
            )
            for row in rows
        }

    def of_version(self, version: str) -> list[Chunk]:
        """All chunks of a version, in reading order."""
        chunk = tables.chunk
        query = select(chunk.c.id, chunk.c.sealed).where(chunk.c.version == version).order_by(chunk.c.ordinal)
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        return [self._unseal(version, row.id, row.sealed) for row in rows]

    def ids(self) -> dict[str, set[str]]:
        """Ids of every stored chunk, by version."""
        found: dict[str, set[str]] = {}
        with self._database.transaction() as connection:
            for row in connection.execute(select(tables.chunk.c.version, tables.chunk.c.id)):
                found.setdefault(row.version, set()).add(row.id)
        return found

    def delete(self, version: str) -> None:
        """Remove the chunks of a version. Its key is destroyed by whoever erases the version."""
        with self._database.transaction() as connection:
            connection.execute(delete(tables.chunk).where(tables.chunk.c.version == version))

    def publish_statistics(self, connection: Connection, version: str, label: str) -> None:
        """Count the chunks of a version in, in the transaction that publishes it. Once for each publication."""
        self._count(connection, version, label, 1)

    def retire_statistics(self, connection: Connection, version: str, label: str) -> None:
        """Count the chunks of a version out, in the transaction that retires it."""
        self._count(connection, version, label, -1)

    def _count(self, connection: Connection, version: str, label: str, sign: int) -> None:
        chunk = tables.chunk
        rows = connection.execute(select(chunk.c.id, chunk.c.sealed).where(chunk.c.version == version)).all()
        with_term: Counter[int] = Counter()
        length = 0
        for row in rows:
            counts = self._lexicon.count(terms(lexical_text(self._unseal(version, row.id, row.sealed))))
            with_term.update(counts.keys())
            length += sum(counts.values())
        labels, by_term = tables.label_statistics, tables.term_statistics
        added = insert(labels).values(label=label, chunks=sign * len(rows), tokens=sign * length)
        connection.execute(
            added.on_conflict_do_update(
                index_elements=["label"],
                set_={
                    "chunks": labels.c.chunks + added.excluded.chunks,
                    "tokens": labels.c.tokens + added.excluded.tokens,
                },
            )
        )
        if with_term:
            one = insert(by_term)
            one = one.on_conflict_do_update(
                index_elements=["label", "term"], set_={"chunks": by_term.c.chunks + one.excluded.chunks}
            )
            connection.execute(
                one, [{"label": label, "term": term, "chunks": sign * n} for term, n in sorted(with_term.items())]
            )
        if sign < 0:
            connection.execute(delete(by_term).where(by_term.c.label == label, by_term.c.chunks <= 0))

    def _seal(self, version: str, chunk: Chunk) -> bytes:
        value = asdict(chunk)
        value.pop("id")
        plain = zlib.compress(json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode(), 3)
        return self._keys.seal(f"version/{version}", plain, chunk.id.encode())

    def _unseal(self, version: str, id: str, sealed: bytes) -> Chunk:
        value = json.loads(zlib.decompress(self._keys.unseal(f"version/{version}", sealed, id.encode())))
        spans = tuple(
            ChunkSpan(span["start"], span["end"], span["page"], span["block"], tuple(tuple(b) for b in span["boxes"]))
            for span in value.pop("spans")
        )
        section = tuple(value.pop("section"))
        return Chunk(id=id, section=section, spans=spans, **value)

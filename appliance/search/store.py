"""The chunks at rest: sealed under the key of their version, and the counts that BM25 needs.

A chunk's text, title, section, spans and term ids are one sealed value; destroying the version's key makes
them unreadable. The term ids, in order of the text, spare a question the splitting of every candidate into
words. The counts are per access label and cover published chunks only.
"""

import json
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select

from appliance.errors import NotFound
from appliance.search import glossary
from appliance.search.chunk import Chunk, ChunkSpan
from appliance.search.embedding import above
from appliance.search.lexical import Lexicon, terms
from appliance.storage import tables
from appliance.storage.database import Database, insert_or_update
from appliance.storage.keys import KeyRing

TermIds = NDArray[np.uint32]
"""Ids of terms in the order they are said."""
ROWS = 500
"""Counts written by one statement."""
_LENGTHS = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with what the relational store knows of its version."""

    chunk: Chunk
    document: str
    version: str
    collection: str
    label: str
    text_terms: TermIds = field(repr=False)
    above_terms: TermIds = field(repr=False)
    """Of title and section."""


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
            glossary.record(connection, self._keys, self._lexicon, version, chunks)

    def get(self, ids: Iterable[str]) -> dict[str, StoredChunk]:
        """The chunks that exist and whose key does, by id. Raises IntegrityFailure when one does not unseal."""
        wanted = list(ids)
        at, version = tables.chunk.c, tables.version.c
        query = select(at.id, at.version, at.sealed, version.document, version.collection, version.label)
        query = query.join(tables.version, version.id == at.version).where(at.id.in_(wanted))
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        found = {}
        for row in rows:
            try:
                chunk, text_terms, above_terms = self._unseal(row.version, row.id, row.sealed)
            except NotFound:
                continue  # its document is being deleted at this moment
            found[row.id] = StoredChunk(
                chunk, row.document, row.version, row.collection, row.label, text_terms, above_terms
            )
        return found

    def of_version(self, version: str) -> list[Chunk]:
        """All chunks of a version, in reading order."""
        chunk = tables.chunk
        query = select(chunk.c.id, chunk.c.sealed).where(chunk.c.version == version).order_by(chunk.c.ordinal)
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        return [self._unseal(version, row.id, row.sealed)[0] for row in rows]

    def between(self, version: str, first: int, last: int) -> list[Chunk]:
        """The chunks of a version whose ordinals are `first` to `last`, in reading order."""
        at = tables.chunk.c
        query = select(at.id, at.sealed).where(at.version == version, at.ordinal.between(first, last))
        with self._database.transaction() as connection:
            rows = connection.execute(query.order_by(at.ordinal)).all()
        return [self._unseal(version, row.id, row.sealed)[0] for row in rows]

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

    def recount(self, label: str) -> None:
        """Count the published chunks of a label anew, after some were lost."""
        version = tables.version
        with self._database.exclusive() as connection:
            for counts in (tables.label_statistics, tables.term_statistics):
                connection.execute(delete(counts).where(counts.c.label == label))
            published = select(version.c.id).where(version.c.label == label, version.c.status == "published")
            for each in connection.execute(published).scalars().all():
                self._count(connection, each, label, 1)

    def _count(self, connection: Connection, version: str, label: str, sign: int) -> None:
        chunk = tables.chunk
        rows = connection.execute(select(chunk.c.id, chunk.c.sealed).where(chunk.c.version == version)).all()
        with_term: Counter[int] = Counter()
        length = 0
        for row in rows:
            _, text_terms, above_terms = self._unseal(version, row.id, row.sealed)
            with_term.update({*text_terms.tolist(), *above_terms.tolist()})
            length += len(text_terms) + len(above_terms)
        labels, by_term = tables.label_statistics, tables.term_statistics
        added = insert_or_update(connection, labels).values(label=label, chunks=sign * len(rows), tokens=sign * length)
        more = {name: labels.c[name] + added.excluded[name] for name in ("chunks", "tokens")}
        connection.execute(added.on_conflict_do_update(index_elements=["label"], set_=more))
        counted = [{"label": label, "term": term, "chunks": sign * n} for term, n in sorted(with_term.items())]
        for start in range(0, len(counted), ROWS):
            one = insert_or_update(connection, by_term).values(counted[start : start + ROWS])
            more = {"chunks": by_term.c.chunks + one.excluded.chunks}
            connection.execute(one.on_conflict_do_update(index_elements=["label", "term"], set_=more))
        if sign < 0:
            connection.execute(delete(by_term).where(by_term.c.label == label, by_term.c.chunks <= 0))

    def _seal(self, version: str, chunk: Chunk) -> bytes:
        value = asdict(chunk)
        value.pop("id")
        text = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 3)
        said, over = (np.array(self._lexicon.ids(terms(part)), np.uint32) for part in (chunk.text, above(chunk)))
        plain = _LENGTHS.pack(len(said), len(over)) + said.tobytes() + over.tobytes() + text
        return self._keys.seal(f"version/{version}", plain, chunk.id.encode())

    def _unseal(self, version: str, id: str, sealed: bytes) -> tuple[Chunk, TermIds, TermIds]:
        plain = self._keys.unseal(f"version/{version}", sealed, id.encode())
        said, over = _LENGTHS.unpack_from(plain)
        ids = np.frombuffer(plain, np.uint32, said + over, _LENGTHS.size)
        value = json.loads(zlib.decompress(plain[_LENGTHS.size + ids.nbytes :]))
        spans = tuple(
            ChunkSpan(span["start"], span["end"], span["page"], span["block"], tuple(tuple(b) for b in span["boxes"]))
            for span in value.pop("spans")
        )
        section = tuple(value.pop("section"))
        return Chunk(id=id, section=section, spans=spans, **value), ids[:said], ids[said:]

"""A search room of its own: database, keys, index, store, and two collections whose readers differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.access import grants
from appliance.access.grants import Purpose, ReadableScope
from appliance.redaction.findings import RedactedBlock, RedactedDocument, ScreenedDocument
from appliance.search.chunk import Chunk, Passage
from appliance.search.chunking import chunk
from appliance.search.edge import EdgeIndex
from appliance.search.embedding import Embedder
from appliance.search.hybrid import Retriever
from appliance.search.lexical import Lexicon
from appliance.search.store import ChunkStore
from appliance.search.writing import write_version
from appliance.settings import Settings
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.weights import open_pack


def scope(*labels: str, collections: Sequence[str] = ("ward", "vault")) -> ReadableScope:
    """A scope as access would make it."""
    return ReadableScope(grants._SEAL, "p", Purpose.TREATMENT, frozenset(labels), frozenset(collections), "digest")


def screened(*paragraphs: str, title: str = "", flagged: frozenset[int] = frozenset()) -> ScreenedDocument:
    """A document of plain paragraphs."""
    blocks = tuple(RedactedBlock(1, "paragraph", text) for text in paragraphs)
    return ScreenedDocument(RedactedDocument("text", title, (), blocks, "strict", "digest", {}), flagged)


@dataclass
class Room:
    """Everything of search over one home."""

    home: Path
    settings: Settings
    database: Database
    keys: KeyRing
    index: EdgeIndex
    store: ChunkStore
    lexicon: Lexicon
    embedder: Embedder

    @property
    def retriever(self) -> Retriever:
        return Retriever(self.index, self.store, self.embedder, self.database, self.keys, self.settings)

    def add(self, version: str, label: str, collection: str, *paragraphs: str, publish: bool = True) -> list[Chunk]:
        """One document version, as the journey of a document stores it."""
        chunks = [c for n, text in enumerate(paragraphs) for c in chunk(screened(text), f"{version}-{n}")]
        self.row(version, label, collection)
        self.store.put(version, chunks)
        write_version(self.index, self.embedder, self.lexicon, version, label, collection, chunks)
        if publish:
            with self.database.transaction() as connection:
                self.store.publish_statistics(connection, version, label)
        return chunks

    def row(self, version: str, label: str, collection: str) -> None:
        with self.database.transaction() as connection:
            blank: dict[str, object] = {"profile": "", "attributes": {}}
            for table, values in (
                (tables.collection, {"id": collection, "name": collection, "title_sealed": b"", **blank}),
                (tables.label, {"digest": label, "attributes": {}}),
                (tables.document, {"id": f"d-{version}", "collection": collection, "name_mac": version}),
            ):
                extra = {} if table is tables.label else {"created": "2026"}
                connection.execute(table.insert().prefix_with("OR IGNORE").values(**values, **extra))
            connection.execute(
                tables.version.insert().values(
                    id=version, document=f"d-{version}", collection=collection, label=label, content_mac="",
                    kind="text", bytes=1, status="published", entities={}, profile="", created="2026",
                )
            )  # fmt: skip

    def ask(self, question: str, *labels: str, hidden: frozenset[str] = frozenset(), k: int = 10) -> list[Passage]:
        return self.retriever.retrieve(question, (), scope(*labels), hidden, k)


@pytest.fixture(scope="session")
def embedder(packs: Path) -> Embedder:
    """The default embedding model."""
    return Embedder.open(open_pack(packs, "all-minilm-l6-v2"), threads=2)


@pytest.fixture
def room(home: Path, embedder: Embedder) -> Iterator[Room]:
    settings = Settings(home=home, insecure_plain_key_file=True)
    database, keys = Database.open(home), KeyRing.create(settings)
    index = EdgeIndex.open(home, embedder.dimensions)
    made = Room(home, settings, database, keys, index, ChunkStore(database, keys), Lexicon(keys), embedder)
    yield made
    made.index.close()
    keys.close()
    database.close()

"""A version's chunks into the index: embedded, weighted, and put in one go. Idempotent."""

from collections.abc import Mapping, Sequence

from appliance.search.chunk import Chunk, IndexedVersion
from appliance.search.embedding import Embedder, embedded_text, lexical_text
from appliance.search.index import IndexWriter, Point, Vector
from appliance.search.lexical import Lexicon
from appliance.search.store import ChunkStore


def points_of(
    chunks: Sequence[Chunk], embedder: Embedder, lexicon: Lexicon, unchanged: Mapping[str, Vector] | None = None
) -> list[Point]:
    """What the index keeps of chunks. `unchanged` has vectors by the text that was embedded."""
    vectors = dict(unchanged or {})
    texts = [embedded_text(chunk) for chunk in chunks]
    new = [text for text in dict.fromkeys(texts) if text not in vectors]
    vectors |= dict(zip(new, embedder.encode(new), strict=True)) if new else {}
    return [
        Point(chunk.id, vectors[text], lexicon.document(lexical_text(chunk)))
        for chunk, text in zip(chunks, texts, strict=True)
    ]


def known_vectors(index: IndexWriter, store: ChunkStore, version: str | None) -> dict[str, Vector]:
    """The vectors of a version's chunks by the text that was embedded: its next version need not embed them again."""
    if version is None:
        return {}
    vectors = index.vectors(version)
    return {embedded_text(chunk): vectors[chunk.id] for chunk in store.of_version(version) if chunk.id in vectors}


def write_version(
    index: IndexWriter,
    embedder: Embedder,
    lexicon: Lexicon,
    version: str,
    label: str,
    collection: str,
    chunks: Sequence[Chunk],
    unchanged: Mapping[str, Vector] | None = None,
) -> IndexedVersion:
    """Put every chunk of a version into the index and make it durable. Replaces what the version had there."""
    index.delete(version)
    index.put(version, label, collection, points_of(chunks, embedder, lexicon, unchanged))
    index.flush()
    return IndexedVersion(version, len(chunks))

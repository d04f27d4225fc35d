"""A version's chunks into the index: embedded, weighted, and put in one go. Idempotent."""

from collections.abc import Sequence

from appliance.search.chunk import Chunk, IndexedVersion
from appliance.search.embedding import Embedder, embedded_text, lexical_text
from appliance.search.index import Index, Point
from appliance.search.lexical import Lexicon


def points_of(chunks: Sequence[Chunk], embedder: Embedder, lexicon: Lexicon) -> list[Point]:
    """What the index keeps of chunks."""
    vectors = embedder.encode([embedded_text(chunk) for chunk in chunks])
    return [
        Point(chunk.id, vector, lexicon.document(lexical_text(chunk)))
        for chunk, vector in zip(chunks, vectors, strict=True)
    ]


def write_version(
    index: Index,
    embedder: Embedder,
    lexicon: Lexicon,
    version: str,
    label: str,
    collection: str,
    chunks: Sequence[Chunk],
) -> IndexedVersion:
    """Put every chunk of a version into the index and make it durable. Replaces what the version had there."""
    index.delete(version)
    index.put(version, label, collection, points_of(chunks, embedder, lexicon))
    index.flush()
    return IndexedVersion(version, len(chunks))

"""The types of search: a chunk is what is indexed, a passage is a chunk retrieved for a question."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """Where a piece of a chunk's text came from: chunk offsets `start:end`, on `page`, with its boxes.

    `boxes` are (x0, y0, x1, y1, start, end): a box in points of that page and the chunk offsets it shows.
    """

    start: int
    end: int
    page: int
    block: int
    boxes: tuple[tuple[float, float, float, float, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a screened document: redacted text with surrogates.

    `id` is stable: the same version chunked again gives the same ids. `section` is the redacted heading
    path; `flagged` marks instructions to a model inside, which are never evidence.
    """

    id: str
    ordinal: int
    text: str
    title: str
    section: tuple[str, ...]
    spans: tuple[ChunkSpan, ...]
    kind: str = "text"
    """`text` or `table`."""
    flagged: bool = False

    @property
    def pages(self) -> tuple[int, ...]:
        """Page numbers the chunk touches, ascending."""
        return tuple(sorted({span.page for span in self.spans}))


@dataclass(frozen=True, slots=True)
class IndexedVersion:
    """A version whose chunks are durable in store and index, not yet visible."""

    version: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that search returned to a person who may read it."""

    chunk: Chunk
    document: str
    version: str
    collection: str
    label: str
    score: float
    features: dict[str, float] = field(default_factory=dict)
    """What the score is made of: `dense`, `lexical`, `fused`, `rerank`."""

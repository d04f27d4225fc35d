"""What stands before and after a passage in its document, as context for a reader or a model.

Neighbours come from the passage's own version, so whoever may read the passage may read them.
"""

from collections.abc import Sequence

from appliance.search.chunk import Chunk, Passage
from appliance.search.store import ChunkStore


def neighbours(store: ChunkStore, passage: Passage, before: int = 1, after: int = 1) -> list[Chunk]:
    """Up to `before` chunks above and `after` below the passage, of the same top section, in reading order.

    The passage's own chunk is not among them, nor is any that is flagged.
    """
    here = passage.chunk
    around = store.between(passage.version, here.ordinal - before, here.ordinal + after)
    return [chunk for chunk in around if chunk.id != here.id and not chunk.flagged and _together(chunk, here)]


def without_repeats(passages: Sequence[Passage], threshold: float = 0.9) -> list[Passage]:
    """Passages in their order, without those whose words are nearly all in one that stands before.

    Near-duplicates (the same form filed twice, a new version of a page) would crowd other evidence out.
    """
    kept: list[Passage] = []
    seen: list[frozenset[str]] = []
    for passage in passages:
        words = frozenset(passage.chunk.text.casefold().split())
        if all(len(words & other) < threshold * len(words | other) for other in seen):
            kept.append(passage)
            seen.append(words)
    return kept


def _together(chunk: Chunk, here: Chunk) -> bool:
    return not here.section or chunk.section[:1] == here.section[:1]

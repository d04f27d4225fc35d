"""Make the index agree with the store (invariant I7): checked at start, and after a restore.

The store is the truth. What the index lacks is embedded again; what it has and the store has not is removed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from appliance.search.embedding import Embedder
from appliance.search.index import Index
from appliance.search.lexical import Lexicon
from appliance.search.store import ChunkStore
from appliance.search.writing import write_version
from appliance.storage import tables
from appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Difference:
    """Versions of which the index lacks chunks, or has chunks that the store does not have."""

    short: tuple[str, ...]
    surplus: frozenset[str]
    """Ids of chunks that only the index has."""

    @property
    def agrees(self) -> bool:
        """True when nothing needs to be done."""
        return not self.short and not self.surplus


def compare(index: Index, store: ChunkStore) -> Difference:
    """Compare the ids of index and store, both ways."""
    stored = store.ids()
    indexed = index.ids()
    short = tuple(sorted(version for version, ids in stored.items() if not ids <= indexed))
    return Difference(short, frozenset(indexed - set().union(*stored.values())))


def rebuild(
    index: Index,
    store: ChunkStore,
    embedder: Embedder,
    lexicon: Lexicon,
    database: Database,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Difference:
    """Embed what the index lacks, remove what only it has; `progress` hears versions done, and of how many.

    Returns the difference that was found.
    """
    difference = compare(index, store)
    places = _places(database)
    for done, version in enumerate(difference.short):
        progress(done, len(difference.short))
        label, collection = places[version]
        write_version(index, embedder, lexicon, version, label, collection, store.of_version(version))
    index.remove(difference.surplus)
    index.flush()
    progress(len(difference.short), len(difference.short))
    return difference


def _places(database: Database) -> Mapping[str, tuple[str, str]]:
    version = tables.version
    with database.transaction() as connection:
        rows = connection.execute(select(version.c.id, version.c.label, version.c.collection))
        return {row.id: (row.label, row.collection) for row in rows}

"""Hybrid retrieval inside a scope: dense and lexical search, their scores fused, passages read from the store.

1. Terms of the question, weighted by statistics of the readable labels alone.
2. Candidates from the index, filtered there by scope and hidden versions.
3. Fusion: each score mapped to 0..1 over the candidates, then a weighted sum (setting `dense_weight`).
4. Chunks from the store; a chunk whose label in the database is not in the scope is dropped, whatever the
   index said.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from appliance.access.grants import ReadableScope
from appliance.search.chunk import Passage
from appliance.search.embedding import Embedder, neutral
from appliance.search.features import Asked, features
from appliance.search.glossary import Definition, lookup
from appliance.search.index import Candidate, Index
from appliance.search.lexical import Lexicon, exact_term, is_exact, readable_statistics
from appliance.search.lexical import terms as terms_of
from appliance.search.store import ChunkStore, StoredChunk
from appliance.settings import Settings
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

OTHER_WORD = 0.6
"""Weight of a word that the question does not say but may mean, against one that it says."""


class Retriever:
    """Finds the passages of a question. It knows neither who is asking nor what is published: both are given."""

    def __init__(
        self, index: Index, store: ChunkStore, embedder: Embedder, database: Database, keys: KeyRing, settings: Settings
    ) -> None:
        self._index = index
        self._store = store
        self._embedder = embedder
        self._database = database
        self._keys = keys
        self._lexicon = Lexicon(keys)
        self._settings = settings

    def retrieve(
        self,
        question: str,
        terms: Sequence[str],
        scope: ReadableScope,
        hidden: frozenset[str],
        k: int,
        collections: frozenset[str] | None = None,
        meanings: Sequence[tuple[str, str]] = (),
        versions: frozenset[str] | None = None,
    ) -> list[Passage]:
        """The `k` best passages of `scope` for a redacted question, best first.

        `terms` are further exact terms, such as surrogates; `hidden` are the versions that are not published;
        `collections` and `versions` narrow the scope. `meanings` are (words of the question, what they may be called).
        """
        said = list(dict.fromkeys([*terms_of(question), *(exact_term(term) for term in terms)]))
        others = [(terms_of(words), terms_of(meant)) for words, meant in meanings]
        words = list(dict.fromkeys([*said, *(term for _, meant in others for term in meant)]))
        ids = dict(zip(words, self._lexicon.ids(words), strict=True))
        with self._database.transaction() as connection:
            statistics = readable_statistics(connection, scope, ids.values())
        sparse = self._lexicon.question(words, statistics, {ids[word]: OTHER_WORD for word in set(words) - set(said)})
        dense = self._embedder.encode([neutral(question)])[0]
        depth = self._settings.retrieve_depth
        candidates = self._index.search(scope, dense, sparse, depth, hidden, collections, versions)
        exact = frozenset(ids[word] for word in words if is_exact(word))
        weights = dict(zip(sparse.indices, sparse.values, strict=True))
        own = {ids[word]: weights[ids[word]] for word in said}
        meant = [([ids[w] for w in a if w in ids], [ids[w] for w in b]) for a, b in others]
        asked = Asked.of(own, exact, meant, [ids[word] for word in said])
        return self._passages(fuse(candidates, self._settings.dense_weight), asked, scope, hidden, k)

    def counts(self, words: Sequence[str], scope: ReadableScope) -> dict[str, int]:
        """How many chunks of `scope` hold each term."""
        ids = dict(zip(words, self._lexicon.ids(words), strict=True))
        with self._database.transaction() as connection:
            statistics = readable_statistics(connection, scope, ids.values())
        return {word: statistics.with_term.get(id, 0) for word, id in ids.items()}

    def defined(self, phrases: Sequence[str], scope: ReadableScope, hidden: frozenset[str]) -> list[Definition]:
        """What the readable documents define of `phrases`: short and long forms."""
        with self._database.transaction() as connection:
            return lookup(connection, self._keys, self._lexicon, phrases, scope, hidden)

    def _passages(
        self, ranked: list[tuple[float, Candidate]], asked: Asked, scope: ReadableScope, hidden: frozenset[str], k: int
    ) -> list[Passage]:
        passages: list[Passage] = []
        for start in range(0, len(ranked), max(1, k)):
            part = ranked[start : start + k]
            stored = self._store.get(candidate.id for _, candidate in part)
            for score, candidate in part:
                found = stored.get(candidate.id)
                if found is not None and _is_readable(found, scope) and found.version not in hidden:
                    passages.append(_passage(found, candidate, score, asked))
            if len(passages) >= k:
                break
        return passages[:k]


def _is_readable(found: StoredChunk, scope: ReadableScope) -> bool:
    return found.label in scope.labels and found.collection in scope.collections


def _passage(found: StoredChunk, candidate: Candidate, score: float, asked: Asked) -> Passage:
    measured = {"dense": candidate.dense, "lexical": candidate.lexical, "fused": score, **features(asked, found)}
    return Passage(found.chunk, found.document, found.version, found.collection, found.label, score, measured)


def fuse(candidates: Sequence[Candidate], dense_weight: float) -> list[tuple[float, Candidate]]:
    """Candidates with their fused score in 0..1, best first; equal scores by id.

    Scores are scaled by the smallest and largest among the candidates, which all come from the scope.
    """
    if not candidates:
        return []
    dense = _scaled(np.array([candidate.dense for candidate in candidates]))
    lexical = _scaled(np.array([candidate.lexical for candidate in candidates]))
    fused = dense_weight * dense + (1 - dense_weight) * lexical
    ranked = [(float(score), candidate) for score, candidate in zip(fused, candidates, strict=True)]
    return sorted(ranked, key=lambda pair: (-pair[0], pair[1].id))


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values from 0 to 1; where all are one, as in a collection of one passage, each is as good as the best."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.full_like(values, float(high > 0))

"""What can be said of a candidate for a question, by words: numbers in 0..1 that reranking weighs.

Computed from term ids that were stored with the chunk; a candidate's text is not split into words again.
Terms count by their inverse document frequency among the readable chunks.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.search.store import StoredChunk

WINDOW = 40
"""Terms of the stretch within which `nearness` looks: two or three sentences."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's terms: ids, their weights (idf), and which of them are numbers, codes or surrogates."""

    ids: NDArray[np.uint32]
    weights: NDArray[np.float64]
    exact: NDArray[np.bool_]
    meanings: tuple[tuple[NDArray[np.intp], NDArray[np.uint32]], ...] = ()
    """For words that may be called otherwise: their places in `ids`, and the ids of the other words."""
    pairs: tuple[tuple[int, int], ...] = ()
    """Places in `ids` of terms that follow each other in the question."""

    @classmethod
    def of(
        cls,
        weights: Mapping[int, float],
        exact: frozenset[int],
        meanings: Sequence[tuple[Sequence[int], Sequence[int]]] = (),
        order: Sequence[int] = (),
    ) -> "Asked":
        """From weights by term id; `meanings` as (ids said, ids meant); `order` are the ids as they were said."""
        ids = sorted(weights)
        place = {id: at for at, id in enumerate(ids)}
        others = tuple(
            (np.array([place[i] for i in said if i in place], np.intp), np.array(meant, np.uint32))
            for said, meant in meanings
            if meant
        )
        return cls(
            np.array(ids, np.uint32), np.array([weights[i] for i in ids]),
            np.array([i in exact for i in ids], np.bool_), others,
            tuple((place[one], place[other]) for one, other in itertools.pairwise(order)),
        )  # fmt: skip

    def found(self, terms: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Which of the question's terms stand where in `terms`, by their own or another name: (ids, terms)."""
        found: NDArray[np.bool_] = np.equal(self.ids[:, None], terms[None, :])
        for said, meant in self.meanings:
            there: NDArray[np.bool_] = np.equal(meant[:, None], terms[None, :])
            if there.any(axis=1).all():
                found[said] |= there.any(axis=0)
        return found


def features(asked: Asked, chunk: StoredChunk) -> dict[str, float]:
    """Features of `chunk` for a question, each in 0..1.

    `coverage`: weight of the question's terms that the chunk, its title or section holds. `nearness`: the same
    within the best stretch of `WINDOW` terms of the text. `heading`: the same in title and section. `exact`:
    share of the question's numbers, codes and surrogates held; 0 where it has none. `phrase`: pairs of words that
    follow each other in both, in ratio to the question's pairs, at most 1.
    """
    total = float(asked.weights.sum())
    if not total:
        return {"coverage": 0.0, "nearness": 0.0, "heading": 0.0, "exact": 0.0, "phrase": 0.0}
    said = asked.found(chunk.text_terms)
    over = asked.found(chunk.above_terms)
    heading = np.any(over, axis=1)
    held: NDArray[np.bool_] = np.logical_or(said.any(axis=1), heading)
    return {
        "coverage": float(asked.weights[held].sum()) / total,
        "nearness": _nearness(said, asked.weights) / total,
        "heading": float(asked.weights[heading].sum()) / total,
        "exact": float(held[asked.exact].mean()) if asked.exact.any() else 0.0,
        "phrase": min(1.0, (_pairs(asked, over) + _pairs(asked, said)) / max(1, len(asked.pairs))),
    }


def _pairs(asked: Asked, found: NDArray[np.bool_]) -> int:
    return sum(int(np.count_nonzero(found[one, :-1] & found[other, 1:])) for one, other in asked.pairs)


def _nearness(said: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    length = said.shape[1]
    if not length:
        return 0.0
    halves = np.logical_or.reduceat(said, np.arange(0, length, WINDOW // 2), axis=1)
    if halves.shape[1] > 1:
        halves = halves[:, :-1] | halves[:, 1:]
    return float((weights @ halves).max())

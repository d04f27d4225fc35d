"""Features of a candidate, from term ids alone."""

import numpy as np

from appliance.search.chunk import Chunk
from appliance.search.features import Asked, features
from appliance.search.store import StoredChunk


def _stored(text: list[int], above: list[int]) -> StoredChunk:
    chunk = Chunk("c", 0, "text", "", (), ())
    return StoredChunk(
        chunk, "d", "v", "collection", "label", np.array(text, np.uint32), np.array(above, np.uint32)
    )


def _asked(order: list[int]) -> Asked:
    return Asked.of(dict.fromkeys(order, 1.0), frozenset(), (), order)


def test_words_that_follow_each_other_count_more_than_words_apart() -> None:
    together = features(_asked([1, 2, 3]), _stored([9, 1, 2, 3], []))
    apart = features(_asked([1, 2, 3]), _stored([3, 9, 2, 9, 1], []))
    assert together["phrase"] == 1.0
    assert apart["phrase"] == 0.0
    assert together["coverage"] == apart["coverage"]


def test_a_phrase_in_the_title_counts_too() -> None:
    assert features(_asked([1, 2, 3]), _stored([9], [1, 2]))["phrase"] == 0.5


def test_one_word_is_no_phrase() -> None:
    assert features(_asked([1]), _stored([1, 1], [1]))["phrase"] == 0.0

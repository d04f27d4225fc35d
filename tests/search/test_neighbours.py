"""Context around a passage, and folding of near-duplicates."""

from dataclasses import replace

from appliance.search.chunk import Passage
from appliance.search.chunking import chunk
from appliance.search.neighbours import neighbours, without_repeats
from tests.search.conftest import Room, screened


def stored(room: Room, flagged: frozenset[int] = frozenset()) -> list[Passage]:
    text = "The ward keeps a record of every dose that was given during night {}. "
    chunks = chunk(screened(*(text.format(n) * 9 for n in range(4)), flagged=flagged), "v1")
    room.row("v1", "open", "ward")
    room.store.put("v1", chunks)
    return [Passage(c, "d-v1", "v1", "ward", "open", 1.0) for c in chunks]


def test_neighbours_stand_around_the_passage_in_order_without_it(room: Room) -> None:
    passages = stored(room)
    assert [c.ordinal for c in neighbours(room.store, passages[1])] == [0, 2]
    assert [c.ordinal for c in neighbours(room.store, passages[0], before=2, after=2)] == [1, 2]


def test_a_flagged_neighbour_is_left_out(room: Room) -> None:
    passages = stored(room, frozenset({2}))
    assert [c.ordinal for c in neighbours(room.store, passages[1])] == [0]


def test_a_neighbour_of_another_section_is_left_out(room: Room) -> None:
    passages = stored(room)
    here = replace(passages[1], chunk=replace(passages[1].chunk, section=("Elsewhere",)))
    assert neighbours(room.store, here) == []


def test_a_passage_that_repeats_a_better_one_is_folded(room: Room) -> None:
    passages = stored(room)
    copy = replace(passages[0], version="v2")
    assert without_repeats([passages[0], copy, passages[0]]) == [passages[0]]
    other = replace(passages[1], chunk=replace(passages[1].chunk, text="Something else entirely."))
    assert without_repeats([passages[0], other]) == [passages[0], other]

"""The index is derived data: it is made again from the store, whole, after any loss."""

import shutil

from appliance.search.edge import EdgeIndex
from appliance.search.rebuild import compare, rebuild
from tests.search.conftest import Room
from tests.search.test_hybrid import WARD, exact


def made_again(room: Room) -> None:
    rebuild(room.index, room.store, room.embedder, room.lexicon, room.database)


def test_an_index_that_was_lost_is_rebuilt_and_answers_the_same(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    before = exact(room.ask("What is the dose of warfarin?", "open"))
    room.index.close()
    shutil.rmtree(room.home / "index")
    room.index = EdgeIndex.open(room.home)
    assert compare(room.index, room.store).short == ("v1",)
    made_again(room)
    after = room.ask("What is the dose of warfarin?", "open")
    assert [p.chunk.id for p in after] == [id for id, _, _ in before]
    assert compare(room.index, room.store).agrees


def test_a_short_version_is_completed_and_a_surplus_chunk_removed(room: Room) -> None:
    chunks = room.add("v1", "open", "ward", *WARD)
    room.add("v2", "open", "ward", "Something else.")
    room.index.remove([chunks[0].id])
    room.store.delete("v2")
    difference = compare(room.index, room.store)
    assert difference.short == ("v1",)
    assert len(difference.surplus) == 1
    made_again(room)
    assert room.index.ids() == {c.id for c in chunks}


def test_a_whole_index_is_left_alone(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    assert compare(room.index, room.store).agrees
    assert rebuild(room.index, room.store, room.embedder, room.lexicon, room.database).agrees

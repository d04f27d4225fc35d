"""Chunks at rest: sealed, stable, and counted once."""

import pytest
from sqlalchemy import select, update

from appliance.documents.document import Word
from appliance.errors import IntegrityFailure, NotFound
from appliance.redaction.findings import RedactedBlock, RedactedDocument, ScreenedDocument
from appliance.search.chunking import chunk
from appliance.storage import tables
from tests.search.conftest import Room

CANARY = "Zanzibarium"


def test_a_chunk_comes_back_as_it_was_put(room: Room) -> None:
    block = RedactedBlock(3, "paragraph", "Give 5 mg é.", words=(Word(0, 4, (1.5, 2.0, 3.0, 4.25)),))
    document = RedactedDocument("pdf", "Title", (), (RedactedBlock(3, "heading", "H"), block), "strict", "d", {})
    chunks = chunk(ScreenedDocument(document, frozenset({1})), "v1")
    room.row("v1", "open", "ward")
    room.store.put("v1", chunks)
    found = room.store.get(c.id for c in chunks)
    assert [found[c.id].chunk for c in chunks] == chunks == room.store.of_version("v1")
    assert (found[chunks[0].id].document, found[chunks[0].id].label) == ("d-v1", "open")
    assert chunks[0].flagged


def test_no_text_lies_in_the_home(room: Room) -> None:
    room.add("v1", "open", "ward", f"The drug {CANARY} is given at night.")
    room.index.flush()
    written = b"".join(file.read_bytes() for file in room.home.rglob("*") if file.is_file())
    for needle in (CANARY, CANARY.lower(), "zanzibar", "given at night"):
        assert needle.encode() not in written
        assert needle.encode("utf-16-le") not in written


def test_a_chunk_moved_to_another_place_does_not_unseal(room: Room) -> None:
    first, second = room.add("v1", "open", "ward", "One thing.", "Another thing.")
    with room.database.transaction() as connection:
        sealed = connection.execute(select(tables.chunk.c.sealed).where(tables.chunk.c.id == first.id)).scalar_one()
        connection.execute(update(tables.chunk).where(tables.chunk.c.id == second.id).values(sealed=sealed))
    with pytest.raises(IntegrityFailure):
        room.store.get([second.id])


def test_text_is_gone_with_the_key_of_its_version(room: Room) -> None:
    (only,) = room.add("v1", "open", "ward", "One thing.")
    room.keys.destroy("version/v1")
    assert room.store.get([only.id]) == {}
    with pytest.raises(NotFound):
        room.store.of_version("v1")


def statistics(room: Room) -> tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]]:
    with room.database.transaction() as connection:
        labels = connection.execute(select(tables.label_statistics).order_by("label")).all()
        terms = connection.execute(select(tables.term_statistics).order_by("label", "term")).all()
    return [tuple(row) for row in labels], [tuple(row) for row in terms]


def test_publishing_and_retiring_a_version_leaves_the_counts_as_they_were(room: Room) -> None:
    room.add("v1", "open", "ward", "warfarin dose", "heparin dose")
    before = statistics(room)
    room.add("v2", "open", "ward", "warfarin tablets of 5 mg")
    assert statistics(room) != before
    with room.database.transaction() as connection:
        room.store.retire_statistics(connection, "v2", "open")
    assert statistics(room) == before


def test_counts_change_with_the_publication_or_not_at_all(room: Room) -> None:
    room.add("v1", "open", "ward", "warfarin dose", publish=False)
    before = statistics(room)
    with pytest.raises(ZeroDivisionError), room.database.transaction() as connection:
        _fail_after(room.store.publish_statistics(connection, "v1", "open"))
    assert statistics(room) == before == ([], [])


def _fail_after(_done: None) -> None:
    raise ZeroDivisionError

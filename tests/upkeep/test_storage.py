"""Whatever a kill or a disk took from one part is seen by comparing the others, and mended where it can be."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete

from appliance.search.embedding import Embedder
from appliance.search.lexical import Lexicon
from appliance.storage import tables
from appliance.upkeep import storage
from tests.upkeep.test_deletion import House
from tests.upkeep.test_deletion import house as house_fixture

house = house_fixture


def drawn() -> Embedder:
    """Vectors of the right shape; which ones does not matter here."""
    return Embedder(lambda texts: np.ones((len(texts), 384), np.float32), 384, "drawn")


def disagreements(house: House) -> dict[str, int]:
    return {each.name: len(each.owners) for each in storage.examine(house.held, house.home) if each.owners}


def mend(house: House) -> dict[str, int]:
    found = storage.repair(house.held, house.home, drawn, Lexicon(house.held.keys))
    return {each.name: len(each.owners) for each in found if each.owners}


@pytest.fixture
def kept(house: House) -> str:
    return house.add("kept.txt", ("Oskar Lind",)).id


def test_a_whole_home_agrees(house: House, kept: str) -> None:
    assert disagreements(house) == {}


def test_chunks_that_the_index_lost_are_made_again(house: House, kept: str) -> None:
    house.held.index.delete(kept)
    assert disagreements(house) == {"index: chunks missing": 1}
    mend(house)
    assert disagreements(house) == {}
    assert house.found("word") == {kept}


def test_chunks_that_only_the_index_has_are_removed(house: House, kept: str) -> None:
    gone = house.add("gone.txt")
    with house.held.database.exclusive() as connection:
        connection.execute(delete(tables.document).where(tables.document.c.id == gone.document))
    assert disagreements(house) == {
        "index: chunks too many": 2, "originals: too many": 1, "pages: too many": 1,
    }  # fmt: skip
    mend(house)
    assert disagreements(house) == {}
    assert house.held.index.ids() == house.held.store.ids()[kept]
    assert not list(house.home.rglob(f"*{gone.id}*"))


def test_a_version_that_lost_chunks_is_not_half_visible_but_work_again(house: House, kept: str) -> None:
    with house.held.database.exclusive() as connection:
        some = house.held.store.of_version(kept)[0].id
        connection.execute(delete(tables.chunk).where(tables.chunk.c.id == some))
    assert disagreements(house) == {"catalog: chunks missing": 1, "index: chunks too many": 1}
    mend(house)
    assert not house.held.catalog.visible(kept)
    assert [each.id for each in house.held.catalog.unfinished()] == [kept]
    assert house.statistics()[0] == 0


def test_half_written_files_and_cut_off_deletions_are_cleared(
    house: House, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance.upkeep.deletion import delete_document

    gone = house.add("gone.txt")
    (house.home / "originals" / ".partial-0123").write_bytes(b"half")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(house.held.catalog.deletions, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_document(house.held, gone.document, actor="test")
    assert {"files: half written", "deletions: cut off"} <= disagreements(house).keys()
    mend(house)
    assert disagreements(house) == {}


def test_an_original_that_is_lost_before_it_was_read_is_said(house: House, kept: str, home: Path) -> None:
    with house.held.database.exclusive() as connection:
        connection.execute(tables.version.update().values(status="received"))
    shutil.rmtree(home / "originals")
    assert disagreements(house)["originals: missing"] == 1

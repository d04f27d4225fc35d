"""Originals are kept sealed, with their names inside, and can be forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.documents.files import write_whole
from appliance.documents.originals import Originals
from appliance.errors import IntegrityFailure, NotFound, Unavailable
from tests.canaries import traces
from tests.stores import Stores, opened

NAME = "Quartermaine_Maximiliana.txt"
CONTENT = b"Patient Maximiliana Quartermaine, MRN 99317755. " * 20


@pytest.fixture
def stores(home: Path) -> Iterator[Stores]:
    with opened(home) as found:
        yield found


def test_an_original_comes_back_as_it_was(stores: Stores) -> None:
    originals = Originals(stores.home, stores.keys)
    originals.put("v1", NAME, CONTENT)
    originals.put("v1", NAME, CONTENT)
    assert originals.get("v1") == (NAME, CONTENT)
    assert originals.kept("v1")


def test_neither_name_nor_content_is_in_any_file_or_file_name(stores: Stores) -> None:
    Originals(stores.home, stores.keys).put("v1", NAME, CONTENT)
    assert traces(stores.home, ["Quartermaine", "99317755", NAME]) == []
    assert {path.stat().st_mode & 0o777 for path in (stores.home / "originals").iterdir()} == {0o600}


def test_a_deleted_original_is_gone_with_its_key_even_for_who_has_the_bytes(stores: Stores) -> None:
    originals = Originals(stores.home, stores.keys)
    originals.put("v1", NAME, CONTENT)
    stolen = (stores.home / "originals" / "v1").read_bytes()
    originals.delete("v1")
    originals.delete("v1")
    assert not originals.kept("v1")
    (stores.home / "originals" / "v1").write_bytes(stolen)
    with pytest.raises(NotFound):
        originals.get("v1")


@pytest.mark.parametrize("position", [0, 20, -1])
def test_one_changed_byte_is_an_integrity_failure(stores: Stores, position: int) -> None:
    originals = Originals(stores.home, stores.keys)
    originals.put("v1", NAME, CONTENT)
    path = stores.home / "originals" / "v1"
    changed = bytearray(path.read_bytes())
    changed[position] ^= 1
    path.write_bytes(changed)
    with pytest.raises(IntegrityFailure):
        originals.get("v1")


def test_the_original_of_one_version_cannot_be_put_in_the_place_of_another(stores: Stores) -> None:
    originals = Originals(stores.home, stores.keys)
    originals.put("v1", NAME, CONTENT)
    originals.put("v2", NAME, b"other")
    (stores.home / "originals" / "v1").write_bytes((stores.home / "originals" / "v2").read_bytes())
    with pytest.raises(IntegrityFailure):
        originals.get("v1")


@pytest.mark.parametrize("identifier", ["../keys/keys", "a/b", "", ".", "..", "x" * 65, "a\0b"])
def test_an_id_that_is_a_path_finds_nothing(stores: Stores, identifier: str) -> None:
    originals = Originals(stores.home, stores.keys)
    for use in (originals.get, originals.delete, originals.kept):
        with pytest.raises(NotFound):
            use(identifier)


def test_a_write_that_fails_leaves_neither_file_nor_rest(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    originals = Originals(stores.home, stores.keys)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Unavailable, match="No space"):
        originals.put("v1", NAME, CONTENT)
    monkeypatch.undo()
    assert list((stores.home / "originals").iterdir()) == []


def test_what_a_killed_writer_left_is_swept(stores: Stores) -> None:
    originals = Originals(stores.home, stores.keys)
    originals.put("v1", NAME, CONTENT)
    (stores.home / "originals" / ".partial-1234").write_bytes(b"half")
    assert originals.sweep() == 1
    assert [path.name for path in (stores.home / "originals").iterdir()] == ["v1"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "deep" / "f", b"one", tmp_path)
    write_whole(tmp_path / "deep" / "f", b"two", tmp_path)
    assert (tmp_path / "deep" / "f").read_bytes() == b"two"

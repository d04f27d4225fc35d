"""A folder and its collection stay in step, and a mount that vanished deletes nothing."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.documents.followed import FollowedFiles, Seen
from appliance.errors import Unavailable
from appliance.upkeep import following
from appliance.upkeep.following import Plan
from tests.upkeep.test_deletion import House
from tests.upkeep.test_deletion import house as house_fixture

house = house_fixture


class Folder:
    """A folder, and the collection `ward` which was once in step with it."""

    def __init__(self, house: House, path: Path) -> None:
        self.house, self.path = house, path
        self.files = FollowedFiles(house.held.database, house.held.keys)
        self.ward = house.held.catalog.collection("ward").id
        path.mkdir()

    def write(self, place: str, content: str = "") -> Path:
        file = self.path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content or f"{place} word")
        return file

    def plan(self, **how: object) -> Plan:
        return following.plan(self.house.held.catalog, self.files, self.ward, self.path, **how)

    def synced(self, *places: str) -> dict[str, str]:
        """Files, taken in. Their documents."""
        documents = {}
        for place in places:
            self.write(place)
            documents[place] = self.house.add(place).document
        for place, seen in following.look(self.path)[0].items():
            if place in documents:
                self.files.note(self.ward, str(self.path), documents[place], seen)
        return documents


@pytest.fixture
def folder(house: House, tmp_path: Path) -> Folder:
    return Folder(house, tmp_path / "shared")


def test_a_folder_in_step_needs_nothing_and_opens_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.synced("a.txt", "ward/b.txt")

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(os, "open", opened)
    assert folder.plan() == Plan(unchanged=2)


def test_what_came_changed_moved_and_went_is_told_apart(folder: Folder) -> None:
    documents = folder.synced("same.txt", "changes.txt", "moves.txt", "goes.txt")
    folder.write("changes.txt", "other words")
    folder.write("comes.txt")
    (folder.path / "moves.txt").rename(folder.path / "moved.txt")
    (folder.path / "goes.txt").unlink()
    found = folder.plan()
    assert (set(found.new), set(found.changed), set(found.moved)) == ({"comes.txt"}, {"changes.txt"}, {"moved.txt"})
    assert found.moved["moved.txt"][0] == documents["moves.txt"]
    assert (found.gone, found.unchanged) == ((documents["goes.txt"],), 1)


def test_a_folder_that_is_not_there_deletes_nothing(folder: Folder) -> None:
    folder.synced("a.txt")
    folder.path.rename(folder.path.with_name("elsewhere"))
    with pytest.raises(Unavailable, match="cannot be read"):
        folder.plan()


def test_an_empty_mount_point_is_no_mass_deletion(folder: Folder) -> None:
    documents = folder.synced(*(f"{n}.txt" for n in range(8)))
    for n in range(8):
        (folder.path / f"{n}.txt").unlink()
    found = folder.plan()
    assert found.gone == ()
    assert set(found.kept) == set(documents.values())
    assert found.why
    assert set(folder.plan(delete_many=True).gone) == set(documents.values())


def test_files_of_a_file_system_that_is_not_there_are_kept(folder: Folder) -> None:
    documents = folder.synced("here.txt", "mounted/there.txt", "goes.txt")
    for place in ("mounted/there.txt", "goes.txt"):
        (folder.path / place).unlink()
    seen = next(e.seen for e in folder.files.of(folder.ward, str(folder.path)) if e.document == documents["goes.txt"])
    away = replace(seen, device="ffff")
    folder.files.note(folder.ward, str(folder.path), documents["mounted/there.txt"], away)
    found = folder.plan()
    assert (found.gone, found.kept) == ((documents["goes.txt"],), (documents["mounted/there.txt"],))


def test_a_part_that_cannot_be_read_deletes_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.synced("a.txt", "closed/b.txt")
    (folder.path / "a.txt").unlink()
    scan = os.scandir

    def refused(path: Path) -> object:
        if Path(path).name == "closed":
            raise OSError(5, "Input/output error")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    found = folder.plan()
    assert found.gone == ()
    assert len(found.kept) == 2


def test_links_hidden_files_and_pipes_are_not_followed(folder: Folder) -> None:
    target = folder.write("real.txt")
    (folder.path / "link.txt").symlink_to(target)
    (folder.path / "loop").symlink_to(folder.path)
    folder.write(".hidden")
    folder.write(".git/config")
    os.mkfifo(folder.path / "pipe")
    os.close(os.open(os.fsencode(folder.path) + b"/\xff\xfe\n.txt", os.O_CREAT | os.O_WRONLY))
    assert set(folder.plan().new) == {"real.txt", "\udcff\udcfe\n.txt"}


def test_a_file_that_may_still_be_written_waits(folder: Folder) -> None:
    folder.write("fresh.txt")
    assert folder.plan(settled_seconds=60).new == {}
    assert set(folder.plan().new) == {"fresh.txt"}


def test_two_collections_follow_one_folder_without_knowing_each_other(folder: Folder) -> None:
    folder.synced("a.txt")
    other = folder.house.held.catalog.collections.create("other", "strict").id
    assert folder.files.of(other, str(folder.path)) == []
    assert folder.files.of(folder.ward, "/elsewhere") == []


def test_no_path_is_kept(folder: Folder) -> None:
    folder.synced("maria-fernandez.txt")
    with folder.house.held.database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM followed_file").all()
    assert len(rows) == 1
    assert "maria" not in repr(rows)
    assert str(folder.path) not in repr(rows)


def test_a_moved_document_keeps_its_versions_under_its_new_place(folder: Folder) -> None:
    documents = folder.synced("old.txt")
    catalog, seen = folder.house.held.catalog, Seen(1, "1", "1")
    assert folder.files.move(documents["old.txt"], catalog.name_mac(folder.ward, "new.txt"))
    folder.files.note(folder.ward, str(folder.path), documents["old.txt"], seen)
    assert folder.house.add("new.txt", body="changed").document == documents["old.txt"]
    assert folder.house.add("old.txt", body="another").document != documents["old.txt"]
    assert not folder.files.move(documents["old.txt"], catalog.name_mac(folder.ward, "old.txt"))

"""Page images are sealed for their version and their number."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.documents.pages import PageImages
from appliance.errors import IntegrityFailure, NotFound
from tests.canaries import traces
from tests.stores import Stores, opened

IMAGE = b"RIFF....WEBPVP8 pixels of a page"


@pytest.fixture
def stores(home: Path) -> Iterator[Stores]:
    with opened(home) as found:
        yield found


def test_pages_come_back_by_number(stores: Stores) -> None:
    pages = PageImages(stores.home, stores.keys)
    for number in (2, 10, 1):
        pages.put("v1", number, IMAGE + bytes([number]))
    assert pages.numbers("v1") == [1, 2, 10]
    assert pages.get("v1", 10) == IMAGE + bytes([10])
    with pytest.raises(NotFound):
        pages.get("v1", 3)
    assert pages.numbers("v2") == []


def test_no_image_is_on_disk_in_the_clear(stores: Stores) -> None:
    PageImages(stores.home, stores.keys).put("v1", 1, IMAGE)
    assert traces(stores.home, [IMAGE.decode()]) == []


def test_one_page_cannot_be_shown_in_the_place_of_another(stores: Stores) -> None:
    pages = PageImages(stores.home, stores.keys)
    pages.put("v1", 1, b"one")
    pages.put("v1", 2, b"two")
    folder = stores.home / "pages" / "v1"
    (folder / "1").write_bytes((folder / "2").read_bytes())
    with pytest.raises(IntegrityFailure):
        pages.get("v1", 1)


def test_deleted_pages_are_gone(stores: Stores) -> None:
    pages = PageImages(stores.home, stores.keys)
    pages.put("v1", 1, IMAGE)
    pages.delete("v1")
    pages.delete("v1")
    assert pages.numbers("v1") == []
    assert not (stores.home / "pages" / "v1").exists()


def test_pages_of_a_version_whose_key_is_destroyed_cannot_be_read(stores: Stores) -> None:
    pages = PageImages(stores.home, stores.keys)
    pages.put("v1", 1, IMAGE)
    stores.keys.destroy("version/v1")
    with pytest.raises(NotFound):
        pages.get("v1", 1)

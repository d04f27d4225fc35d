"""The catalog: one visible version of a document at every moment, and nothing readable without keys."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.documents.catalog import Catalog, Collection, Version
from appliance.documents.document import Box, Page
from appliance.documents.intake import accept
from appliance.errors import ApplianceError, NotFound, UsageError
from tests.canaries import traces
from tests.stores import Stores, opened


@dataclass(frozen=True)
class Redacted:
    """What the catalog keeps of a redacted document."""

    kind: str = "pdf"
    title: str = "Discharge summary of [PERSON:k7f2m4qa]"
    pages: tuple[Page, ...] = (Page(1, 612.0, 792.0, True),)
    blackout: dict[int, tuple[Box, ...]] = field(default_factory=lambda: {1: ((1.0, 2.0, 37.0, 4.0),)})
    counts: dict[str, int] = field(default_factory=lambda: {"PERSON": 2})
    profile_digest: str = "digest"


STEPS = ("receive", "index", "publish", "fail", "quarantine", "release")


class Shelf:
    """A catalog with one collection, and the steps of a document in it."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.catalog = Catalog(stores.database, stores.keys)
        self.collection = self.catalog.collections.create("ward", "strict", compartments=("b", "a"))
        for label in ("l1", "l2"):
            self.catalog.add_label(label, {"collection": self.collection.id})

    def receive(
        self, name: str, content: bytes, *, label: str = "l1", digest: str = "digest", where: Collection | None = None
    ) -> tuple[Version, bool]:
        original = accept(content, name, self.stores.settings)
        return self.catalog.receive(where or self.collection, label, original, "strict", digest)

    def index(self, name: str, content: bytes) -> str:
        version, _ = self.receive(name, content)
        self.catalog.mark_indexed(version.id, Redacted(), 3)
        return version.id

    def publish(self, name: str, content: bytes) -> str:
        identifier = self.index(name, content)
        self.catalog.publish(identifier)
        return identifier


@pytest.fixture
def shelf(home: Path, either_database: str) -> Iterator[Shelf]:
    with opened(home) as stores:
        yield Shelf(stores)


def test_a_version_is_visible_when_published_and_not_before(shelf: Shelf) -> None:
    version, fresh = shelf.receive("a.pdf", b"one")
    assert fresh
    assert version.status == "received"
    for step in (lambda: None, lambda: shelf.catalog.mark_indexed(version.id, Redacted(), 3)):
        step()
        assert not shelf.catalog.visible(version.id)
        assert version.id in shelf.catalog.hidden_versions()
    assert shelf.catalog.publish(version.id)
    assert shelf.catalog.visible(version.id)
    assert shelf.catalog.hidden_versions() == frozenset()


def test_a_new_version_retires_the_old_in_one_switch(shelf: Shelf) -> None:
    old = shelf.publish("a.pdf", b"one")
    new = shelf.index("a.pdf", b"two")
    assert shelf.catalog.version(old).document == shelf.catalog.version(new).document
    assert shelf.catalog.visible(old)
    assert not shelf.catalog.visible(new)
    shelf.catalog.publish(new)
    assert not shelf.catalog.visible(old)
    assert shelf.catalog.visible(new)
    assert shelf.catalog.version(old).status == "retired"
    assert [version.id for version in shelf.catalog.documents([shelf.collection.id])] == [new]


def test_publishing_again_changes_nothing_and_tells_nobody(shelf: Shelf) -> None:
    told: list[tuple[str, str, str]] = []
    old = shelf.publish("a.pdf", b"one")
    new = shelf.index("a.pdf", b"two")
    for _ in range(3):
        shelf.catalog.publish(
            new,
            on_publish=lambda _, version, label: told.append(("publish", version, label)),
            on_retire=lambda _, version, label: told.append(("retire", version, label)),
        )
    assert told == [("retire", old, "l1"), ("publish", new, "l1")]


def test_a_callback_that_fails_undoes_the_switch(shelf: Shelf) -> None:
    old = shelf.publish("a.pdf", b"one")
    new = shelf.index("a.pdf", b"two")

    def fail(*_: object) -> None:
        raise ApplianceError("no statistics")

    with pytest.raises(ApplianceError):
        shelf.catalog.publish(new, on_publish=fail)
    assert shelf.catalog.visible(old)
    assert not shelf.catalog.visible(new)


def test_a_version_overtaken_by_a_newer_one_is_never_shown(shelf: Shelf) -> None:
    late = shelf.index("a.pdf", b"one")
    new = shelf.publish("a.pdf", b"two")
    assert not shelf.catalog.publish(late)
    assert shelf.catalog.version(late).status == "retired"
    assert shelf.catalog.visible(new)


@pytest.mark.parametrize("step", ["fail", "quarantine"])
def test_what_failed_or_waits_cannot_be_published_and_leaves_the_old_version_shown(shelf: Shelf, step: str) -> None:
    old = shelf.publish("a.pdf", b"one")
    new = shelf.index("a.pdf", b"two")
    getattr(shelf.catalog, step)(new, "a reason")
    with pytest.raises(ApplianceError):
        shelf.catalog.publish(new)
    assert shelf.catalog.visible(old)
    assert shelf.catalog.version(new).reason == "a reason"
    getattr(shelf.catalog, step)(old, "too late")
    assert shelf.catalog.visible(old)


def test_an_unindexed_version_cannot_be_published_nor_a_closed_one_indexed(shelf: Shelf) -> None:
    version, _ = shelf.receive("a.pdf", b"one")
    with pytest.raises(ApplianceError):
        shelf.catalog.publish(version.id)
    shelf.catalog.fail(version.id, "damaged")
    with pytest.raises(ApplianceError):
        shelf.catalog.mark_indexed(version.id, Redacted(), 1)


def test_the_same_content_is_no_work_twice(shelf: Shelf) -> None:
    shown = shelf.publish("a.pdf", b"one")
    for name in ("a.pdf", "copy of a.pdf"):
        version, fresh = shelf.receive(name, b"one")
        assert (version.id, fresh) == (shown, False)


def test_the_same_content_under_another_profile_is_work_and_a_document_keeps_its_label(shelf: Shelf) -> None:
    shown = shelf.publish("a.pdf", b"one")
    version, fresh = shelf.receive("a.pdf", b"one", digest="other")
    assert fresh
    assert version.id != shown
    version, fresh = shelf.receive("a.pdf", b"another", label="l2")
    assert (fresh, version.label) == (True, shelf.catalog.version(shown).label)
    version, fresh = shelf.receive("b.pdf", b"one", label="l2")
    assert (fresh, version.label) == (True, "l2")


def test_a_document_that_takes_the_content_of_another_gets_its_new_version(shelf: Shelf) -> None:
    shelf.publish("a.pdf", b"one")
    other = shelf.publish("b.pdf", b"two")
    version, fresh = shelf.receive("b.pdf", b"one")
    assert fresh
    assert version.document == shelf.catalog.version(other).document


def test_content_that_was_retired_is_work_again(shelf: Shelf) -> None:
    first = shelf.publish("a.pdf", b"one")
    shelf.publish("a.pdf", b"two")
    again = shelf.publish("a.pdf", b"one")
    assert again != first
    assert shelf.catalog.visible(again)


def test_a_failed_version_is_taken_up_again_as_itself(shelf: Shelf) -> None:
    version, _ = shelf.receive("a.pdf", b"one")
    shelf.catalog.fail(version.id, "damaged")
    again, fresh = shelf.receive("a.pdf", b"one")
    assert fresh
    assert (again.id, again.status, again.reason) == (version.id, "received", "")


def test_a_quarantined_version_waits_until_it_is_released(shelf: Shelf) -> None:
    version, _ = shelf.receive("a.pdf", b"one")
    shelf.catalog.quarantine(version.id, "unsure")
    assert shelf.receive("a.pdf", b"one")[1] is False
    assert shelf.catalog.unfinished() == []
    shelf.catalog.release(version.id)
    assert [each.id for each in shelf.catalog.unfinished()] == [version.id]
    with pytest.raises(ApplianceError):
        shelf.catalog.release(version.id)


def test_unfinished_work_is_found_again_by_a_new_process(home: Path) -> None:
    with opened(home) as stores:
        shelf = Shelf(stores)
        one, two = shelf.receive("a.pdf", b"one")[0].id, shelf.index("b.pdf", b"two")
        shelf.publish("c.pdf", b"three")
    with opened(home, new=False) as stores:
        found = Catalog(stores.database, stores.keys).unfinished()
        assert [(each.id, each.status) for each in found] == [(one, "received"), (two, "indexed")]


def test_eight_uploads_of_one_file_at_once_make_one_version(shelf: Shelf) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: shelf.receive("a.pdf", b"one"), range(8)))
    assert len({version.id for version, _ in found}) == 1
    assert sum(fresh for _, fresh in found) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 3)), max_size=14))
def test_no_order_of_steps_shows_two_versions_of_a_document(shelf: Shelf, steps: list[tuple[str, int]]) -> None:
    name = f"{id(steps)}-{len(shelf.catalog.documents([shelf.collection.id]))}.pdf"
    made: dict[int, str] = {}
    for step, number in steps:
        try:
            if step == "receive":
                made[number] = shelf.receive(name, f"{name}{number}".encode())[0].id
            elif number in made and step == "index":
                shelf.catalog.mark_indexed(made[number], Redacted(), 1)
            elif number in made and step in ("fail", "quarantine"):
                getattr(shelf.catalog, step)(made[number], "why")
            elif number in made:
                getattr(shelf.catalog, step)(made[number])
        except ApplianceError:
            continue
        shown = [v for v in set(made.values()) if shelf.catalog.visible(v)]
        assert len(shown) <= 1
        assert not set(shown) & shelf.catalog.hidden_versions()


def test_names_titles_and_digests_of_contents_are_not_on_disk(home: Path) -> None:
    with opened(home) as stores:
        shelf = Shelf(stores)
        content = b"Maximiliana Quartermaine"
        version, _ = shelf.receive("Quartermaine_99317755.pdf", content)
        shelf.catalog.mark_indexed(version.id, Redacted(title="Summary of a rare disease"), 1)
        digest = accept(content, "x", stores.settings).sha256
        assert shelf.catalog.version(version.id).title == "Summary of a rare disease"
    hidden = ["Quartermaine", "99317755", "Summary of a rare disease", digest, bytes.fromhex(digest).hex()]
    assert traces(home, hidden) == []
    assert not any(bytes.fromhex(digest) in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_one_file_in_two_collections_has_no_digest_in_common(shelf: Shelf) -> None:
    other = shelf.catalog.collections.create("bank", "strict")
    shelf.receive("a.pdf", b"one")
    shelf.receive("a.pdf", b"one", where=other)
    with shelf.stores.database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT content_mac FROM version UNION SELECT name_mac FROM document").all()
    assert len(rows) == 4


def test_page_facts_come_back_as_they_were(shelf: Shelf) -> None:
    facts = shelf.catalog.page_facts(shelf.index("a.pdf", b"one"))
    assert facts.pages == Redacted().pages
    assert facts.blackout == Redacted().blackout
    with pytest.raises(NotFound):
        shelf.catalog.page_facts(shelf.receive("b.pdf", b"two")[0].id)


def test_the_list_of_documents_is_limited_to_labels(shelf: Shelf) -> None:
    one = shelf.publish("a.pdf", b"one")
    two, _ = shelf.receive("b.pdf", b"two", label="l2")
    assert {v.id for v in shelf.catalog.documents([shelf.collection.id])} == {one, two.id}
    assert [v.id for v in shelf.catalog.documents([shelf.collection.id], frozenset({"l2"}))] == [two.id]
    assert shelf.catalog.documents([shelf.collection.id], frozenset()) == []
    assert shelf.catalog.profile_digests({one}) == {"digest"}


def test_collections_are_found_by_id_and_name_and_names_are_plain_and_single(shelf: Shelf) -> None:
    assert shelf.catalog.collection("ward") == shelf.catalog.collection(shelf.collection.id) == shelf.collection
    assert shelf.collection.attributes == {"classification": 0, "compartments": ["a", "b"]}
    assert [each.name for each in shelf.catalog.collections.all()] == ["ward"]
    for bad in ("ward", "", "UPPER", "a/b", "x" * 64, "-x"):
        with pytest.raises(UsageError):
            shelf.catalog.collections.create(bad, "strict")

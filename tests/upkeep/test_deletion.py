"""A deleted document is gone everywhere, at once, whatever happens meanwhile."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, func, select

from appliance.access.grants import ReadableScope
from appliance.access.policies import load
from appliance.access.scope import Access
from appliance.audit.log import AuditLog
from appliance.documents.catalog import Catalog, Version
from appliance.documents.document import Original
from appliance.documents.originals import Originals
from appliance.documents.pages import PageImages
from appliance.errors import AuditUnavailable, NotFound, Refused
from appliance.redaction.findings import RedactedDocument
from appliance.redaction.surrogates import PERSON, Mention
from appliance.redaction.vault import Vault
from appliance.search.chunk import Chunk
from appliance.search.chunking import chunk_id
from appliance.search.edge import EdgeIndex
from appliance.search.index import Point
from appliance.search.lexical import Lexicon
from appliance.search.store import ChunkStore
from appliance.settings import SHIPPED_POLICIES
from appliance.storage import tables
from appliance.upkeep.deletion import Holdings, complete, delete_collection, delete_document
from tests import stores

REDACTED = RedactedDocument("text", "Title", (), (), "strict", "digest", {})


@dataclass
class House:
    """A home without models: vectors are drawn, not computed."""

    held: Holdings
    access: Access
    home: Path

    def add(self, name: str, people: tuple[str, ...] = (), chunks: int = 2, body: str = "word") -> Version:
        """A published document that names `people`."""
        held, ward = self.held, self.held.catalog.collection("ward")
        content = f"{name} {body}".encode()
        original = Original(name, "text", content, hashlib.sha256(content).hexdigest())
        version, fresh = held.catalog.receive(ward, "open", original, "strict", "digest")
        assert fresh
        held.originals.put(version.id, name, content)
        said = held.vault.domain(ward.id, version.id).allocate([Mention(PERSON, each) for each in people])
        texts = [f"{body} {n} of {name} {' '.join(said)}" for n in range(chunks)]
        made = [Chunk(chunk_id(version.id, n, text), n, text, "Title", (), ()) for n, text in enumerate(texts)]
        held.store.put(version.id, made)
        lexicon = Lexicon(held.keys)
        held.index.put(version.id, "open", ward.id, [Point(c.id, vector(c.id), lexicon.document(c.text)) for c in made])
        held.index.flush()
        held.catalog.mark_indexed(version.id, REDACTED, len(made))
        held.pages.put(version.id, 1, b"pixels")
        held.catalog.publish(version.id, on_publish=held.store.publish_statistics,
                             on_retire=held.store.retire_statistics)  # fmt: skip
        return version

    def found(self, word: str) -> set[str]:
        """Versions that a search for a word finds."""
        scope = self.access.system_scope("test")
        scope = ReadableScope(**{n: getattr(scope, n) for n in scope.__slots__} | {"labels": frozenset({"open"})})
        sparse = Lexicon(self.held.keys).document(word)
        hidden = self.held.catalog.hidden_versions()
        return {each.version for each in self.held.index.search(scope, vector(word), sparse, 500, hidden)}

    def statistics(self) -> tuple[int, int]:
        """Chunks counted in, and how many terms are."""
        with self.held.database.transaction() as connection:
            counted = connection.execute(select(func.sum(tables.label_statistics.c.chunks))).scalar()
            return int(counted or 0), len(connection.execute(select(tables.term_statistics)).all())


def vector(text: str) -> np.ndarray:
    """A unit vector drawn for a text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    drawn = np.random.default_rng(seed).normal(size=384).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    with stores.opened(home) as opened:
        log = AuditLog.open(opened.settings, opened.keys)
        index = EdgeIndex.open(home)
        catalog = Catalog(opened.database, opened.keys)
        catalog.collections.create("ward", "strict")
        catalog.add_label("open", {"collection": catalog.collection("ward").id})
        held = Holdings(
            log, opened.database, opened.keys, catalog, Originals(home, opened.keys), PageImages(home, opened.keys),
            Vault(opened.database, opened.keys), ChunkStore(opened.database, opened.keys), index,
        )  # fmt: skip
        yield House(held, Access(opened.database, load(SHIPPED_POLICIES)), home)
        index.close()
        log.close()


def test_a_deleted_document_is_found_by_no_search_and_left_nowhere(house: House) -> None:
    kept, gone = house.add("kept.txt"), house.add("gone.txt", ("Maria Fernandez",))
    before = house.statistics()
    assert house.found("word") == {kept.id, gone.id}
    done = delete_document(house.held, gone.document, actor="test")
    assert (done.versions, done.documents) == (1, (gone.document,))
    assert house.found("word") == {kept.id}
    assert house.statistics()[0] == before[0] - 2
    assert house.held.index.ids(gone.id) == set()
    assert house.held.store.ids().keys() == {kept.id}
    assert not list(house.home.rglob(f"*{gone.id}*"))
    for scope in (f"version/{gone.id}", f"original/{gone.id}"):
        with pytest.raises(NotFound):
            house.held.keys.existing(scope)
    with pytest.raises(NotFound):
        house.held.catalog.version(gone.id)
    kinds = [record.kind for record in house.held.log.records(opened=False)]
    assert kinds[-2:] == ["document_retired", "document_erased"]


def test_people_of_the_document_alone_are_forgotten_and_no_others(house: House) -> None:
    gone = house.add("gone.txt", ("Maria Fernandez", "Oskar Lind"))
    house.add("kept.txt", ("Oskar Lind",))
    vault, domain = house.held.vault, gone.collection
    assert vault.lookup(domain, PERSON, "Maria Fernandez")
    delete_document(house.held, gone.document, actor="test")
    assert vault.lookup(domain, PERSON, "Maria Fernandez") == ()
    (left,) = vault.lookup(domain, PERSON, "Oskar Lind")
    assert vault.reveal(domain, left) == "Oskar Lind"


def test_uses_of_a_document_made_before_they_were_kept_are_read_from_its_text(house: House) -> None:
    gone, kept = house.add("gone.txt", ("Oskar Lind",)), house.add("kept.txt", ("Oskar Lind",))
    with house.held.database.exclusive() as connection:
        connection.execute(tables.surrogate_use.delete())
        connection.execute(tables.version.update().values(uses_known=0))
    delete_document(house.held, gone.document, actor="test")
    assert len(house.held.vault.lookup(kept.collection, PERSON, "Oskar Lind")) == 1
    delete_document(house.held, kept.document, actor="test")
    assert house.held.vault.lookup(kept.collection, PERSON, "Oskar Lind") == ()


def test_every_version_goes_and_the_name_is_free_again(house: House) -> None:
    first = house.add("rule.txt", body="old")
    second = house.add("rule.txt", body="new")
    assert second.document == first.document
    assert delete_document(house.held, first.document, actor="test").versions == 2
    third = house.add("rule.txt", body="new")
    assert third.document != first.document
    assert house.found("new") == {third.id}


def test_a_hold_stops_the_deletion_before_anything_changed(house: House) -> None:
    held = house.add("held.txt")

    def on_hold(connection: Connection, document: str) -> None:
        raise Refused("a legal hold is on this document", "Lift it first")

    with pytest.raises(Refused, match="legal hold"):
        delete_document(house.held, held.document, actor="test", check=on_hold)
    assert house.found("word") == {held.id}
    assert house.held.catalog.visible(held.id)


def test_what_cannot_be_recorded_is_not_deleted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = house.add("kept.txt")

    def full(*_: object, **__: object) -> None:
        raise AuditUnavailable("no audit device can write")

    monkeypatch.setattr(house.held.log, "append", full)
    with pytest.raises(AuditUnavailable):
        delete_document(house.held, kept.document, actor="test")
    assert house.found("word") == {kept.id}


@pytest.mark.parametrize("part", ["index", "store", "keys", "pages", "vault", "log"])
def test_a_deletion_cut_off_anywhere_is_hidden_and_completed(
    house: House, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = house.add("gone.txt", ("Maria Fernandez",)), house.add("kept.txt")
    target, method = {
        "index": (house.held.index, "flush"), "store": (house.held.store, "delete"),
        "keys": (house.held.keys, "destroy_all"), "pages": (house.held.pages, "delete"),
        "vault": (house.held.vault, "release"), "log": (house.held.catalog.deletions, "finish"),
    }[part]  # fmt: skip

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(target, method, killed)
        with pytest.raises(KeyboardInterrupt):
            delete_document(house.held, gone.document, actor="test")
    assert house.found("word") == {kept.id}
    assert complete(house.held) == 1
    assert complete(house.held) == 0
    assert house.held.store.ids().keys() == {kept.id}
    assert house.held.vault.lookup(gone.collection, PERSON, "Maria Fernandez") == ()
    assert not list(house.home.rglob(f"*{gone.id}*"))


def test_deleting_a_collection_takes_what_is_added_meanwhile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ward = house.held.catalog.collection("ward")
    for n in range(3):
        house.add(f"{n}.txt", ("Oskar Lind",))
    late: list[Version] = []
    drop = house.held.catalog.deletions.drop_collection

    def and_one_more(identifier: str) -> bool:
        if not late:
            late.append(house.add("late.txt"))
        return drop(identifier)

    monkeypatch.setattr(house.held.catalog.deletions, "drop_collection", and_one_more)
    done = delete_collection(house.held, "ward", actor="test")
    assert len(done.documents) == 4
    assert house.held.index.count() == 0
    assert house.held.store.ids() == {}
    assert house.held.vault.lookup(ward.id, PERSON, "Oskar Lind") == ()
    with pytest.raises(NotFound):
        house.held.catalog.collection("ward")
    with pytest.raises(NotFound):
        house.held.keys.existing(f"collection/{ward.id}")
    original = Original("a.txt", "text", b"a", "0" * 64)
    with pytest.raises(NotFound):
        house.held.catalog.receive(ward, "open", original, "strict", "digest")


@pytest.mark.campaign
@pytest.mark.timeout(1500)
def test_one_document_of_many_is_deleted_in_a_second(house: House) -> None:
    for n in range(100):
        house.add(f"{n}.txt", chunks=1000, people=("Oskar Lind", f"Person Number{n}"))
    gone = house.add("gone.txt", chunks=50, people=("Oskar Lind", *(f"Guest Number{n}" for n in range(40))))
    started = time.perf_counter()
    delete_document(house.held, gone.document, actor="test")
    seconds = time.perf_counter() - started
    print(f"deleted 50 of {house.held.index.count() + 50} chunks in {seconds:.3f} s")
    assert gone.id not in house.found("gone.txt")
    assert seconds <= 1.0

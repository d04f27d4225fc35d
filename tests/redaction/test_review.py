"""What was unsure waits for a person, and each span is decided once."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from appliance.documents.catalog import Catalog
from appliance.documents.intake import accept
from appliance.errors import NotFound, Quarantined, UsageError
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import Profile, Rule
from appliance.redaction.report import rows
from appliance.redaction.review import Reviews, needs_review, reasons_for_review
from appliance.storage.tables import review
from tests.stores import Stores, opened

PROFILE = Profile(
    name="test",
    title="Test",
    detectors=("patterns",),
    rules={"PERSON": Rule(action="surrogate", reason="t", review=(0.4, 0.6))},
)

TEXTS = [f"{n} Okafor {n} is forty years old." for n in range(3)]


def found(*scores: float) -> Findings:
    items = tuple(
        Finding(n, 2, 9, "PERSON", score, "test", review=PROFILE.rules["PERSON"].wants_review(score))
        for n, score in enumerate(scores)
    )
    return Findings((*items, Finding(0, 20, 24, "AGE", 0.5, "test", review=True)), "test", "d")


@pytest.fixture
def stores(home: Path) -> Iterator[Stores]:
    with opened(home) as opened_stores:
        yield opened_stores


@pytest.fixture
def version(stores: Stores) -> str:
    catalog = Catalog(stores.database, stores.keys)
    collection = catalog.collections.create("ward", "strict")
    catalog.add_label("l", {"collection": collection.id})
    return catalog.receive(collection, "l", accept(b"text", "a.txt", stores.settings), "strict", "d")[0].id


def test_an_unsure_finding_of_a_type_acted_on_asks_for_a_person() -> None:
    assert needs_review(found(0.9, 0.5), PROFILE)
    assert "1 span (PERSON)" in reasons_for_review(found(0.9, 0.5), PROFILE)
    assert not needs_review(found(0.9), PROFILE)


def test_queueing_again_queues_once(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database, stores.keys)
    assert reviews.queue(version, found(0.5, 0.45), TEXTS) == 3
    assert reviews.queue(version, found(0.5, 0.45), TEXTS) == 3
    assert [span.score for span in reviews.waiting(version)] == [0.45, 0.5, 0.5]


def test_a_decision_is_recorded_once_with_who_and_counts_down(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database, stores.keys)
    reviews.queue(version, found(0.5), TEXTS)
    first, second = reviews.waiting()
    assert reviews.decide(first.id, "accepted", "ana") == 1
    with pytest.raises(UsageError):
        reviews.decide(first.id, "rejected", "bob")
    assert reviews.decide(second.id, "rejected", "ana", type_="ORGANIZATION") == 0
    with pytest.raises(NotFound):
        reviews.decide(999, "accepted", "ana")


def test_decisions_hold_when_the_document_is_read_again(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database, stores.keys)
    reviews.queue(version, found(0.9, 0.5, 0.45), TEXTS)
    first, second, third = reviews.waiting(version)
    reviews.decide(first.id, "rejected", "ana")
    reviews.decide(second.id, "accepted", "ana", type_="ORGANIZATION")
    settled = reviews.settled(version, found(0.9, 0.5, 0.45), TEXTS)
    assert [(item.type, item.score, item.review) for item in settled.items] == [
        ("PERSON", 0.9, False),
        ("ORGANIZATION", 0.5, False),
        ("AGE", 0.5, True),
    ]
    assert reviews.queue(version, found(0.9, 0.5, 0.45), TEXTS) == 1
    reviews.decide(reviews.waiting(version)[0].id, "accepted", "ana")
    assert not needs_review(reviews.settled(version, found(0.9, 0.5, 0.45), TEXTS), PROFILE)
    assert third.type == "AGE"


def test_a_decision_on_one_version_does_not_touch_another(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database, stores.keys)
    reviews.queue(version, found(0.5), TEXTS)
    reviews.decide(reviews.waiting(version)[0].id, "rejected", "ana")
    assert reviews.settled("another", found(0.5), TEXTS) == found(0.5)


def test_the_table_of_what_was_found_names_direct_identifiers_first() -> None:
    table = rows(found(0.9, 0.5), PROFILE)
    assert [(row.type, row.found, row.to_review, row.action) for row in table] == [
        ("PERSON", 2, 1, "surrogate"),
        ("AGE", 1, 1, "keep"),
    ]
    assert table[0].lowest == 0.5


BEFORE = ["Ward 4", "Seen by Okafor. Told to Bianchi. Foley in place."]
AFTER = ["Ward 4", "Page 1", "Note", "Told to Bianchi. Seen by  Okafor. Foley in place."]


def unsure(texts: list[str], *names: str) -> Findings:
    """An unsure finding of each of `names`, where it stands."""
    items = []
    for name in names:
        block = next(n for n, text in enumerate(texts) if name in text)
        start = texts[block].index(name)
        items.append(Finding(block, start, start + len(name), "PERSON", 0.5, "test", review=True))
    return Findings(tuple(items), "test", "d")


def decided(reviews: Reviews, version: str) -> None:
    """Okafor is a person, Foley is none, and Bianchi was missed."""
    reviews.queue(version, unsure(BEFORE, "Okafor", "Foley"), BEFORE)
    okafor, foley = reviews.waiting(version)
    reviews.decide(okafor.id, "accepted", "ana")
    reviews.decide(foley.id, "rejected", "ana")
    start = BEFORE[1].index("Bianchi")
    reviews.add(version, 1, start, start + 7, "PERSON", "ana", BEFORE)


def test_decisions_follow_their_words_when_a_newer_parser_puts_them_elsewhere(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database, stores.keys)
    decided(reviews, version)
    settled = reviews.settled(version, unsure(AFTER, "Okafor", "Foley"), AFTER)
    assert {AFTER[i.block][i.start : i.end] for i in settled.items} == {"Okafor", "Bianchi"}
    assert not any(item.review for item in settled.items)
    assert settled.warnings == ()
    assert [AFTER[block][start:end] for block, start, end in reviews.cleared(version)] == ["Foley"]
    assert reviews.settled(version, unsure(AFTER, "Okafor", "Foley"), AFTER) == settled


def test_a_decision_whose_words_are_gone_is_dropped_and_told(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database, stores.keys)
    decided(reviews, version)
    texts = ["Ward 4", "Told to Bianchi. Foley in place, Marchetti too."]
    settled = reviews.settled(version, unsure(texts, "Foley", "Marchetti"), texts)
    assert settled.warnings == ("review_decisions_dropped:1",)
    assert [texts[i.block][i.start : i.end] for i in settled.items if i.review] == ["Marchetti"]


def test_an_added_span_whose_words_are_gone_keeps_the_document_back_until_it_is_marked_again(
    stores: Stores, version: str
) -> None:
    reviews = Reviews(stores.database, stores.keys)
    decided(reviews, version)
    texts = ["Ward 4", "Seen by Okafor. Told to B1anchi. Foley in place."]
    for _ in range(2):
        with pytest.raises(Quarantined, match="a reviewer added"):
            reviews.settled(version, unsure(texts, "Okafor", "Foley"), texts)
    start = texts[1].index("B1anchi")
    reviews.add(version, 1, start, start + 7, "PERSON", "ana", texts)
    settled = reviews.settled(version, unsure(texts, "Okafor", "Foley"), texts)
    assert {texts[i.block][i.start : i.end] for i in settled.items} == {"Okafor", "B1anchi"}


def test_what_a_span_said_is_stored_under_a_key_only(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database, stores.keys)
    decided(reviews, version)
    with stores.database.transaction() as connection:
        said = [row.said for row in connection.execute(select(review))]
    assert len(set(said)) == 3
    assert not any(hashlib.sha256(name).hexdigest() in said for name in (b"Okafor", b"Foley", b"Bianchi"))

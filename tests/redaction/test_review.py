"""What was unsure waits for a person, and each span is decided once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.documents.catalog import Catalog
from appliance.documents.intake import accept
from appliance.errors import NotFound, UsageError
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import Profile, Rule
from appliance.redaction.report import rows
from appliance.redaction.review import Reviews, needs_review, reasons_for_review
from tests.stores import Stores, opened

PROFILE = Profile(
    name="test",
    title="Test",
    detectors=("patterns",),
    rules={"PERSON": Rule(action="surrogate", reason="t", review=(0.4, 0.6))},
)


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
    reviews = Reviews(stores.database)
    assert reviews.queue(version, found(0.5, 0.45)) == 3
    assert reviews.queue(version, found(0.5, 0.45)) == 3
    assert [span.score for span in reviews.waiting(version)] == [0.45, 0.5, 0.5]


def test_a_decision_is_recorded_once_with_who_and_counts_down(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database)
    reviews.queue(version, found(0.5))
    first, second = reviews.waiting()
    assert reviews.decide(first.id, "accepted", "ana") == 1
    with pytest.raises(UsageError):
        reviews.decide(first.id, "rejected", "bob")
    assert reviews.decide(second.id, "rejected", "ana", type_="ORGANIZATION") == 0
    with pytest.raises(NotFound):
        reviews.decide(999, "accepted", "ana")


def test_decisions_hold_when_the_document_is_read_again(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database)
    reviews.queue(version, found(0.9, 0.5, 0.45))
    first, second, third = reviews.waiting(version)
    reviews.decide(first.id, "rejected", "ana")
    reviews.decide(second.id, "accepted", "ana", type_="ORGANIZATION")
    settled = reviews.settled(version, found(0.9, 0.5, 0.45))
    assert [(item.type, item.score, item.review) for item in settled.items] == [
        ("PERSON", 0.9, False),
        ("ORGANIZATION", 0.5, False),
        ("AGE", 0.5, True),
    ]
    assert reviews.queue(version, found(0.9, 0.5, 0.45)) == 1
    reviews.decide(reviews.waiting(version)[0].id, "accepted", "ana")
    assert not needs_review(reviews.settled(version, found(0.9, 0.5, 0.45)), PROFILE)
    assert third.type == "AGE"


def test_a_decision_on_one_version_does_not_touch_another(stores: Stores, version: str) -> None:
    reviews = Reviews(stores.database)
    reviews.queue(version, found(0.5))
    reviews.decide(reviews.waiting(version)[0].id, "rejected", "ana")
    assert reviews.settled("another", found(0.5)) == found(0.5)


def test_the_table_of_what_was_found_names_direct_identifiers_first() -> None:
    table = rows(found(0.9, 0.5), PROFILE)
    assert [(row.type, row.found, row.to_review, row.action) for row in table] == [
        ("PERSON", 2, 1, "surrogate"),
        ("AGE", 1, 1, "keep"),
    ]
    assert table[0].lowest == 0.5

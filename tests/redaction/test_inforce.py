"""A redaction profile is used as it was accepted, and a file that says something else is not used at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from appliance.errors import IntegrityFailure, UsageError
from appliance.redaction.inforce import ProfilesInForce
from appliance.redaction.policy import parse_profile
from appliance.redaction.profile_changes import changes
from appliance.storage.tables import redaction_policy
from tests.stores import Stores, opened

TEXT = b"""name: tiny
title: Tiny
detectors: [patterns, spacy]
rules:
  PERSON: {action: surrogate, min_score: 0.5, reason: Names}
  DATE_TIME: {action: mask, reason: Dates}
"""
WEAKER = TEXT.replace(b"PERSON: {action: surrogate", b"PERSON: {action: keep")


@pytest.fixture
def stores(home: Path) -> Iterator[Stores]:
    with opened(home) as opened_stores:
        yield opened_stores


@pytest.fixture
def file(home: Path) -> Path:
    folder = home / "policies" / "redaction"
    folder.mkdir(parents=True)
    (folder / "tiny.yaml").write_bytes(TEXT)
    return folder / "tiny.yaml"


def profiles(stores: Stores) -> ProfilesInForce:
    return ProfilesInForce(stores.database, stores.keys, stores.home / "policies")


def test_a_new_file_is_adopted_once_and_never_again_by_itself(stores: Stores, file: Path) -> None:
    book = profiles(stores)
    assert [each.name for each in book.adopt("system")] == ["tiny"]
    file.write_bytes(WEAKER)
    assert book.adopt("system") == []
    assert book.get("tiny").rules["PERSON"].action == "surrogate"


def test_a_file_that_was_tampered_with_is_refused_until_somebody_accepts_it(stores: Stores, file: Path) -> None:
    book = profiles(stores)
    book.adopt("system")
    assert book.checked("tiny").digest == parse_profile(TEXT, "t").digest
    for tampered in (WEAKER, TEXT + b"# a comment\n", b"", b"\xff"):
        file.write_bytes(tampered)
        with pytest.raises(IntegrityFailure, match="not the version in force"):
            book.checked("tiny")
        assert [each.word for each in book.states()] == ["changed"]
    file.unlink()
    with pytest.raises(IntegrityFailure):
        book.checked("tiny")
    assert [each.word for each in book.states()] == ["missing"]
    book.install("tiny", WEAKER)
    profile, replaced = book.accept("tiny", book.content("tiny"), "ana")
    assert replaced == parse_profile(TEXT, "t").digest
    assert book.checked("tiny") == profile


def test_a_text_that_was_in_force_before_can_be_put_in_force_again(stores: Stores, file: Path) -> None:
    book = profiles(stores)
    for text in (TEXT, WEAKER, TEXT):
        file.write_bytes(text)
        book.accept("tiny", text, "ana")
        assert book.checked("tiny").digest == parse_profile(text, "t").digest


def test_what_is_stored_as_in_force_cannot_be_changed_without_the_key_ring(stores: Stores, file: Path) -> None:
    book = profiles(stores)
    book.adopt("system")
    with stores.database.transaction() as connection:
        connection.execute(update(redaction_policy).values(content_sealed=WEAKER))
    with pytest.raises(IntegrityFailure):
        book.get("tiny")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("tiny", TEXT.replace(b"min_score", b"minscore"), "line 5"),
        ("other", TEXT, "another"),
        ("../tiny", TEXT.replace(b"name: tiny", b"name: ../tiny"), "another"),
    ],
)
def test_a_text_that_is_wrong_is_not_put_in_force(
    stores: Stores, file: Path, name: str, text: bytes, says: str
) -> None:
    book = profiles(stores)
    with pytest.raises(UsageError, match=says):
        book.accept(name, text, "ana")
    with pytest.raises(UsageError):
        book.install(name, text)
    assert book.find(name) is None


def test_a_wrong_new_file_is_told_by_its_line_when_it_is_wanted(stores: Stores, file: Path) -> None:
    file.write_bytes(TEXT.replace(b"action", b"akshun"))
    book = profiles(stores)
    assert book.adopt("system") == []
    with pytest.raises(UsageError, match="line 5"):
        book.checked("tiny")


def test_the_difference_names_each_rule_and_says_what_redacts_less() -> None:
    before = parse_profile(TEXT, "t")
    told = {(each.key, each.was, each.now, each.weaker) for each in changes(before, parse_profile(WEAKER, "t"))}
    assert told == {("PERSON.action", "surrogate", "keep", True)}
    tighter = parse_profile(
        TEXT.replace(b"0.5", b"0.3").replace(b", spacy", b"") + b"  AGE: {action: generalise, reason: Ages}\n", "t"
    )
    assert [(each.key, each.weaker) for each in changes(before, tighter)] == [
        ("detectors", True), ("AGE", False), ("PERSON.min_score", False),
    ]  # fmt: skip
    assert changes(before, before) == []
    assert {each.weaker for each in changes(None, before)} == {False}

"""An answer is re-created from its sealed record: the prompt byte for byte, the text by the same model."""

import hashlib
from dataclasses import replace

import pytest

from appliance import ask as questions
from appliance import replay as replays
from appliance.access.grants import Person, Purpose
from appliance.assembly.parts import Appliance
from appliance.audit.record import Record, own_scope
from appliance.errors import NotFound, Refused, UsageError
from appliance.replay import DIFFERENT, IDENTICAL, UNAVAILABLE, Replayed

QUESTION = "Within what time is a unit of red cells finished?"


@pytest.fixture(scope="module")
def answered(appliance: Appliance) -> questions.Finished:
    """An answer that the model composed."""
    nina = appliance.people.by_login("nina")
    *_, last = questions.ask(appliance.asking, nina, Purpose.TREATMENT, QUESTION)
    assert isinstance(last, questions.Finished)
    assert appliance.log.find(last.receipt.receipt.record).public["prompt_digest"]
    return last


@pytest.fixture
def otto(appliance: Appliance) -> Person:
    return appliance.people.by_login("otto")


def replay(appliance: Appliance, reader: Person, record: str, **options: bool) -> Replayed:
    return replays.replay(appliance.asking, appliance.store, reader, Purpose.AUDIT, record, **options)


def test_prompt_is_rebuilt_byte_for_byte_and_the_text_is_the_same(
    appliance: Appliance, answered: questions.Finished, otto: Person
) -> None:
    found = replay(appliance, otto, answered.receipt.receipt.record)
    assert found.kept.state == IDENTICAL
    assert found.rebuilt.state == IDENTICAL, found.rebuilt
    assert found.text.state == IDENTICAL, found.text
    prompt = (found.outcome.sealed or {})["prompt"]
    assert hashlib.sha256(prompt.encode()).hexdigest() == found.outcome.public["prompt_digest"]
    by_intent = replay(appliance, otto, found.intent.id, rerun=False)
    assert by_intent.outcome.id == found.outcome.id


def test_replaying_is_recorded_before_it_is_shown(
    appliance: Appliance, answered: questions.Finished, otto: Person
) -> None:
    before = appliance.log.size
    found = replay(appliance, otto, str(answered.receipt.receipt.index), rerun=False)
    last = next(appliance.log.records(before))
    assert (last.kind, last.actor, last.public["record"]) == ("answer_replayed", otto.id, found.outcome.id)


def test_without_the_right_or_the_purpose_nothing_is_opened(
    appliance: Appliance, answered: questions.Finished, otto: Person
) -> None:
    before = appliance.log.size
    record = answered.receipt.receipt.record
    with pytest.raises(Refused, match="right to audit"):
        replay(appliance, appliance.people.by_login("nina"), record)
    with pytest.raises(Refused, match="purpose of audit"):
        replays.replay(appliance.asking, appliance.store, otto, Purpose.RESEARCH, record)
    with pytest.raises(NotFound):
        replay(appliance, otto, "no-such-record")
    with pytest.raises(UsageError):
        replay(appliance, otto, "0")
    assert not [each for each in appliance.log.records(before) if each.kind == "answer_replayed"]


def test_what_has_changed_since_is_shown_as_a_difference(
    appliance: Appliance, answered: questions.Finished, otto: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = answered.receipt.receipt.record
    real = appliance.log.find

    def with_another_draft(wanted: str) -> Record:
        found = real(wanted)
        return replace(found, sealed={**(found.sealed or {}), "draft": "Something else was written."})

    outcome = with_another_draft(record)
    text = replays._text(appliance.asking, outcome, replays.Compared(IDENTICAL))
    assert text.state == DIFFERENT
    assert "-Something else was written." in text.difference
    forged = replace(outcome, sealed={**(outcome.sealed or {}), "prompt": "another prompt"})
    assert replays._kept(forged).state == DIFFERENT


def test_of_an_erased_answer_only_the_proof_is_left(appliance: Appliance, otto: Person) -> None:
    nina = appliance.people.by_login("nina")
    *_, last = questions.ask(appliance.asking, nina, Purpose.TREATMENT, QUESTION)
    assert isinstance(last, questions.Finished)
    record = last.receipt.receipt.record
    appliance.keys.destroy(own_scope(record))
    with pytest.raises(NotFound, match="were erased"):
        replay(appliance, otto, record)
    assert appliance.log.verify().ok


def test_without_its_source_passages_the_recorded_prompt_still_stands(
    appliance: Appliance, answered: questions.Finished, otto: Person
) -> None:
    record = answered.receipt.receipt.record
    for version in appliance.log.find(record).public["versions"]:
        appliance.store.delete(version)
    found = replay(appliance, otto, record, rerun=False)
    assert found.kept.state == IDENTICAL
    assert found.rebuilt.state == UNAVAILABLE
    assert "no longer kept" in found.rebuilt.why

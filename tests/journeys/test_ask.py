"""A question, end to end: what is recorded before what is shown, and what nobody may see."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from appliance import ask
from appliance.access.grants import Person, Purpose
from appliance.answering.answer import Abstention, Refusal, VerifiedAnswer
from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.answering.engines.openai_compatible import OpenAICompatibleEngine
from appliance.answering.shown import Finished, Quotes, Sentence
from appliance.assembly import wire
from appliance.assembly.parts import Appliance
from appliance.audit.record import Record
from appliance.errors import AuditUnavailable

ANSWERABLE = "What rate do I start the heparin infusion at after the bolus for a PE?"
HOPELESS = "Who won the football world cup in 1998?"


@pytest.fixture(scope="module")
def nina(appliance: Appliance) -> Person:
    return appliance.people.by_login("nina")


@pytest.fixture(scope="module")
def bob(appliance: Appliance) -> Person:
    return appliance.people.by_login("bob")


def asked(appliance: Appliance, person: Person, text: str, collection: str | None = None) -> list[ask.Shown]:
    return list(ask.ask(appliance.asking, person, Purpose.TREATMENT, text, collection=collection))


def since(appliance: Appliance, size: int) -> list[Record]:
    return [record for record in appliance.log.records(size) if record.kind not in ("model_in_force", "log_recovered")]


def steps(appliance: Appliance, journey: Iterator[ask.Shown]) -> Iterator[tuple[ask.Shown, list[str]]]:
    """Each thing shown, with the kinds of records that were durable at that moment."""
    size = appliance.log.size
    for shown in journey:
        yield shown, [record.kind for record in since(appliance, size)]


def test_the_intent_is_durable_before_the_quotes_and_the_outcome_before_the_end(
    appliance: Appliance, nina: Person
) -> None:
    journey = ask.ask(appliance.asking, nina, Purpose.TREATMENT, ANSWERABLE, collection="ward")
    seen = list(steps(appliance, journey))
    first, last = seen[0], seen[-1]
    assert isinstance(first[0], Quotes)
    assert first[1] == ["question_asked", "passages_shown"]
    assert isinstance(last[0], Finished)
    assert last[1] == ["question_asked", "passages_shown", "answer_given"]


def test_an_answer_cites_quotations_that_stand_in_the_documents_word_for_word(
    appliance: Appliance, nina: Person
) -> None:
    *_, last = asked(appliance, nina, ANSWERABLE, "ward")
    assert isinstance(last, Finished)
    assert isinstance(last.answer, VerifiedAnswer)
    assert last.answer.sentences
    for citation in last.quotes:
        chunk = appliance.store.get([citation.chunk])[citation.chunk].chunk
        assert all(line in chunk.text for line in citation.quote.split("\n"))
        assert citation.page in chunk.pages
    numbers = {citation.n for citation in last.quotes}
    for sentence in last.answer.sentences:
        assert sentence.citations
        assert set(sentence.citations) <= numbers


def test_the_record_holds_what_an_officer_needs(appliance: Appliance, nina: Person) -> None:
    size = appliance.log.size
    *_, last = asked(appliance, nina, ANSWERABLE, "ward")
    intent, shown, outcome = since(appliance, size)
    assert isinstance(last, Finished)
    assert intent.actor == nina.id
    assert intent.public["purpose"] == "treatment"
    assert intent.public["policy_digest"] == appliance.access.policies.digest
    assert shown.public["intent"] == outcome.public["intent"] == intent.id
    assert outcome.public["model_digest"] == appliance.engine.info.digest
    assert outcome.public["redaction_digests"]
    assert outcome.public["versions"]
    assert json.loads(outcome.sealed["prompt"])[0]["role"] == "system"
    assert last.receipt.receipt.index == outcome.index
    assert len(last.receipt.proof.encode()) <= 2500


def test_what_the_documents_do_not_say_is_not_answered(appliance: Appliance, nina: Person) -> None:
    *_, last = asked(appliance, nina, HOPELESS, "ward")
    assert isinstance(last, Finished)
    assert last.status == "abstained"
    assert isinstance(last.answer, Abstention)
    assert wire.finished(last)["answer"] == ""


def test_a_foreign_and_a_missing_collection_are_refused_alike_and_recorded(appliance: Appliance, bob: Person) -> None:
    told = []
    for collection in ("ward", "no-such-collection"):
        size = appliance.log.size
        (last,) = asked(appliance, bob, ANSWERABLE, collection)
        assert isinstance(last, Finished)
        assert isinstance(last.answer, Refusal)
        (record,) = since(appliance, size)
        assert record.kind == "question_refused"
        told.append((last.answer, last.status, last.error.exit_code, record.public["reason"]))
    assert told[0] == told[1]


def test_without_a_grant_nothing_of_a_collection_is_shown(appliance: Appliance, bob: Person) -> None:
    ward = appliance.catalog.collection("ward").id
    for question in (ANSWERABLE, "heparin", "transfusion of platelets", "Which patients got warfarin?"):
        shown = [wire.shown(each) for each in asked(appliance, bob, question)]
        cited = [c for each in shown for key in ("quotes", "citations", "related") for c in each.get(key, [])]
        assert not any(appliance.catalog.version(c["version"]).collection == ward for c in cited)


def test_an_empty_blank_or_control_only_question_is_refused_with_advice(appliance: Appliance, nina: Person) -> None:
    for text in ("", "   ", "\x00\x07\x1b", "?!", "🙂🙂"):
        (last,) = asked(appliance, nina, text)
        assert last.status == "refused", repr(text)
        assert last.answer.advice
        assert last.error.exit_code == 2


def test_a_10_megabyte_question_is_refused_at_once(appliance: Appliance, nina: Person) -> None:
    (last,) = asked(appliance, nina, "dose " * 2_000_000)
    assert last.status == "refused"
    assert last.error.code == "too_large"


def test_hidden_documents_change_no_byte_of_an_answer(appliance: Appliance, bob: Person, nina: Person) -> None:
    """Bob's results are the same whether the ward's documents exist or not (invariant I3)."""
    questions = ("What is the fee for an early repayment?", "heparin infusion", "Maximum LTV?", "CRP of the patient")
    rooms = replace(appliance.asking, engine=lambda: None)

    def results() -> list[object]:
        found = []
        for question in questions:
            passages, _ = ask.find(rooms, bob, Purpose.OPERATIONS, question, k=20)
            found.append([(p.chunk.id, p.score, tuple(sorted(p.features.items()))) for p in passages])
        return found

    ward = {v.id for v in appliance.catalog.documents([appliance.catalog.collection("ward").id])}
    with_ward = results()
    for version in ward:
        appliance.index.delete(version)
    try:
        assert results() == with_ward
    finally:
        from appliance.search.rebuild import rebuild

        rebuild(appliance.index, appliance.store, appliance.embedder, appliance.lexicon, appliance.database)
    assert any(asked(appliance, nina, ANSWERABLE, "ward"))


def test_a_model_that_is_down_leaves_the_quotations(appliance: Appliance, nina: Person) -> None:
    dead = OpenAICompatibleEngine("http://127.0.0.1:9/v1", "none", timeout=2.0)
    rooms = replace(appliance.asking, engine=lambda: dead)
    *_, last = list(ask.ask(rooms, nina, Purpose.TREATMENT, ANSWERABLE, collection="ward"))
    assert last.status == "answered"
    assert all(sentence.kind == "quote" for sentence in last.answer.sentences)
    assert any("quotations stand alone" in warning for warning in last.warnings)


class Babbler:
    """An engine that always writes the same sentence, which no document says."""

    info = EngineInfo("babbler", "0" * 64, 4096)

    def stream(self, messages: object, *, max_tokens: int, temperature: float = 0.0, cancel: object = None):
        yield Piece("The moon is made of green cheese.", 10, 8)

    def close(self) -> None:
        """Nothing to close."""


def test_where_evidence_is_doubtful_and_the_model_finds_nothing_in_it_the_answer_is_withdrawn(
    appliance: Appliance, nina: Person
) -> None:
    doubting = appliance.settings.model_copy(update={"sure_above": 1.0})
    rooms = replace(appliance.asking, settings=doubting, engine=Babbler)
    size = appliance.log.size
    first, *_, last = list(ask.ask(rooms, nina, Purpose.TREATMENT, ANSWERABLE, collection="ward"))
    assert isinstance(first, Quotes)
    assert last.status == "abstained"
    assert [c.quote for c in last.quotes] == [c.quote for c in first.citations]
    outcome = since(appliance, size)[-1]
    assert outcome.public["status"] == "abstained"
    assert outcome.public["dropped"] == 1
    assert outcome.public["model"] == "babbler"


def test_a_sentence_that_no_document_says_is_not_shown(appliance: Appliance, nina: Person) -> None:
    rooms = replace(appliance.asking, engine=Babbler)
    shown = list(ask.ask(rooms, nina, Purpose.TREATMENT, ANSWERABLE, collection="ward"))
    assert not any(isinstance(each, Sentence) for each in shown)
    assert "moon" not in json.dumps(wire.shown(shown[-1]))


def test_a_reader_who_goes_away_leaves_an_outcome(appliance: Appliance, nina: Person) -> None:
    size = appliance.log.size
    journey = ask.ask(appliance.asking, nina, Purpose.TREATMENT, ANSWERABLE, collection="ward")
    assert isinstance(next(journey), Quotes)
    journey.close()
    records = since(appliance, size)
    assert records[-1].kind == "answer_given"
    assert records[-1].public["status"] == "interrupted"


def test_a_name_is_looked_up_only_with_the_right_to_identify(appliance: Appliance, nina: Person) -> None:
    patient = next(
        each for each in _truth()["identifiers"]
        if each["document"] == "hospital/medication-log.csv" and each["type"] == "PERSON"
    )["value"]  # fmt: skip
    question = f"Which drug did {patient} get?"
    without = ask.guard(appliance.asking, appliance.access.readable(nina, Purpose.TREATMENT, "ward"), question)
    appliance.rights.grant("ward", "user:nina", "identify")
    try:
        allowed = ask.guard(appliance.asking, appliance.access.readable(nina, Purpose.TREATMENT, "ward"), question)
    finally:
        appliance.rights.revoke("ward", "user:nina", "identify")
    assert patient not in without.text
    assert patient not in allowed.text
    domain = appliance.catalog.collection("ward").id
    known = set(appliance.vault.lookup(domain, "PERSON", patient))
    assert known
    assert {term for term in allowed.terms if term.startswith("[PERSON:")} <= known
    assert not set(without.terms) & known


def _truth() -> dict:
    from tests.web.site import SAMPLES

    return json.loads((SAMPLES / "ground_truth.json").read_text("utf-8"))


def test_no_audit_device_no_answer(appliance: Appliance, nina: Person) -> None:
    """Last in this module: it breaks the log for good (invariant I2)."""
    for segment in (appliance.settings.home / "audit").glob("*"):
        if segment.is_file():
            segment.rename(segment.with_suffix(".stolen"))
    shown: list[ask.Shown] = []
    journey = ask.ask(appliance.asking, nina, Purpose.TREATMENT, ANSWERABLE, collection="ward")
    with pytest.raises(AuditUnavailable):
        shown.extend(journey)
    assert shown == []

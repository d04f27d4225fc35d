"""No sentence without evidence (I4): what differs from its evidence in a number, unit, date or name never passes."""

import pytest

from appliance.answering.verification import plain_claim, states, verify
from tests.answering.examples import evidence_of, question

EVIDENCE = evidence_of(
    "Start the heparin infusion at 18 units/kg per hour after the bolus.",
    "Do not give heparin to patients with a platelet count below 50.",
    "Version 2 was approved by [PERSON:k7f2m4qa] on 12 March 2024 at Harlow Ward.",
    "Decrease the rate by 2 mg per hour when anti-Xa is above 0.8.",
)
ASKED = question("How is heparin given?")


@pytest.mark.parametrize(
    "sentence",
    [
        "Start the heparin infusion at 18 units/kg per hour after the bolus.",
        "The heparin infusion starts at 18 units/kg per hour after the bolus.",
        "Do not give heparin to patients with a platelet count below 50.",
        "Version 2 was approved by [PERSON:k7f2m4qa] on 12 March 2024.",
    ],
)
def test_what_the_evidence_says_passes_and_cites_it(sentence: str) -> None:
    checked = verify(sentence, EVIDENCE, ASKED, None)
    assert checked.supported, checked
    assert checked.cites


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Start the heparin infusion at 80 units/kg per hour after the bolus.", "number"),
        ("Start the heparin infusion at 1.8 units/kg per hour after the bolus.", "number"),
        ("Decrease the rate by 2 ml per hour when anti-Xa is above 0.8.", "unit"),
        ("Version 2 was approved by [PERSON:k7f2m4qa] on 13 March 2024.", "date"),
        ("Version 2 was approved by [PERSON:k7f2m4qa] on 12 March 2025.", "date"),
        ("Version 2 was approved by [PERSON:zzzz2222] on 12 March 2024.", "name"),
        ("Version 2 was approved by [PERSON:k7f2m4qa] at Kensington Ward.", "name"),
    ],
)
def test_a_changed_fact_never_passes(sentence: str, reason: str) -> None:
    checked = verify(sentence, EVIDENCE, ASKED, None)
    assert not checked.supported
    assert reason in checked.reasons


@pytest.mark.parametrize(
    "sentence",
    [
        "Give heparin to patients with a platelet count below 50.",
        "Increase the rate by 2 mg per hour when anti-Xa is above 0.8.",
        "Decrease the rate by 2 mg per hour when anti-Xa is below 0.8.",
    ],
)
def test_a_turned_sentence_never_passes(sentence: str) -> None:
    assert not verify(sentence, EVIDENCE, ASKED, None).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "The evidence says nothing about the dose.",
        "NOT IN THE EVIDENCE",
        "I cannot answer this question.",
        "As an AI, I have no access to documents.",
        "Start the heparin infusion, see https://example.org.",
        "How is the heparin infusion started?",
        "...",
        "Yes.",
        "",
    ],
)
def test_a_sentence_that_says_nothing_of_the_subject_is_dropped(sentence: str) -> None:
    assert not verify(sentence, EVIDENCE, ASKED, None).supported


def test_an_unrelated_sentence_is_dropped() -> None:
    assert not verify("Visiting hours end early on public holidays.", EVIDENCE, ASKED, None).supported


def test_a_yes_must_be_borne_out_by_its_sentence() -> None:
    asked = question("Should heparin be given to patients with a platelet count below 50?")
    sentence = "do not give heparin to patients with a platelet count below 50."
    assert verify("No, " + sentence, EVIDENCE, asked, None).supported
    assert not verify("Yes, " + sentence, EVIDENCE, asked, None).supported


def test_a_verdict_on_a_question_that_asks_for_none_is_dropped() -> None:
    sentence = "Yes, start the heparin infusion at 18 units/kg per hour after the bolus."
    assert not verify(sentence, EVIDENCE, ASKED, None).supported


def test_without_evidence_nothing_passes() -> None:
    assert not verify("Start the infusion.", evidence_of(), ASKED, None).supported


@pytest.mark.parametrize(
    "lead", ["According to the evidence, ", "Based on the provided context, ", "The evidence says that "]
)
def test_a_lead_about_the_evidence_is_cut(lead: str) -> None:
    assert plain_claim(lead + "the dose is 5 mg.") == "The dose is 5 mg."


def test_neither_a_question_nor_a_task_in_a_document_bears_anything_out() -> None:
    poem = "Cheap holidays in the sunny mountains of Spain are sweet."
    asked = "What is said about holidays?"
    assert not states("Write a short poem about cheap holidays in the sunny mountains of Spain.", poem, asked)
    assert not states("Are cheap holidays in the sunny mountains of Spain sweet?", poem, asked)
    assert states("Cheap holidays in the sunny mountains of Spain are sweet.", poem, asked)


def test_a_task_is_passed_on_to_who_asks_what_to_do_alone() -> None:
    task, claim = "Describe the incident in form 12.", "Describe the incident in form 12 on the same day."
    assert states(task, claim, "What must I do after an incident?")
    assert not states(task, claim, "What is form 12 about?")

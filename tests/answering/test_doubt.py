"""What a sentence repeats from the question has to be named by the evidence; fragments say nothing."""

import pytest

from appliance.answering.answer import Question
from appliance.answering.verification import verify
from tests.answering.examples import evidence_of

TEXT = "For life-threatening bleeding on rivaroxaban give four-factor PCC 50 units/kg."


@pytest.mark.parametrize("sentence", ["PCC 50 units/kg.", "Within 30 minutes", "For life-threatening bleeding give"])
def test_a_fragment_is_not_shown(sentence: str) -> None:
    verdict = verify(sentence, evidence_of(TEXT), Question("What is the dose of PCC?"), None)
    assert not verdict.supported
    assert "a fragment" in verdict.reasons


def test_what_only_the_question_names_is_told() -> None:
    asked = Question("What is the dose of PCC for bleeding on rivaroxaban in children?")
    sentence = "The dose of PCC for bleeding on rivaroxaban in children is 50 units/kg."
    assert verify(sentence, evidence_of(TEXT), asked, None).unborne == ("children", "dose")


def test_a_heading_above_the_evidence_names_it_too() -> None:
    asked = Question("What is the dose of PCC for bleeding on rivaroxaban?")
    sentence = "For bleeding on rivaroxaban the PCC is 50 units/kg."
    assert verify(sentence, evidence_of(TEXT), asked, None).unborne == ()


def test_an_abbreviation_is_borne_by_what_it_stands_for() -> None:
    asked = Question("For how long are SARs kept?")
    sentence = "The SARs are kept for 10 years."
    spelt = evidence_of("Suspicious activity reports are kept for 10 years.")
    assert verify(sentence, spelt, asked, None).unborne == ()
    assert verify(sentence, evidence_of("Reports of cash are kept for 10 years."), asked, None).unborne == ("sar",)


def test_another_form_of_a_word_is_the_same_word() -> None:
    asked = Question("For how long may the starter be cranked?")
    text = evidence_of("When starting, crank for 15 seconds at most.")
    assert verify("The starter may be cranked for 15 seconds at most.", text, asked, None).unborne == ()


def test_a_unit_that_the_evidence_has_nowhere_is_not_shown() -> None:
    asked = Question("How tight is the engine mount bolt?")
    row = evidence_of("Item | Torque (N.m)\nEngine mount bolt | 210")
    assert "unit" in verify("The engine mount bolt is tightened to 210 mm.", row, asked, None).reasons
    assert "unit" not in verify("The engine mount bolt is tightened to 210 N.m.", row, asked, None).reasons

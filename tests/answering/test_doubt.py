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

"""What a judgment tells of a person's case is found there, and the same words are left in any other text."""

import pytest

from appliance.redaction.recognizers.case_facts import CaseFactRecognizer
from appliance.redaction.recognizers.names import NameContextRecognizer
from appliance.redaction.recognizers.organisations import OrganisationRecognizer
from appliance.redaction.recognizers.places import AddressRecognizer

JUDGMENT = """The applicant, a tram driver at the depot, was born in 1961. The defendant appealed to the District Court.
At about 7.15 p.m. the police took the applicant away; twelve other demonstrators were tried by the court.
The applicant was detained for seven years and two months. The court heard the applicant on Good Friday.
He suffered from chronic schizophrenia, and the prosecutor sought life imprisonment. Between March 1991 and 1993 the
applicant had led the "Zielony Most" movement. The court awarded 9,000 zlotys (approximately 2,250 euros (EUR)) for
320 square metres of land. The applicant appealed against the judgment."""
NOTE = """Chronic schizophrenia, seen for twelve hearings at 7.15 p.m. The applicant works as a tram driver.
See "Policy Handbook"; 320 square metres; for seven years and two months."""


def values(recognizer, text):  # type: ignore[no-untyped-def]
    return {text[each.start : each.end] for each in recognizer().analyze(text, [], None)}


@pytest.mark.parametrize(
    "fact",
    [
        "tram driver",
        "7.15 p.m.",
        "twelve other demonstrators",
        "seven years and two months",
        "Good Friday",
        "chronic schizophrenia",
        "life imprisonment",
        "Between March 1991 and 1993",
        '"Zielony Most" movement',
        "approximately 2,250 euros (EUR)",
        "320 square metres",
    ],
)
def test_a_judgment_loses_what_its_reader_could_look_up(fact: str) -> None:
    assert fact in values(CaseFactRecognizer, JUDGMENT)


def test_no_other_text_loses_any_of_it() -> None:
    assert values(CaseFactRecognizer, NOTE) == set()


def test_the_name_of_a_month_behind_a_title_is_a_name() -> None:
    text = "Ms April Sundqvist and Mr January Zawada. Dr. Monday Okeke. In January Parliament met. Mr Brown May leave."
    found = values(NameContextRecognizer, text)
    assert {"April Sundqvist", "January Zawada", "Monday Okeke"} <= found
    assert not any("Parliament" in each for each in found)


def test_where_somebody_lives_is_a_place_and_a_month_or_a_ward_is_none() -> None:
    assert values(AddressRecognizer, "a lawyer practising in Zabierzów. He was detained in Nowa Huta.") == {
        "Zabierzów", "Nowa Huta",
    }  # fmt: skip
    elsewhere = "Born in January 1970, she lives in Building 4 and was arrested in Court."
    assert values(AddressRecognizer, elsewhere) == set()


def test_institutions_are_found_with_what_explains_them() -> None:
    text = "He left Nowa Huta Detention Centre, sued the Municipality of Krotoszyn, a member of the ZLM (Zielona Liga)."
    assert {"Nowa Huta Detention Centre", "Municipality of Krotoszyn", "ZLM (Zielona Liga)"} <= values(
        OrganisationRecognizer, text
    )

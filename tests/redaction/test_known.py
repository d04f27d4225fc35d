"""What a field of the file names is found wherever the text says it, and ordinary words are left alone."""

import pytest

from appliance.documents.document import Known
from appliance.redaction.known import spans

PATIENT = Known("PERSON", "Thaddeus B Quartermaine")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Seen: THADDEUS B QUARTERMAINE today", "THADDEUS B QUARTERMAINE"),
        ("Quartermaine, Thaddeus", "Quartermaine, Thaddeus"),
        ("called about quartermaine again", "quartermaine"),
        ("thaddeus\nquartermaine slept", "thaddeus\nquartermaine"),
    ],
)
def test_a_name_is_found_in_any_case_order_and_part(text: str, found: str) -> None:
    assert found in {text[start:end] for start, end, _ in spans(text, [PATIENT])}


def test_a_name_that_is_a_word_is_found_only_with_its_capital() -> None:
    text = "We hope that Hope sleeps; HOPE was restless."
    assert [text[start:end] for start, end, _ in spans(text, [Known("PERSON", "Hope Brown")])] == ["Hope", "HOPE"]


def test_numbers_are_found_whole_and_not_inside_others() -> None:
    text = "MRN 7712 is not 77120 nor 17712"
    assert [text[start:end] for start, end, _ in spans(text, [Known("MEDICAL_RECORD", "7712")])] == ["7712"]


def test_values_too_short_to_mean_anything_are_not_looked_for() -> None:
    assert list(spans("a 1 M x", [Known("ID", "1"), Known("PERSON", "M")])) == []

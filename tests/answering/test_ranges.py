"""Numbers that a stated range holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.answering.ranges import asked_numbers, within


@pytest.mark.parametrize(
    ("value", "text", "held"),
    [
        (-10, "-25 to 0 degrees C: 10W-30", True),
        (30, "give half below 50 mL/min", True),
        (60, "a score of 60 or more", False),
        (70, "a score of 60 or more", True),
        (15, "between 10 and 20 mg", True),
        (25, "between 10 and 20 mg", False),
        (5, "version 3.10-4", False),
        (12, "10–15 mmol", True),
        (7, "no numbers at all", False),
    ],
)
def test_ranges_are_read_as_people_write_them(value, text, held):
    assert within(value, text) is held


def test_minus_may_be_a_word():
    assert asked_numbers("at minus 10 C and 30 bar") == {"10": -10.0, "30": 30.0}


@given(st.integers(-999, 999), st.integers(1, 500), st.floats(0, 1))
def test_a_value_inside_any_stated_range_is_found(low, width, part):
    assert within(low + width * part, f"from {low} to {low + width} units")


@given(st.text(max_size=200))
def test_any_text_is_survived(text):
    assert within(5.0, text) in (True, False)
    asked_numbers(text)

"""Units cover the text, and no abbreviation or decimal cuts a sentence."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.answering.sentences import complete, split, units


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "Dr. Smith gave 5.5 mg b.i.d. to the patient. He improved.",
            ["Dr. Smith gave 5.5 mg b.i.d. to the patient.", "He improved."],
        ),
        ("It rose (p < 0.001). See Fig. 2 for details.", ["It rose (p < 0.001).", "See Fig. 2 for details."]),
        ("Is it safe? Yes! It is.", ["Is it safe?", "Yes!", "It is."]),
        ("J. R. Harlow signed. Done.", ["J. R. Harlow signed.", "Done."]),
        ("Use 0.5 ml, i.e. half. Then stop.", ["Use 0.5 ml, i.e. half.", "Then stop."]),
        ("1. Open the valve. 2. Close it.", ["1. Open the valve. 2. Close it."]),
        ("One line\nbroken over two. Next.", ["One line\nbroken over two.", "Next."]),
        ("Dosage\nGive 10 mg daily.", ["Dosage", "Give 10 mg daily."]),
    ],
)
def test_splits_where_a_reader_would(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


def test_a_table_row_knows_its_header() -> None:
    text = "Drug | Dose\nHeparin | 18 units/kg\nWarfarin | 5 mg"
    rows = units(text)
    assert [unit.kind for unit in rows] == ["row", "row", "row"]
    assert rows[2].header == "Drug | Dose"
    assert text[rows[2].start : rows[2].end] == "Warfarin | 5 mg"


def test_a_second_header_line_of_years_belongs_to_the_header() -> None:
    rows = units(" | Years ended | \n | 2019 | 2018\nSales | 5 | 6")
    assert rows[-1].header.count("\n") == 1


def test_list_items_are_units_of_their_own() -> None:
    assert split("Check:\n- the pump\n- the line\nThen sign.") == ["Check:", "- the pump", "- the line", "Then sign."]


@given(st.text(alphabet='aB1 .?!|\n-)(,;é"', max_size=200))
@settings(max_examples=150, deadline=None)
def test_units_are_in_order_and_lose_nothing_but_white_space(text: str) -> None:
    found = units(text)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    kept = "".join("".join(text[unit.start : unit.end].split()) for unit in found)
    assert kept == "".join(text.split())


@given(
    st.lists(
        st.sampled_from(["The dose is 5.5 mg.", " It is given daily.", " See Dr. Li", " today.", "\n", "Why?"]),
        max_size=8,
    )
)
@settings(max_examples=80, deadline=None)
def test_a_stream_gives_each_sentence_once(pieces: list[str]) -> None:
    waiting, out = "", []
    for character in "".join(pieces):
        done, waiting = complete(waiting + character)
        out.extend(done)
    assert "".join("".join([*out, waiting]).split()) == "".join("".join(pieces).split())


def test_a_decimal_at_the_end_of_the_stream_waits() -> None:
    assert complete("The dose is 5.")[0] == []


@pytest.mark.parametrize(
    ("second", "head"),
    [
        ("(Dollars in thousands) | 2019 | 2018 | Change", True), (" | December 31, 2019 | FY18 | %", True),
        ("$ MILLION | F19 | F18 | CHANGE", True), ("Sales | 12 | 14 | 16%", False),
        ("Opened | Ward 3 | Ward 4 | x9", False),
    ],
)  # fmt: skip
def test_the_second_line_of_a_table_is_of_its_head_where_it_names_periods(second: str, head: bool) -> None:
    text = f" | Years ended | | \n{second}\nModules | 1 | 2 | 3"
    assert ("\n" in units(text)[-1].header) is head

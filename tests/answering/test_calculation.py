"""A calculation is exact, shows its operands and formula, and is made only where nothing about it is in doubt."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.answering.answer import Abstention
from appliance.answering.calculation import RIGHT, asks_for, calculate
from appliance.answering.composed import Composed
from appliance.answering.evidence import select
from tests.answering.examples import evidence_of, passage, question

HEAD = " | Years ended March 31, | \n | 2019 | 2018 | 2017"
ROWS = {
    "Fixed price": "Fixed price | $ 1,452.4 | $ 1,146.2 | $ 1,036.9",
    "Net loss": "Net loss | (25) | $(33.6) | —",
    "Margin": "Gross margin | 12.5% | 10.0% | 8%",
    "Total fees": "Total fees | 300 | 200 | 100",
}
TABLE = "\n".join([HEAD, *ROWS.values()])


def text(name: str) -> str:
    return f"{HEAD}\n{ROWS[name]}"


@pytest.mark.parametrize(
    ("asked", "row", "result"),
    [
        ("What was the change in fixed price between 2018 and 2019?", "Fixed price", "1,452.4 − 1,146.2 = 306.2."),
        ("What was the change in fixed price from 2019 to 2018?", "Fixed price", "1,146.2 − 1,452.4 = −306.2."),
        ("What is the increase in fixed price in 2019 from 2018?", "Fixed price", "1,452.4 − 1,146.2 = 306.2."),
        (
            "By what percentage change did fixed price move from 2018 to 2019?", "Fixed price",
            "(1,452.4 − 1,146.2) / 1,146.2 = 26.71%.",
        ),
        ("How did net loss change between 2018 and 2019?", "Net loss", "−25 − (−33.6) = 8.6."),
        ("What is the average fixed price of 2018 and 2019?", "Fixed price", "(1,146.2 + 1,452.4) / 2 = 1,299.3."),
        (
            "What was the average fixed price from 2017 to 2019?", "Fixed price",
            "(1,036.9 + 1,146.2 + 1,452.4) / 3 = 1,211.83.",
        ),
        ("What is the sum of fixed price in 2018 and 2019?", "Fixed price", "1,146.2 + 1,452.4 = 2,598.6."),
        ("What is the change in gross margin from 2018 to 2019?", "Margin", "12.5% − 10% = 2.5 percentage points."),
        ("How much did total fees grow between FY18 and FY19?", "Total fees", "300 − 200 = 100."),
    ],
)  # fmt: skip
def test_it_is_made_from_the_row_and_the_years_that_are_asked_for(asked: str, row: str, result: str) -> None:
    found = calculate(asked, [text(name) for name in ROWS])
    assert found is not None
    assert list(ROWS)[found[0]] == row
    assert found[1].sentence.endswith(result)


@pytest.mark.parametrize(
    "asked",
    [
        "What was the fixed price in 2019?",  # a cell, no calculation
        "What were the fixed price and the net loss in 2018 and 2019, respectively?",
        "What is the change in fixed price?",  # between when?
        "What is the change in fixed price between 2015 and 2019?",  # no such column
        "What is the change in headcount between 2018 and 2019?",  # no such row
        "What is the change in fees between 2018 and 2019?",  # only their total is there
        "What is the percentage change in net loss from 2017 to 2018?",  # from nothing
        "What was fixed price in 2019 as a percentage of 2018?",
        "Why did fixed price increase in 2019 compared to 2018?",
    ],
)
def test_where_anything_is_in_doubt_there_is_none(asked: str) -> None:
    assert calculate(asked, [text(name) for name in ROWS]) is None


def test_two_columns_of_one_year_or_two_rows_of_one_name_are_in_doubt() -> None:
    asked = "What is the change in revenue between 2018 and 2019?"
    quarters = " | Three months 2019 | Three months 2018 | Year 2019 | Year 2018\nRevenue | 1 | 2 | 3 | 4"
    assert calculate(asked, [quarters]) is None
    assert calculate(asked, [" | 2019 | 2018\nRevenue | 1 | 2", " | 2019 | 2018\nRevenue | 1 | 3"]) is None
    assert calculate(asked, [" | 2019 | 2018\nRevenue | 1 | 2", " | 2019 | 2018\nRevenue | 1 | 2"]) is not None


numbers = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(numbers, numbers)
def test_the_result_is_exact_and_its_operands_are_the_cells(late, early) -> None:  # type: ignore[no-untyped-def]
    row = f"Revenue | {late:,.2f} | {early:,.2f}"
    found = calculate("What is the change in revenue from 2018 to 2019?", [f" | 2019 | 2018\n{row}"])
    assert found is not None
    said = found[1].sentence.replace("−", "-").replace(",", "").replace("(", "").replace(")", "").removesuffix(".")
    operands, result = said.partition(": ")[2].split(" = ")
    assert Fraction(result) == Fraction(late) - Fraction(early)
    one, other = operands.split(" - ", 1)
    assert (Fraction(one), Fraction(other)) == (Fraction(late), Fraction(early))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=120))
def test_no_question_and_no_table_breaks_it(asked: str, table: str) -> None:
    calculate(f"What is the change in {asked} from 2018 to 2019?", [table, f"{HEAD}\n{table}", ""])
    assert asks_for(asked) in ("", "percent", "change", "average", "sum")


def test_the_row_is_quoted_first_and_what_was_computed_cites_it() -> None:
    asked = question("What was the change in total fees between 2018 and 2019?")
    found = select(asked, [passage(TABLE)], quotes=2, abstain_below=0.0, embed=None)
    assert not isinstance(found, Abstention)
    assert found.sentences[0].text.endswith(ROWS["Total fees"])
    answer = Composed(found)
    made = answer.compute(asked.text)
    assert made is not None
    assert made.citations == (1,)
    assert answer.verified().sentences == (made,)


@pytest.mark.parametrize(
    ("asked", "sure"),
    [
        ("What was the change in total fees between fiscal year 2018 and 2019?", True),
        ("What was the change in total fees of Harrow Bank between 2018 and 2019?", False),
    ],
)
def test_a_calculation_is_sure_only_where_the_table_is_of_all_that_was_asked(asked: str, sure: bool) -> None:
    found = select(question(asked), [passage(TABLE)], quotes=2, abstain_below=0.0, embed=None)
    assert not isinstance(found, Abstention)
    assert (found.probability >= RIGHT) is sure


def test_nothing_is_computed_from_what_is_not_quoted() -> None:
    assert (
        Composed(evidence_of("Fees rose from 200 in 2018 to 300 in 2019.")).compute("Change in fees 2018 to 2019?")
        is None
    )

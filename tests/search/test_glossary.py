"""Abbreviations mined from documents, kept sealed, found inside the scope only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from appliance.search.glossary import definitions
from appliance.storage import tables
from tests.search.conftest import Room, scope


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Target mean arterial pressure (MAP) is 65 mmHg.", ("MAP", "mean arterial pressure")),
        ("DKA (diabetic ketoacidosis) needs fluid.", ("DKA", "diabetic ketoacidosis")),
        ("SAR: suspicious activity report. Sent at once", ("SAR", "suspicious activity report")),
        ("- MLRO – money laundering reporting officer", ("MLRO", "money laundering reporting officer")),
        ("the Clostridioides difficile infection (CDI)", ("CDI", "Clostridioides difficile infection")),
        ("give low molecular weight heparin (LMWH)", ("LMWH", "low molecular weight heparin")),
    ],
)
def test_a_definition_is_found_in_its_usual_forms(text, pair):
    assert pair in definitions(text)


@pytest.mark.parametrize("text", ["the dose (5 mg)", "see above (page 3)", "Ward 3 (ICU)", "Phone: 555 0100", ""])
def test_a_bracket_that_defines_nothing_is_none(text):
    assert definitions(text) == []


@given(st.text(max_size=300))
def test_any_text_is_survived(text):
    for short, long in definitions(text):
        assert short in text
        assert long


def test_a_definition_is_known_to_those_who_may_read_it_and_to_nobody_else(room: Room) -> None:
    room.add("v1", "open", "ward", "The zonal quench exchanger (ZQX) is cleaned each month.")
    room.add("v2", "closed", "vault", "The secret plasma lance (SPL) is kept in hangar 9.")
    room.add("v3", "open", "ward", "A quiet relay pump (QRP) is a draft.", publish=False)
    phrases = ["ZQX", "SPL", "QRP", "secret plasma lance"]
    hidden = frozenset({"v3"})
    assert room.retriever.defined(phrases, scope("open"), hidden) == [("ZQX", "zonal quench exchanger")]
    assert ("SPL", "secret plasma lance") in room.retriever.defined(phrases, scope("closed"), hidden)
    assert room.retriever.defined(["zonal quench exchanger"], scope("open"), hidden)
    assert room.retriever.defined(phrases, scope(), hidden) == []


def test_a_table_of_the_database_holds_no_definition_in_the_clear(room: Room) -> None:
    room.add("v1", "open", "ward", "The zonal quench exchanger (ZQX) is cleaned each month.")
    with room.database.transaction() as connection:
        rows = connection.execute(select(tables.definition)).all()
    assert rows
    assert not any(b"ZQX" in row.sealed or b"quench" in row.sealed for row in rows)


def test_a_passage_is_found_by_the_other_name_of_what_was_asked(room: Room) -> None:
    room.add("v1", "open", "ward", "Keep the mean arterial pressure at 65.", "A map of the site hangs in the hall.")
    found = room.retriever.retrieve(
        "What MAP?", (), scope("open"), frozenset(), 5, meanings=[("MAP", "mean arterial pressure")]
    )
    covered = {"arterial" in passage.chunk.text: passage.features["coverage"] for passage in found}
    assert covered[True] == 1.0
    without = room.ask("What MAP?", "open")
    assert {"arterial" in passage.chunk.text: passage.features["coverage"] for passage in without}[True] == 0.0

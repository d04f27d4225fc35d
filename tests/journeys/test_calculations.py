"""What a question asks to be computed is computed by code from a quoted row, and recorded like any sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance import ask
from appliance.access.grants import Purpose
from appliance.answering.answer import VerifiedAnswer
from appliance.answering.engines.engine import Engine
from appliance.answering.shown import Finished, Sentence
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance

TABLE = "Cost,2019,2018\nOxygen cylinders,1200,950\nLaundry services,310,400\nWaste disposal,75,80\n"


def no_model() -> Engine | None:
    raise AssertionError("a model was asked")


def test_a_change_is_computed_from_the_quoted_row_without_a_model(appliance: Appliance, tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text(TABLE)
    list(perform(appliance, "collection.create", {"name": "costs", "profile": "bank-pci"}))
    list(perform(appliance, "grant.add", {"collection": "costs", "principal": "user:nina"}))
    *_, done = perform(appliance, "ingest", {"paths": [str(file)], "collection": "costs"})
    assert done["documents"][0]["status"] == "published"
    rooms = replace(appliance.asking, engine=no_model)
    nina, size = appliance.people.by_login("nina"), appliance.log.size
    asked = "What was the change in the cost of laundry services from 2018 to 2019?"
    shown = list(ask.ask(rooms, nina, Purpose.TREATMENT, asked, collection="costs"))
    sentence = next(each for each in shown if isinstance(each, Sentence))
    assert sentence.text == "Laundry services, change from 2018 to 2019: 310 − 400 = −90."
    last = shown[-1]
    assert isinstance(last, Finished)
    assert last.status == "answered"
    assert isinstance(last.answer, VerifiedAnswer)
    assert [each.text for each in last.answer.sentences] == [sentence.text]
    cited = last.quotes[sentence.citations[0] - 1]
    assert "310" in cited.quote
    assert "400" in cited.quote
    assert [record.kind for record in appliance.log.records(size)][-1] == "answer_given"


@pytest.mark.parametrize("asked", ["What was the change in the cost of parking from 2018 to 2019?"])
def test_what_no_row_is_of_is_not_computed(appliance: Appliance, asked: str) -> None:
    rooms = replace(appliance.asking, engine=lambda: None)
    shown = list(ask.ask(rooms, appliance.people.by_login("nina"), Purpose.TREATMENT, asked, collection="costs"))
    assert not any(isinstance(each, Sentence) for each in shown)

"""Whatever an endpoint does, the quotations stand, the outcome is recorded with its reason, and nothing hangs."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance import ask as questions
from appliance.access.grants import Purpose
from appliance.answering.answer import VerifiedAnswer
from appliance.answering.engines.openai_compatible import OpenAICompatibleEngine
from appliance.assembly.parts import Appliance

QUESTION = "Within what time must a unit of red cells be finished?"
SERVER = Path(__file__).parents[1] / "answering" / "engines" / "rogue_server.py"
MOST_SECONDS = 25.0
"""Far above the limits set here (1 s between bytes, 2 s in all), far below for ever."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.terminate()
    process.wait(10)


def answer(appliance: Appliance, url: str) -> tuple[questions.Finished, Any, float]:
    """A question composed by the endpoint: how it ended, its outcome record, seconds after the quotations."""
    engine = OpenAICompatibleEngine(url, "rogue", "", 1.0)
    settings = appliance.settings.model_copy(update={"compose_seconds": 2.0})
    rooms = replace(appliance.asking, settings=settings, engine=lambda: engine)
    before, quoted = appliance.log.size, 0.0
    for event in questions.ask(rooms, appliance.people.by_login("nina"), Purpose.TREATMENT, QUESTION):
        if isinstance(event, questions.Quotes):
            quoted = time.monotonic()
    seconds = time.monotonic() - quoted
    engine.close()
    assert isinstance(event, questions.Finished)
    (outcome,) = [record for record in appliance.log.records(before) if record.kind == "answer_given"]
    return event, outcome, seconds


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("html", "unavailable"), ("rubbish", "unavailable"), ("error", "unavailable"), ("half", "unavailable"),
        ("silent", "unavailable"), ("slow", "slow"),
        ("endless", "slow or unavailable"),  # what comes first: the limit in seconds or the one in bytes
    ],
)  # fmt: skip
def test_the_quotations_stand_alone_and_the_record_says_why(
    appliance: Appliance, address: str, mode: str, reason: str
) -> None:
    told, outcome, seconds = answer(appliance, f"{address}/{mode}")
    assert told.status == "answered"
    assert isinstance(told.answer, VerifiedAnswer)
    assert {sentence.kind for sentence in told.answer.sentences} == {"quote"}
    assert any("4 hours" in citation.quote for citation in told.quotes)
    assert any("the quotations stand alone" in warning for warning in told.warnings), told.warnings
    assert outcome.public["status"] == "answered"
    assert outcome.public["reason"] in reason.split(" or ")
    assert seconds < MOST_SECONDS


def test_an_endpoint_that_is_down_changes_nothing_but_the_warning(appliance: Appliance) -> None:
    told, outcome, seconds = answer(appliance, "http://127.0.0.1:9")
    assert told.status == "answered"
    assert outcome.public["reason"] == "unavailable"
    assert seconds < MOST_SECONDS


def test_an_endpoint_outside_the_premises_is_not_asked_and_the_quotations_stand(appliance: Appliance) -> None:
    told, outcome, _ = answer(appliance, "http://192.0.2.1:8000")
    assert told.status == "answered"
    assert outcome.public["reason"] == "usage"


def test_what_an_endpoint_invents_is_dropped(appliance: Appliance, address: str) -> None:
    told, outcome, _ = answer(appliance, f"{address}/invents")
    assert isinstance(told.answer, VerifiedAnswer)
    assert "99" not in told.answer.text
    assert "http" not in told.answer.text
    assert outcome.public["dropped"] >= 1


def test_reasoning_is_neither_shown_nor_recorded(appliance: Appliance, address: str) -> None:
    told, outcome, _ = answer(appliance, f"{address}/thinks")
    assert isinstance(told.answer, VerifiedAnswer)
    assert "4 hours" in told.answer.text
    assert "secret" not in str(told)
    assert "secret plan" not in str([outcome.public, outcome.sealed])
    assert "<think" not in str(outcome.sealed["answer"])

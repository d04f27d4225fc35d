"""A document told apart, on a whole appliance: answers, conversations and what is being written just now obey."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from appliance import ask as questions
from appliance.access.grants import Purpose
from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.assembly import conversing
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.errors import Refused
from tests.web import site

QUESTION = "Within what time must a unit of red cells be finished?"
SOP = "hospital/transfusion-sop.md"


def do(appliance: Appliance, operation: str, **arguments: Any) -> dict[str, Any]:
    *_, result = perform(appliance, operation, arguments)
    return result


def ask(appliance: Appliance, **changes: Any) -> Iterator[questions.Shown]:
    rooms = replace(appliance.asking, **{"engine": lambda: None, **changes})
    return questions.ask(rooms, appliance.people.by_login("nina"), Purpose.TREATMENT, QUESTION)


def cited(appliance: Appliance) -> set[str]:
    *_, last = ask(appliance)
    assert isinstance(last, questions.Finished)
    return {quote.document for quote in last.quotes}


@pytest.fixture
def document(appliance: Appliance, made: site.Made) -> Iterator[str]:
    found = appliance.catalog.version(made.versions[SOP]).document
    yield found
    do(appliance, "document.label", document=found, classification=0, need_to_know=[])


def test_answers_and_earlier_conversations_obey_at_once(
    appliance: Appliance, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appliance, "engine", None)
    nina = appliance.people.by_login("nina")
    assert document in cited(appliance)
    *_, last = conversing.converse(appliance, nina, Purpose.TREATMENT, QUESTION, conversation=conversing.NEW)
    conversation = last["conversation"]
    do(appliance, "document.label", document=document, classification=3)
    assert document not in cited(appliance)
    (turn,) = conversing.opened(appliance, nina, conversation)["turns"]
    assert turn["status"] == "withheld"
    do(appliance, "document.label", document=document, classification=0)
    assert document in cited(appliance)
    assert conversing.opened(appliance, nina, conversation)["turns"][0]["status"] != "withheld"


def test_who_may_not_classify_changes_nothing(appliance: Appliance, document: str) -> None:
    with pytest.raises(Refused):
        do(appliance, "document.label", document=document, classification=1, user="nina")
    assert document in cited(appliance)


def test_nothing_more_is_shown_of_a_document_that_is_closed_while_the_model_writes(
    appliance: Appliance, document: str
) -> None:
    class Closing:
        """A model during whose first sentence an officer closes the document."""

        info = EngineInfo("closing", "d" * 64, 4096)

        def stream(self, messages: Any, **_: Any) -> Iterator[Piece]:
            do(appliance, "document.label", document=document, need_to_know=["group:nobody"])
            yield Piece("A unit of red cells must be finished within 4 hours.")
            yield Piece("", 10, 10)

        def close(self) -> None: ...

    shown: list[questions.Shown] = []
    with pytest.raises(Refused, match="has changed"):
        shown.extend(ask(appliance, engine=Closing))
    assert not [each for each in shown if isinstance(each, questions.Sentence | questions.Finished)]
    last = list(appliance.log.records(appliance.log.size - 1))[-1]
    assert (last.kind, last.public["status"]) == ("answer_given", "failed")

"""Conversations on the wire: follow-ups, narrowing, a right that is withdrawn, records of reading and deleting."""

from typing import Any

import pytest

from appliance.access.grants import Purpose
from appliance.assembly.parts import Appliance
from tests.web import site
from tests.web.conftest import Client
from tests.web.test_asking import QUESTION, events


@pytest.fixture(autouse=True)
def quotes_alone(appliance: Appliance, monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests say holds with any model and with none."""
    monkeypatch.setattr(appliance, "engine", None)


def ask(person: Any, **body: Any) -> list[dict[str, Any]]:
    return events(person.post("/api/ask", json={**QUESTION, **body}).text)


def test_a_follow_up_is_understood_shown_recorded_and_kept(client: Client, appliance: Appliance) -> None:
    nina = client("nina")
    first = ask(nina, conversation="new")[-1]
    before = appliance.log.size
    told = ask(nina, conversation=first["conversation"], question="Who may give it?")
    assert told[0] == {"understood": "Who may give a unit of red cells?"}
    assert told[-1]["conversation"] == first["conversation"]
    intent = next(record for record in appliance.log.records(before) if record.kind == "question_asked")
    assert intent.sealed["question"] == "Who may give a unit of red cells?"
    assert intent.sealed["typed"] == "Who may give it?"
    kept = nina.get(f"/api/conversations/{first['conversation']}").json()
    assert [turn["question"] for turn in kept["turns"]] == [QUESTION["question"], "Who may give a unit of red cells?"]
    assert kept["turns"][0]["citations"] == first["citations"]


def test_a_question_outside_a_conversation_leans_on_nothing(client: Client, appliance: Appliance) -> None:
    told = ask(client("nina"), question="Who may give it?")
    assert "understood" not in told[0]
    assert "conversation" not in told[-1]


def test_a_follow_up_for_another_purpose_leans_on_nothing(client: Client) -> None:
    nina = client("nina")
    first = ask(nina, conversation="new")[-1]
    told = ask(nina, conversation=first["conversation"], question="Who may give it?", purpose="operations")
    assert "understood" not in told[0]


def test_somebody_elses_conversation_cannot_be_asked_in(client: Client, appliance: Appliance) -> None:
    first = ask(client("nina"), conversation="new")[-1]
    edda = client("edda")
    for identifier in (first["conversation"], "0" * 32):
        answer = edda.post("/api/ask", json={**QUESTION, "conversation": identifier})
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "no such conversation")
    assert first["conversation"] not in edda.get("/api/conversations").text


def test_reading_and_deleting_are_recorded(client: Client, appliance: Appliance) -> None:
    nina = client("nina")
    path = f"/api/conversations/{ask(nina, conversation='new')[-1]['conversation']}"
    before = appliance.log.size
    assert nina.get(path).status_code == 200
    assert nina.delete(path).status_code == 200
    assert nina.get(path).status_code == 404
    kinds = [record.kind for record in appliance.log.records(before)]
    assert kinds == ["conversation_opened", "conversation_deleted"]


def test_what_may_no_longer_be_read_is_withheld_and_no_context_either(client: Client, appliance: Appliance) -> None:
    edda = client("edda")
    appliance.rights.grant("ward", "user:edda", "read", (Purpose.RESEARCH,))
    first = ask(edda, conversation="new", purpose="research")[-1]
    assert first["status"] == "answered"
    appliance.rights.revoke("ward", "user:edda", "read")
    (turn,) = edda.get(f"/api/conversations/{first['conversation']}").json()["turns"]
    assert turn["withheld"]
    assert "4 hours" not in str(turn)
    told = ask(edda, conversation=first["conversation"], purpose="research", question="Who may give it?")
    assert "red cells" not in str(told)


def test_a_question_is_narrowed_by_document_kind_and_day(client: Client, made: site.Made, appliance: Appliance) -> None:
    nina = client("nina")
    sop = appliance.catalog.version(made.versions["hospital/transfusion-sop.md"])
    other = appliance.catalog.version(made.versions["hospital/anticoagulation-protocol.pdf"])
    day = (sop.published or "")[:10]
    assert ask(nina, documents=[sop.document])[-1]["status"] == "answered"
    for narrowed in (
        {"documents": [other.document]}, {"documents": ["0" * 32]}, {"kinds": ["pdf"]}, {"until": "2001-01-01"},
        {"since": "2999-01-01"},
    ):  # fmt: skip
        shown = ask(nina, **narrowed)[-1]
        assert sop.id not in str([shown["citations"], shown["related"]]), narrowed
    assert ask(nina, kinds=["markdown"], since=day, until=day)[-1]["status"] == "answered"


def test_narrowing_to_a_foreign_document_opens_nothing(client: Client, made: site.Made, appliance: Appliance) -> None:
    theirs = appliance.catalog.version(made.versions["bank/lending-intranet.html"]).document
    told = ask(client("nina"), documents=[theirs], question="What is the rate?")[-1]
    missing = ask(client("nina"), documents=["f" * 32], question="What is the rate?")[-1]
    assert (told["status"], told["reason"], told["related"]) == (missing["status"], missing["reason"], [])


@pytest.mark.parametrize("narrowed", [{"kinds": ["exe"]}, {"since": "yesterday"}, {"documents": ["x"] * 201}])
def test_a_narrowing_that_is_none_is_refused_in_words(client: Client, narrowed: dict[str, Any]) -> None:
    answer = client("nina").post("/api/ask", json={**QUESTION, **narrowed})
    assert answer.status_code == 400
    assert answer.json()["error"]["advice"]

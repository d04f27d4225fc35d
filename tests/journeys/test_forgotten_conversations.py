"""An answer that quotes a deleted document leaves the conversations that hold it."""

from typing import Any

import pytest

from appliance.access.grants import Purpose
from appliance.assembly import conversing
from appliance.assembly.parts import Appliance
from appliance.upkeep.deletion import delete_document
from tests.web import site


def test_an_answer_goes_with_what_it_quotes(
    appliance: Appliance, made: site.Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appliance, "engine", None)
    nina = appliance.people.by_login("nina")

    def ask(question: str, conversation: str) -> dict[str, Any]:
        *_, last = conversing.converse(appliance, nina, Purpose.TREATMENT, question, conversation=conversation)
        return last

    first = ask("Within what time must a unit of red cells be finished?", "new")
    ask("What is the target INR for venous thromboembolism?", first["conversation"])
    version = appliance.catalog.version(made.versions["hospital/transfusion-sop.md"])
    assert version.id in str(first["citations"])
    delete_document(appliance.holdings, version.document, actor="system")
    kept = conversing.opened(appliance, nina, first["conversation"])
    assert version.id not in str(kept)
    assert "4 hours" not in str([turn for turn in kept["turns"] if "red cells" in turn["question"]])

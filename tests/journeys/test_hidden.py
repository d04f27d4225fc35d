"""Nobody can tell from answers or their time whether there are documents that they may not see (invariant I3).

Two homes hold the same documents that nurses may read. One also holds many more about the same matters, published,
replaced and waiting for a reviewer, that they may not. Each question goes to both, in an order drawn by lot: every
event that is shown must be the same to the byte, and a guess by processor time no better than chance.
"""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from appliance import ask
from appliance.access.grants import Purpose
from appliance.assembly import wire
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from tests.search.test_hidden import MAX_AUC, auc
from tests.web import site

Pair = tuple[Appliance, Appliance]
OTHERS = (
    "vancomycin-dosing.docx", "infection-control-policy.pdf", "pharmacy-intranet.html", "anticoagulation-protocol.pdf",
)  # fmt: skip
OWN_TO_EACH_RUN = {"receipt", "usage", "seconds"}
MATTERS = ("dose", "rate", "maximum", "interval", "storage", "check before", "reason for", "time limit for", "risk of")
THINGS = (
    "heparin", "warfarin", "vitamin K", "red cells", "platelets", "vancomycin", "a transfusion", "the infusion pump",
    "the bolus", "an INR above 5", "bleeding", "the cannula", "insulin", "hand hygiene", "isolation", "a blood group",
)  # fmt: skip
PLACES = ("", " on the ward", " at night", " in the emergency room")


def questions(count: int) -> list[str]:
    """Questions that nurses ask, each another one, some of them about what only the hidden documents say."""
    asked = [f"What is the {matter} {thing}{place}?" for matter in MATTERS for thing in THINGS for place in PLACES]
    return random.Random(3).sample(asked, count)


@pytest.fixture(scope="module")
def pair(original: site.Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The plain home and the one with hidden documents; they share their models, and compose nothing."""
    folder = tmp_path_factory.mktemp("pair")
    plain, secretive = (
        Appliance.open(site.chosen(site.copied(original, folder / name).home)) for name in ("plain", "secretive")
    )
    secretive.__dict__.update(embedder=plain.embedder, detector=plain.detector)
    files = [site.SAMPLES / "hospital" / name for name in OTHERS]
    _do(secretive, "ingest", paths=[str(file) for file in files], collection="vault")
    for number in range(3):
        letter = folder / "letter.txt"
        letter.write_text(f"The heparin infusion is stopped {number} hours before. The dose is {number} units.")
        _do(secretive, "ingest", paths=[str(letter)], collection="vault")
    yield plain, secretive
    plain.close()
    secretive.close()


def compared(pair: Pair, asked: list[str]) -> tuple[list[str], float]:
    """Questions whose events differ by a byte between the homes; the AUC of a guess by processor time."""
    draw, differing = random.Random(9), []
    seconds: tuple[list[float], list[float]] = ([], [])
    rooms = [replace(each.asking, engine=lambda: None) for each in pair]
    people = [each.people.by_login("nina") for each in pair]
    for question in ("What is the dose of heparin?", *asked):
        shown = {}
        for which in draw.sample((0, 1), 2):
            began = time.process_time()
            events = list(ask.ask(rooms[which], people[which], Purpose.TREATMENT, question))
            seconds[which].append(time.process_time() - began)
            shown[which] = [json.dumps(_same(wire.shown(event)), sort_keys=True) for event in events]
        if shown[0] != shown[1]:
            differing.append(question)
    return differing, auc(seconds[0][1:], seconds[1][1:])


@pytest.mark.timeout(600)
def test_hidden_documents_change_no_byte_of_what_is_shown(pair: Pair) -> None:
    hidden = pair[1].catalog.collection("vault").id
    assert len(pair[1].catalog.documents([hidden])) > len(OTHERS)
    differing, area = compared(pair, questions(5))
    print(f"AUC of a guess by processor time: {area:.3f}, of 5 questions")
    assert differing == []


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_the_same_for_five_hundred_questions_and_their_time_tells_nothing(pair: Pair) -> None:
    differing, area = compared(pair, questions(500))
    print(f"differing: {len(differing)} of 500; AUC of a guess by processor time: {area:.3f}")
    assert differing == []
    assert area < MAX_AUC


def _same(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in OWN_TO_EACH_RUN}


def _do(appliance: Appliance, operation: str, **arguments: object) -> dict[str, Any]:
    *_, result = perform(appliance, operation, arguments)
    return result

"""The reviewer's routes: what waits is shown to who may review it, to nobody else, and is stored by nobody."""

import re

import pytest

from appliance import ingest
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from tests.journeys.test_reviewing import LETTER
from tests.web import site
from tests.web.conftest import Client


@pytest.fixture(scope="module")
def held(appliance: Appliance, made: site.Made) -> str:
    """The version of a letter that waits, in a collection that rita reviews."""
    folder = made.home / "policies" / "redaction"
    text = (folder / "strict-reviewed.yaml").read_text("utf-8")
    careful = re.sub(r"(PERSON: {action: surrogate, min_score: 0.4, review: )[^]]*]", r"\1[0.3, 0.9]", text)
    careful = careful.replace("name: strict-reviewed", "name: careful").replace("hold_above: 0.5", "hold_above: 0.0")
    (folder / "careful.yaml").write_text(careful)
    *_, created = perform(appliance, "collection.create", {"name": "letters", "profile": "careful"})
    list(perform(appliance, "grant.add", {"collection": "letters", "principal": "user:rita", "right": "review"}))
    grant = appliance.access.system_write(created["id"], "test")
    outcome = ingest.ingest(appliance.ingesting, grant, LETTER.encode(), "letter.md")
    assert outcome.status == "quarantined", outcome
    return outcome.version


def test_a_held_document_is_shown_to_its_reviewer_only_and_never_to_be_stored(client: Client, held: str) -> None:
    shown = client("rita").get(f"/api/review/{held}")
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.json()["items"]
    assert "Featherstonehaugh" not in shown.text
    missing = client("rita").get(f"/api/review/{'0' * 32}")
    for login in ("nina", "edda", "ada", "otto", "bob"):
        answer = client(login).get(f"/api/review/{held}")
        assert (answer.status_code, answer.content) == (missing.status_code, missing.content)
        assert client(login).get("/api/review").json()["documents"] == []
    assert client(None).get(f"/api/review/{held}").status_code == 401


def test_a_decision_needs_the_sessions_token_and_spans_of_this_document(client: Client, held: str) -> None:
    person = client("rita")
    first = person.get(f"/api/review/{held}").json()["items"][0]
    body = {"items": [first["id"]], "decision": "accept"}
    token = person.headers.pop("X-CSRF-Token")
    assert person.post(f"/api/review/{held}/decisions", json=body).status_code == 403
    person.headers["X-CSRF-Token"] = token
    for wrong in ({"items": [999_999]}, {"decision": "perhaps"}, {"type": "WEATHER"}, {"items": []}):
        assert person.post(f"/api/review/{held}/decisions", json={**body, **wrong}).status_code == 400
    told = person.post(f"/api/review/{held}/decisions", json=body)
    assert told.status_code == 200
    assert told.json()["waiting"] == len(person.get(f"/api/review/{held}").json()["items"])


def test_names_are_told_by_right_and_purpose_and_are_not_to_be_stored(client: Client, appliance: Appliance) -> None:
    ward = appliance.catalog.collection("ward").id
    made = appliance.vault.surrogate_for(ward, "PERSON", "Greta Quistgaard")
    wanted = {"surrogates": [made, "[PERSON:aaaaaaaa]", "no surrogate"]}
    ask = {"params": {"purpose": "treatment"}, "json": wanted}
    assert client("nina").post("/api/reveal", **ask).json() == {"names": {}}
    grant = {"collection": "ward", "principal": "user:nina", "right": "reveal", "purposes": ["treatment"]}
    list(perform(appliance, "grant.add", grant))
    try:
        shown = client("nina").post("/api/reveal", **ask)
        assert shown.json() == {"names": {made: "Greta Quistgaard"}}
        assert shown.headers["Cache-Control"] == "no-store"
        assert client("nina").get("/api/reveal", params={"purpose": "treatment"}).json()["allowed"]
        other = client("nina").post("/api/reveal", params={"purpose": "operations"}, json=wanted)
        assert other.json() == {"names": {}}
        assert client("bob").post("/api/reveal", **ask).json() == {"names": {}}
    finally:
        list(perform(appliance, "grant.remove", {k: grant[k] for k in ("collection", "principal", "right")}))

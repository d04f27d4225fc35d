"""From a question to the officer's desk: accounting, emergency, review, report, anchor, on a whole appliance."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance import ask as questions
from appliance.access.grants import Purpose
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.audit import check
from appliance.audit.events import Reidentified
from appliance.errors import IntegrityFailure, NotFound, Refused
from appliance.redaction.surrogates import PERSON

NAME = "Annabel Thornquist"


def do(appliance: Appliance, operation: str, **arguments: Any) -> dict[str, Any]:
    *_, result = perform(appliance, operation, arguments)
    return result


@pytest.fixture(scope="module")
def letter(appliance: Appliance, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A letter about a person, and the surrogate it made of her."""
    for login, groups, roles in (("petra", ["ward"], ["privacy_officer"]), ("carla", ["crash-team"], ["reader"])):
        do(appliance, "user.add", login=login, password="correct horse battery", groups=groups, roles=roles)
    file = tmp_path_factory.mktemp("letters") / "letter.txt"
    file.write_text(f"Discharge letter\n\nPatient {NAME} received heparin 5000 units on the ward every day.\n")
    done = do(appliance, "ingest", paths=[str(file)], collection="ward")["documents"][0]
    assert done["status"] == "published", done
    ward = appliance.catalog.collection("ward").id
    mark = appliance.vault.lookup(ward, PERSON, NAME)[0]
    for right in ("read", "identify"):
        purposes = ["treatment", "operations", "emergency"]
        do(appliance, "grant.add", collection="ward", principal="user:petra", right=right, purposes=purposes)
        do(appliance, "grant.add", collection="ward", principal="group:crash-team", right=right, purposes=["emergency"])
    return {"document": done["id"], "version": done["version"], "mark": mark, "ward": ward}


def ask(appliance: Appliance, login: str, purpose: Purpose, text: str) -> questions.Finished:
    *_, last = questions.ask(appliance.asking, appliance.people.by_login(login), purpose, text)
    assert isinstance(last, questions.Finished)
    return last


def test_the_accounting_names_who_found_saw_and_re_identified_a_person(
    appliance: Appliance, letter: dict[str, str]
) -> None:
    ask(appliance, "petra", Purpose.TREATMENT, f"How much heparin did {NAME} receive?")
    nina = appliance.people.by_login("nina")
    scope = f"subject/{letter['ward']}/{letter['mark']}"
    seen = Reidentified(
        purpose="research", domain=letter["ward"], count=1, surrogates=[letter["mark"]], subject_scope=scope
    )
    shown = appliance.log.append(seen, actor=nina.id)
    found = do(appliance, "audit.disclosures", surrogate=letter["mark"], user="otto")
    rows = {(each["person"], each["what"], each["purpose"]) for each in found["disclosures"]}
    assert ("nina", "name shown again", "research") in rows
    assert ("petra", "found by name", "treatment") in rows
    assert ("petra", "quoted under the surrogate", "treatment") in rows
    accountable = [each for each in found["disclosures"] if each["accountable"]]
    assert [each["record"] for each in accountable] == [shown.index]
    last = next(iter(appliance.log.records(appliance.log.size - 1)))
    assert (last.kind, last.index, last.public["disclosures"]) == (
        "disclosures_listed", found["record"], len(found["disclosures"]),
    )  # fmt: skip


def test_by_name_it_is_for_those_who_may_find_people_by_name(appliance: Appliance, letter: dict[str, str]) -> None:
    by_name = do(appliance, "audit.disclosures", name=NAME, user="petra", purpose="operations")
    by_mark = do(appliance, "audit.disclosures", surrogate=letter["mark"], user="petra")
    assert by_name["surrogates"] == [letter["mark"]]
    assert by_name["disclosures"] == by_mark["disclosures"] != []
    assert do(appliance, "audit.disclosures", name=NAME, user="otto")["disclosures"] == []
    assert do(appliance, "audit.disclosures", name="Nobody Known", user="petra")["disclosures"] == []
    with pytest.raises(Refused):
        do(appliance, "audit.disclosures", surrogate=letter["mark"], user="nina")
    assert NAME not in json.dumps([record.public for record in appliance.log.records()])


def test_a_broken_glass_answers_at_once_is_recorded_and_is_reviewed(
    appliance: Appliance, letter: dict[str, str]
) -> None:
    text = "How much heparin was received every day?"
    assert ask(appliance, "carla", Purpose.EMERGENCY, text).status == "abstained"
    with pytest.raises(Refused, match="no emergency access"):
        do(appliance, "emergency.open", code="ETREAT", reason="just to have a look", user="bob")
    opened = do(appliance, "emergency.open", code="ETREAT", reason="unconscious after a fall", user="carla")
    answer = ask(appliance, "carla", Purpose.EMERGENCY, text)
    assert letter["document"] in {quote.document for quote in answer.quotes}
    do(appliance, "emergency.end", user="carla")
    assert ask(appliance, "carla", Purpose.EMERGENCY, text).quotes == ()
    with pytest.raises(Refused, match="right to audit"):
        do(appliance, "emergency.list", user="carla")
    listed = do(appliance, "emergency.list", user="petra")["emergencies"]
    assert [each["id"] for each in listed if not each["reviewed"]] == [opened["id"]]
    done = do(appliance, "emergency.review", emergency=opened["id"], finding="justified", note="seen", user="petra")
    assert (done["reviewed_by"], done["person"]) == ("petra", "carla")


def test_a_supervisor_draws_reviews_and_packs_with_proofs(
    appliance: Appliance, letter: dict[str, str], tmp_path: Path
) -> None:
    ask(appliance, "nina", Purpose.TREATMENT, "Within what time is a unit of red cells finished?")
    drawn = do(appliance, "supervision.draw", basis="risk", count=50, user="petra")["drawn"]
    assert drawn
    one = next(each for each in drawn if each["person"] == "nina")
    told = do(appliance, "supervision.show", record=one["record"], user="petra")
    assert "red cells" in told["question"]
    assert told["quotes"]
    do(appliance, "supervision.review", record=one["record"], finding="no concern", note="fine", user="petra")
    made = do(appliance, "supervision.pack", out=str(tmp_path / "pack.json"), user="petra")
    found = check.check_pack(json.loads((tmp_path / "pack.json").read_bytes()), appliance.log.verifier)
    assert found["ok"]
    assert found["packed"] == made["records"] == len(told["records"])
    assert (tmp_path / "pack.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(NotFound):
        do(appliance, "supervision.show", record="not-drawn", user="petra")


def test_reports_hold_now_and_reading_is_recorded(appliance: Appliance, letter: dict[str, str]) -> None:
    made = do(appliance, "audit.compliance", name="hipaa", user="otto")
    states = {line["control"].split(" ")[0]: line["state"] for line in made["lines"]}
    assert states["164.312(b)"] == "held"
    assert states["164.308(a)(7)(ii)(A)"] == "open"
    last = next(iter(appliance.log.records(appliance.log.size - 1)))
    assert (last.kind, last.public["report"]) == ("report_made", "hipaa")


def test_an_anchor_is_compared_written_and_recorded_and_a_longer_one_is_an_alarm(
    appliance: Appliance, letter: dict[str, str], tmp_path: Path
) -> None:
    do(appliance, "audit.anchor", places=[str(tmp_path)])
    assert do(appliance, "audit.anchor", places=[str(tmp_path)])["anchors"][0]["compared"] == 1
    from_the_future = appliance.log._signer.sign(appliance.log.size + 1000, b"\x07" * 32)
    (tmp_path / "checkpoint-999999999999.txt").write_text(from_the_future)
    with pytest.raises(IntegrityFailure, match="put back"):
        do(appliance, "audit.anchor", places=[str(tmp_path)])
    kinds = [(record.kind, record.public.get("ok")) for record in appliance.log.records(opened=False)]
    assert kinds[-1] == ("anchor_checked", False)


def test_an_erased_person_keeps_an_accounting_and_loses_the_name(appliance: Appliance, letter: dict[str, str]) -> None:
    hold = do(appliance, "hold.place", kind="person", target=letter["mark"], reason="a matter")
    with pytest.raises(Refused, match="legal hold"):
        do(appliance, "erase.person", surrogate=letter["mark"])
    do(appliance, "hold.lift", hold=hold["id"])
    done = do(appliance, "erase.person", surrogate=letter["mark"])
    assert done["clean"], done["searched"]
    assert check.check_statement(done["certificate"], appliance.log.verifier)["ok"]
    assert do(appliance, "audit.disclosures", name=NAME, user="petra")["disclosures"] == []
    left = do(appliance, "audit.disclosures", surrogate=letter["mark"], user="petra")["disclosures"]
    assert "name shown again" in {each["what"] for each in left}
    assert appliance.log.verify().ok

"""Every kind of event is recorded by the program itself: one day in a whole appliance, then one look at its logs.

The day is people's work through the commands' operations and the page's routes; nothing here appends an event.
An event class that no scene makes the program record fails the build: nobody documents what never happens.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from appliance import settings
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.audit import events
from appliance.audit.log import AuditLog, directories
from appliance.errors import Refused
from appliance.storage.keys import KeyRing
from appliance.upkeep import retention
from appliance.upkeep.restore import restore
from appliance.web.application import application
from appliance.web.dependencies import COOKIE
from tests.web import site
from tests.web.test_asking import events as told

NAME = "Annabel Thornquist"
LETTER = f"Discharge letter\n\nPatient {NAME} received heparin 5000 units on the ward every day.\n"
UNSURE = "Ward round\n\nDiscussed with Grove before the discharge. Amber will call, and Sterling agreed to wait.\n"
PASSPHRASE = b"a passphrase for the backup"


@dataclass
class Day:
    """The open appliance, a folder to write to, and a browser."""

    appliance: Appliance
    folder: Path
    browser: TestClient

    def do(self, operation: str, **arguments: Any) -> dict[str, Any]:
        *_, result = perform(self.appliance, operation, arguments)
        return result

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)


Scene = Callable[[Day], None]


def people_come_and_go(day: Day) -> None:
    day.do("user.add", login="petra", password=site.PASSWORD, roles=["privacy_officer"])
    made = day.do("token.create", login="petra", scopes=["ask"])
    day.do("token.revoke", token=made["id"])
    assert day.browser.post("/api/sign-in", json={"login": "nina", "password": "wrong"}).status_code != 200
    assert day.browser.post("/api/sign-in", json={"login": "nina", "password": site.PASSWORD}).status_code == 200
    token = day.browser.cookies[COOKIE]
    day.browser.headers["X-CSRF-Token"] = day.appliance.sessions.resolve(token).csrf


def documents_come_and_go(day: Day) -> None:
    letter = day.file("letter.txt", LETTER)
    done = day.do("ingest", paths=[letter, day.file("broken.pdf", "%PDF-1.7 no")], collection="letters")["documents"]
    assert [each["status"] for each in done] == ["published", "failed"], done
    for principal, right in (("nina", "read"), ("nina", "reveal"), ("nina", "identify"), ("petra", "read")):
        day.do("grant.add", collection="letters", principal=f"user:{principal}", right=right)
    day.do("document.list", collection="letters")
    day.do("collection.change", collection="letters", classification=0)
    day.do("document.label", document=done[0]["id"], need_to_know=["user:nina", "user:petra"])
    day.do("ingest", paths=[day.file("gone.txt", "The pump was checked every 4 hours.\n")], collection="gone")
    day.do("collection.delete", collection="gone")


def a_reviewer_decides(day: Day) -> None:
    profiles = day.appliance.settings.policies / "redaction"
    text = (profiles / "strict-reviewed.yaml").read_text("utf-8")
    text = re.sub(r"review: \[[^]]*\]", "review: [0.0, 1.0]", text).replace("hold_above: 0.5", "hold_above: 0.0")
    (profiles / "careful.yaml").write_text(text.replace("name: strict-reviewed", "name: careful"))
    day.do("collection.create", name="careful", profile="careful")
    for right in ("read", "review"):
        day.do("grant.add", collection="careful", principal="user:rita", right=right)
    done = day.do("ingest", paths=[day.file("round.txt", UNSURE)], collection="careful")["documents"][0]
    assert done["status"] == "quarantined", done
    shown = day.do("review.show", version=done["version"], user="rita")
    items = [each["id"] for each in shown["items"]]
    day.do("review.decide", version=done["version"], user="rita", items=items, decision="accept")
    changed = (profiles / "careful.yaml").read_text("utf-8").replace("version: 1", "version: 2") + "\n# said again\n"
    day.do("policy.apply", name="careful", text=changed, later=True)


def the_leak_rate_is_certified(day: Day) -> None:
    sample = day.do("leakrate.sample", collection="ward", size=1)["id"]
    day.do("leakrate.mark", sample=sample, block_number=1, missed=[], user="rita")
    day.do("leakrate.report", sample=sample)


def questions_are_asked(day: Day) -> None:
    question = {"question": "Within what time is a unit of red cells finished?", "purpose": "treatment"}
    answer = day.browser.post("/api/ask", json={**question, "conversation": "new"})
    last = told(answer.text)[-1]
    day.browser.get(f"/api/conversations/{last['conversation']}")
    day.browser.delete(f"/api/conversations/{last['conversation']}")
    by_name = day.do("ask", question=f"How much heparin did {NAME} receive?", user="nina", reveal=True)
    assert NAME in json.dumps(by_name), "not re-identified"
    day.do("audit.replay", record=last["receipt"]["record"], user="otto", purpose="audit", rerun=False)
    assert day.do("ask", question="What?", collection="nothing-of-that-name", user="nina")["status"] == "refused"
    version = day.appliance.catalog.documents({day.appliance.catalog.collection("ward").id})
    pages = {each.kind: each.id for each in version}
    assert day.browser.get(f"/api/versions/{pages['pdf']}/pages/1/image?purpose=treatment").status_code == 200


def officers_look(day: Day) -> None:
    day.do("audit.disclosures", name=NAME, user="petra")
    drawn = day.do("supervision.draw", basis="random", count=1, user="petra")["drawn"][0]
    day.do("supervision.review", record=drawn["record"], finding="no concern", user="petra")
    day.do("supervision.pack", out=str(day.folder / "pack.json"), user="petra")
    day.do("audit.compliance", name="hipaa", user="petra")
    for _ in range(2):
        day.do("audit.anchor", places=[str(day.folder)])
    day.do("audit.verify")
    day.do("audit.export", out=str(day.folder / "log.jsonl"))
    day.do("grant.add", collection="ward", principal="user:bob", right="read", purposes=["emergency"])
    day.do("emergency.open", code="ETREAT", reason="unconscious after a fall", user="bob")


def policies_and_models_change(day: Day) -> None:
    rules = day.appliance.settings.policies / "access" / "access.cedar"
    rules.write_text(rules.read_text("utf-8") + "\n// read again\n")
    day.do("policy.access-propose", login="petra", password=site.PASSWORD)
    golden = [{"question": "Who won the cup in 1998?", "user": "nina", "answerable": False}]
    day.do(
        "models.use", name=day.appliance.settings.generation_pack,
        golden=day.file("golden.json", json.dumps({"questions": golden})),
    )  # fmt: skip


def things_are_kept_and_forgotten(day: Day) -> None:
    letters = day.appliance.catalog.collection("letters").id
    document = next(e.document for e in day.appliance.catalog.documents({letters}) if e.status == "published")
    hold = day.do("hold.place", kind="document", target=document, reason="a matter")
    with pytest.raises(Refused):
        day.do("erase.document", document=document)
    day.do("hold.lift", hold=hold["id"])
    mark = day.appliance.vault.lookup(letters, "PERSON", NAME)[0]
    day.do("erase.person", surrogate=mark)
    day.do("erase.document", document=document)
    day.do("backup", to=str(day.folder / "backup"), passphrase=PASSPHRASE.decode())
    later = datetime.now(UTC) + timedelta(days=2)
    retention.apply(day.appliance.holdings, day.appliance.holds, {"sign_ins": 1}, later)
    assert day.browser.post("/api/sign-out").status_code == 200


DAY: tuple[Scene, ...] = (
    people_come_and_go, documents_come_and_go, a_reviewer_decides, the_leak_rate_is_certified, questions_are_asked,
    officers_look, policies_and_models_change, things_are_kept_and_forgotten,
)  # fmt: skip


def disks_fail(folder: Path) -> set[str]:
    """A log of two devices: one tears its last record off, one is not there."""
    folder.mkdir(mode=0o700)
    devices = (folder / "one", folder / "two")
    configured = settings.load(folder, insecure_plain_key_file=True, audit_reserve_bytes=4096, audit_devices=devices)
    keys = KeyRing.create(configured)
    AuditLog.open(configured, keys).close()
    one, two = directories(configured)
    torn = next(one.glob("segment-*.log"))
    torn.write_bytes(torn.read_bytes() + b"\0\0\0\x20torn")
    two.rename(folder / "away")
    two.write_text("not a directory")
    log = AuditLog.open(configured, keys)
    log.append(events.SignIn(), actor="somebody")
    kinds = {record.kind for record in log.records(opened=False)}
    log.close()
    keys.close()
    return kinds


@pytest.fixture(scope="module")
def recorded(made: site.Made, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The kinds of event of a day's logs."""
    folder = tmp_path_factory.mktemp("day")
    opened = Appliance.open(site.chosen(made.home))
    try:
        day = Day(opened, folder, TestClient(application(opened)))
        for scene in DAY:
            scene(day)
    finally:
        opened.close()
    kinds = kinds_in(made.home) | disks_fail(folder / "disks")
    restore(folder / "backup", folder / "home", PASSPHRASE, overrides={"insecure_plain_key_file": True})
    return kinds | kinds_in(folder / "home")


def kinds_in(home: Path) -> set[str]:
    """The kinds of event in the log of a home that nobody has open."""
    configured = site.chosen(home)
    keys = KeyRing.open(configured)
    log = AuditLog.open(configured, keys)
    try:
        return {record.kind for record in log.records(opened=False)}
    finally:
        log.close()
        keys.close()


@pytest.mark.parametrize("event", events.every_event(), ids=lambda event: event.kind())
def test_the_program_records_it(event: type[events.Event], recorded: set[str]) -> None:
    assert event.kind() in recorded


def test_nothing_is_recorded_that_is_not_documented(recorded: set[str]) -> None:
    assert recorded <= {event.kind() for event in events.every_event()}

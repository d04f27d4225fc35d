"""Forgetting is real (I9): a hold beats it, every place is searched, and no backup brings anything back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance import settings
from appliance.audit import check
from appliance.audit.events import AnswerGiven, QuestionAsked, Reidentified, SignInFailed
from appliance.audit.log import AuditLog
from appliance.documents.holds import Held, Holds
from appliance.errors import IntegrityFailure, NotFound, UsageError
from appliance.evaluation import canaries
from appliance.redaction.surrogates import PERSON
from appliance.redaction.vault import Vault
from appliance.settings import Settings
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.upkeep import backup as backups
from appliance.upkeep import erasures, retention
from appliance.upkeep.certificate import certify
from appliance.upkeep.deletion import delete_document
from appliance.upkeep.erase import erase_document, erase_person
from appliance.upkeep.restore import restore
from tests.upkeep.test_deletion import House

PASSPHRASE = b"a passphrase of the site"
NAME = "Annabel Thornquist"


@pytest.fixture
def holds(house: House) -> Holds:
    object.__setattr__(house.held, "home", house.home)
    return Holds(house.held.database, house.held.keys)


@pytest.fixture
def configured(house: House) -> Settings:
    return settings.load(house.home, insecure_plain_key_file=True)


def mark_of(house: House, name: str) -> str:
    ward = house.held.catalog.collection("ward").id
    return house.held.vault.lookup(ward, PERSON, name)[0]


def kinds(log: AuditLog) -> list[str]:
    return [record.kind for record in log.records(opened=False)]


def test_an_erased_document_is_nowhere_and_the_certificate_says_where_was_searched(house: House, holds: Holds) -> None:
    kept, gone = house.add("kept", ("Bob Miller",)), house.add("gone", (NAME,))
    done = erase_document(house.held, gone.document, actor="ada", reason="request")
    assert done.clean
    assert {"catalog", "chunks", "index", "originals", "page images", "keys"} <= done.searched.keys()
    found = check.check_statement(done.certificate.text, house.held.log.verifier)
    assert found["ok"], found
    assert f"erased: document {gone.document}" in done.certificate.text
    forged = done.certificate.text.replace("by: ada", "by: bob")
    assert not check.check_statement(forged, house.held.log.verifier)["ok"]
    assert house.held.log.verify().ok
    assert house.held.catalog.visible(kept.id)
    with pytest.raises(NotFound):
        erase_document(house.held, gone.document, actor="ada", reason="request")


def test_an_erased_person_is_unknown_to_vault_index_and_log_and_the_proofs_hold(house: House, holds: Holds) -> None:
    ward = house.held.catalog.collection("ward").id
    version = house.add("letter", (NAME, "Bob Miller"))
    mark = mark_of(house, NAME)
    scope = f"subject/{ward}/{mark}"
    seen = Reidentified(purpose="treatment", domain=ward, count=1, surrogates=(mark,), subject_scope=scope)
    shown = house.held.log.append(seen, actor="nina")
    done = erase_person(house.held, holds, ward, mark, actor="ada", reason="request")
    assert done.clean, done.searched
    assert house.held.vault.lookup(ward, PERSON, NAME) == ()
    with pytest.raises(NotFound):
        house.held.vault.reveal(ward, mark)
    assert not house.held.originals.kept(version.id)
    assert next(house.held.log.records(shown.index, shown.index + 1)).erased
    assert house.held.vault.reveal(ward, mark_of(house, "Bob Miller")) == "Bob Miller"
    assert house.held.catalog.visible(version.id)
    assert house.held.log.verify().ok
    assert NAME not in done.certificate.text
    leaks, searched = canaries.search([house.home], [NAME])
    assert searched > 0
    assert not leaks


@pytest.mark.parametrize("kind", ["document", "collection", "person"])
def test_a_legal_hold_beats_every_way_to_erase(house: House, holds: Holds, kind: str) -> None:
    version = house.add("evidence", (NAME,))
    ward, mark = version.collection, mark_of(house, NAME)
    target = {"document": version.document, "collection": "ward", "person": mark}[kind]
    hold = holds.place(kind, target, "Smith against the hospital", "ada")
    with pytest.raises(Held, match=hold.id):
        erase_document(house.held, version.document, actor="ada", reason="request")
    with pytest.raises(Held):
        erase_person(house.held, holds, ward, mark, actor="ada", reason="request")
    with pytest.raises(Held):
        delete_document(house.held, version.document, actor="ada")
    later = datetime.now(UTC) + timedelta(days=900)
    applied = retention.apply(house.held, holds, {"documents": 800, "originals": 10}, later)
    assert [(each.name, each.erased, each.held) for each in applied] == [("documents", 0, 1), ("originals", 0, 1)]
    assert house.held.catalog.visible(version.id)
    assert house.held.originals.kept(version.id)
    assert kinds(house.held.log).count("erasure_refused") == 2
    holds.lift(hold.id, "ada")
    assert erase_document(house.held, version.document, actor="ada", reason="request").clean


def test_a_hold_needs_a_reason_a_target_and_is_lifted_once(house: House, holds: Holds) -> None:
    version = house.add("letter")
    for kind, target, reason in (("document", version.document, " "), ("room", "x", "why")):
        with pytest.raises(UsageError):
            holds.place(kind, target, reason, "ada")
    with pytest.raises(NotFound):
        holds.place("document", "no-such-document", "why", "ada")
    hold = holds.place("document", version.document, "the reason", "ada")
    assert holds.all()[0].reason == "the reason"
    holds.lift(hold.id, "otto")
    with pytest.raises(UsageError, match="lifted already"):
        holds.lift(hold.id, "ada")
    assert b"the reason" not in (house.home / "appliance.db").read_bytes()


def test_the_schedule_forgets_old_questions_but_not_their_records(house: House, holds: Holds) -> None:
    log, version = house.held.log, house.add("letter")
    asked = log.append(
        QuestionAsked(purpose="treatment", policy_digest="p", scope_digest="s", question="what?"), actor="nina"
    )
    log.append(AnswerGiven(intent=asked.record, status="answered", versions=(version.id,), prompt="x"), actor="nina")
    other = log.append(QuestionAsked(purpose="audit", policy_digest="p", scope_digest="s", question="who?"), actor="o")
    typed = log.append(SignInFailed(reason="refused", login="hunter2"), actor="unknown")
    holds.place("document", version.document, "a matter", "ada")
    soon, later = datetime.now(UTC) + timedelta(days=10), datetime.now(UTC) + timedelta(days=100)
    days = {"questions": 30, "sign_ins": 90}
    assert [each.erased for each in retention.apply(house.held, holds, days, soon)] == [0, 0]
    assert [each.erased for each in retention.apply(house.held, holds, days, later, dry=True)] == [1, 1]
    assert not next(log.records(other.index, other.index + 1)).erased
    assert [(e.erased, e.held) for e in retention.apply(house.held, holds, days, later)] == [(1, 2), (1, 0)]
    erased = {each.index: each.erased for each in log.records()}
    assert (erased[asked.index], erased[other.index], erased[typed.index]) == (False, True, True)
    assert log.verify().ok


def test_a_schedule_that_is_none_is_refused(tmp_path: Path) -> None:
    assert retention.load(tmp_path) == {}
    assert retention.load(settings.SHIPPED_POLICIES) == {"sign_ins": 90, "wordings": 365}
    for text in ("days: {sign_ins: soon}", "days: {cookies: 3}", "days: [", "days: 7", "days: {questions: {ward: 1}}"):
        (tmp_path / "retention.yaml").write_text(text)
        with pytest.raises(UsageError):
            retention.load(tmp_path)


def restored(folder: Path) -> tuple[Database, KeyRing, AuditLog]:
    configured = settings.load(folder, insecure_plain_key_file=True)
    keys = KeyRing.open(configured)
    return Database.open(folder), keys, AuditLog.open(configured, keys)


def test_what_was_erased_stays_erased_after_an_older_backup_is_restored(
    house: House, holds: Holds, configured: Settings, tmp_path: Path
) -> None:
    ward = house.held.catalog.collection("ward").id
    kept, gone, letter = house.add("kept", ("Bob Miller",)), house.add("gone"), house.add("letter", (NAME,))
    mark = mark_of(house, NAME)
    (tmp_path / "tapes").mkdir()
    tape = tmp_path / "tapes" / "monday.backup"
    made = backups.backup(configured, house.held.log, tape, PASSPHRASE)
    erasures.remember_folder(house.home, tape.parent, house.held.log)
    assert made.files > 10
    erase_document(house.held, gone.document, actor="ada", reason="request")
    assert erase_person(house.held, holds, ward, mark, actor="ada", reason="request").not_reached == ()
    done = restore(tape, tmp_path / "new", PASSPHRASE, overrides={"insecure_plain_key_file": True})
    assert (done.digest, done.erased) == (made.digest, 2)
    database, keys, log = restored(tmp_path / "new")
    vault = Vault(database, keys)
    assert vault.lookup(ward, PERSON, NAME) == ()
    assert vault.reveal(ward, mark_of(house, "Bob Miller")) == "Bob Miller"
    for scope in (f"version/{gone.id}", f"subject/{ward}/{mark}", f"original/{letter.id}"):
        with pytest.raises(NotFound):
            keys.existing(scope)
    assert not (tmp_path / "new" / "originals" / gone.id).exists()
    assert not (tmp_path / "new" / "pages" / gone.id).exists()
    assert (tmp_path / "new" / "originals" / kept.id).read_bytes() == (house.home / "originals" / kept.id).read_bytes()
    assert kinds(log)[-1] == "backup_restored"
    assert log.verify().ok
    for each in (log, database, keys):
        each.close()


def test_without_the_list_beside_it_a_backup_takes_the_list_of_the_old_home(
    house: House, holds: Holds, configured: Settings, tmp_path: Path
) -> None:
    gone = house.add("gone")
    tape = tmp_path / "far.backup"
    backups.backup(configured, house.held.log, tape, PASSPHRASE)
    (house.home / "backups.json").write_text(json.dumps([str(tmp_path / "not mounted")]))
    assert erase_document(house.held, gone.document, actor="a", reason="request").not_reached == (
        str(tmp_path / "not mounted"),
    )
    options = {"overrides": {"insecure_plain_key_file": True}}
    assert restore(tape, tmp_path / "one", PASSPHRASE, **options).erased == 0
    listed = (house.home / "erasures.jsonl",)
    assert restore(tape, tmp_path / "two", PASSPHRASE, erased=listed, **options).erased == 1


@pytest.mark.parametrize("how", ["passphrase", "flipped", "cut", "nothing", "anchor"])
def test_a_backup_that_is_not_what_was_written_leaves_no_home(
    house: House, configured: Settings, tmp_path: Path, how: str
) -> None:
    house.add("letter", (NAME,))
    tape, anchor = tmp_path / "tape", None
    backups.backup(configured, house.held.log, tape, PASSPHRASE)
    content = tape.read_bytes()
    assert NAME.encode() not in content
    if how == "flipped":
        tape.write_bytes(content[:-200] + bytes([content[-200] ^ 1]) + content[-199:])
    elif how == "cut":
        tape.write_bytes(content[:-1000])
    elif how == "nothing":
        tape.write_bytes(b"")
    elif how == "anchor":
        house.held.log.append(SignInFailed(reason="later"), actor="unknown")
        anchor = house.held.log.checkpoint()
    with pytest.raises(IntegrityFailure):
        restore(
            tape, tmp_path / "new", b"another passphrase" if how == "passphrase" else PASSPHRASE, anchor=anchor,
            overrides={"insecure_plain_key_file": True},
        )  # fmt: skip
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))


def test_a_backup_is_never_half_there_and_goes_nowhere_where_something_is(
    house: House, configured: Settings, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("something")
    with pytest.raises(UsageError, match="there already"):
        backups.backup(configured, house.held.log, tmp_path / "there", PASSPHRASE)
    with pytest.raises(UsageError, match="12 characters"):
        backups.backup(configured, house.held.log, tmp_path / "new", b"short")
    assert sorted(each.name for each in tmp_path.glob("*new*")) == []
    full = tmp_path / "home-in-use"
    full.mkdir()
    (full / "x").write_text("x")
    backups.backup(configured, house.held.log, tmp_path / "tape", PASSPHRASE)
    with pytest.raises(UsageError, match="not empty"):
        restore(tmp_path / "tape", full, PASSPHRASE)


def test_no_statement_can_be_taken_for_a_checkpoint(house: House) -> None:
    with pytest.raises(IntegrityFailure):
        house.held.log.sign_statement(f"{house.held.log.origin}\n5\nAAAA\n")
    with pytest.raises(UsageError):
        certify(house.held.log, "erasure", {"reason": "two\nlines"})

"""The whole appliance with its records on PostgreSQL: the same journeys, workers beside the owner, no answer without
its record when the server goes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from appliance.assembly.local import LocalServer
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance, initialise
from appliance.errors import Unavailable, UsageError
from appliance.settings import Settings
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.upkeep import records
from appliance.upkeep.restore import restore
from tests import canaries
from tests import postgresql as servers
from tests.web import site

QUESTION = "When is the heparin infusion stopped before surgery?"
PASSPHRASE = "a passphrase of the site"
NOTE = "{name} was seen in clinic today. The wound is clean and dry. Review of the dressing is due in {days} days.\n"
NAMES = ("Annabel Thornquist", "Bertram Oakeshott", "Cordelia Wainwright", "Desmond Farquharson", "Eleanor Blenkinsop",
         "Florian Castlemaine", "Gwendolyn Ashdown")  # fmt: skip


@dataclass
class Site:
    """An open appliance with a local socket, and the server that its records are on."""

    settings: Settings
    appliance: Appliance
    server: servers.Server

    def do(self, operation: str, **arguments: Any) -> dict[str, Any]:
        *_, result = perform(self.appliance, operation, arguments)
        return result

    def ask(self) -> dict[str, Any]:
        return self.do("ask", question=QUESTION, user="nina", purpose="treatment")


def variables(settings: Settings) -> dict[str, str]:
    """What a command needs to know of these settings."""
    return {
        **os.environ, "APPLIANCE_DATABASE_URL": settings.database_url, "APPLIANCE_HOME": str(settings.home),
        "APPLIANCE_INSECURE_PLAIN_KEY_FILE": "1", "APPLIANCE_COMPOSE": "0",
    }  # fmt: skip


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory, packs: Path) -> Iterator[Site]:
    with servers.running() as server:
        home = tmp_path_factory.mktemp("postgresql") / "home"
        here = {"database_url": server.database(), "compose": False, "ingest_processes": 2}
        settings = site.chosen(home).model_copy(update=here)
        assert initialise(settings)["status"] == "created"
        with closing(Appliance.open(settings)) as appliance:
            made = Site(settings, appliance, server)
            made.do("user.add", login="nina", name="Nina Nurse", password=site.PASSWORD, groups=["ward"])
            made.do("collection.create", name="ward", title="Ward documents")
            made.do("grant.add", collection="ward", principal="group:ward", purposes=site.PURPOSES)
            local = LocalServer(home, lambda verb, arguments, uid: perform(appliance, verb, arguments, uid))
            yield made
            local.close()


def test_documents_go_in_and_questions_are_answered(there: Site) -> None:
    done = there.do("ingest", paths=[str(site.SAMPLES / site.WARD[0])], collection="ward")
    assert [each["status"] for each in done["documents"]] == ["published"]
    answer = there.ask()
    assert answer["status"] == "answered"
    assert "heparin" in answer["citations"][0]["quote"]
    assert there.do("audit.verify")["ok"]
    assert not (there.settings.home / "appliance.db").exists()


@contextmanager
def workers(settings: Settings, count: int, *options: str) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "appliance.assembly.worker", "--json", *options]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables(settings)) for _ in range(count)
    ]
    try:
        for each in started:
            assert each.stdout is not None
            assert "worker" in json.loads(each.stdout.readline())
        yield started
    finally:
        for each in started:
            each.kill()
            each.wait()


def test_workers_beside_the_owner_take_documents_and_a_killed_one_loses_none(there: Site, tmp_path: Path) -> None:
    files = [tmp_path / f"note-{days}.txt" for days in range(2, 2 + len(NAMES))]
    for days, (file, name) in enumerate(zip(files, NAMES, strict=True), 2):
        file.write_text(NOTE.format(name=name, days=days))
    with workers(there.settings, 2) as (victim, other):
        done: list[dict[str, Any]] = []
        for event in perform(there.appliance, "ingest", {"paths": list(map(str, files)), "collection": "ward"}):
            done.append(event)
            if len(done) == 4:
                victim.kill()
        other.terminate()
        assert other.wait(60) == 0, "asked to stop, it ends the document at hand"
        assert other.stdout is not None
        worked = [json.loads(line) for line in other.stdout.read().splitlines()]
    published = [each for each in done[-1]["documents"] if each["status"] == "published"]
    assert len(published) == len(NAMES), done[-1]["documents"]
    assert {each["status"] for each in worked} <= {"published"}
    taken = {each["version"] for each in worked}
    assert taken, "the owner did everything itself"
    assert taken <= {each["version"] for each in published}
    received: dict[str, int] = {}
    for record in there.appliance.log.records(opened=False):
        if record.kind == "document_published":
            received[record.public["version"]] = received.get(record.public["version"], 0) + 1
            if record.public["version"] in taken:
                assert record.operator.startswith("os:")
    assert {received[each["version"]] for each in published} == {1}
    stored = {chunk for ids in there.appliance.store.ids().values() for chunk in ids}
    assert there.appliance.index.ids() == stored
    assert there.do("audit.verify")["ok"]


def test_nothing_that_was_redacted_stands_in_the_servers_files(there: Site) -> None:
    there.server.say("CHECKPOINT")
    assert not canaries.traces(there.server.folder, list(NAMES))
    with there.appliance.database.transaction() as connection:
        assert connection.execute(select(tables.surrogate.c.surrogate)).all(), "there is a vault to search"


def test_a_worker_without_an_owner_or_on_sqlite_says_what_is_missing(there: Site, tmp_path: Path) -> None:
    alone = subprocess.run(
        [sys.executable, "-m", "appliance.assembly.worker"], text=True, stderr=subprocess.PIPE, check=False,
        env={**variables(there.settings), "APPLIANCE_DATABASE_URL": ""},
    )  # fmt: skip
    assert alone.returncode == 2
    assert "workers share a PostgreSQL database" in alone.stderr


def test_a_backup_holds_the_records_and_comes_back_into_an_empty_database_only(there: Site, tmp_path: Path) -> None:
    before = there.ask()
    file = tmp_path / "backup"
    there.do("backup", to=str(file), passphrase=PASSPHRASE)
    overrides = {"insecure_plain_key_file": True}
    taken = {**overrides, "database_url": there.settings.database_url}
    with pytest.raises(UsageError, match="the database is not empty"):
        restore(file, tmp_path / "never", PASSPHRASE.encode(), overrides=taken)
    assert not (tmp_path / "never").exists()
    address = there.server.database()
    restore(file, tmp_path / "again", PASSPHRASE.encode(), overrides={**overrides, "database_url": address})
    moved = there.settings.model_copy(update={"home": tmp_path / "again", "database_url": address})
    plain = site.chosen(tmp_path / "plain").model_copy(update={"compose": False})
    restore(file, plain.home, PASSPHRASE.encode(), overrides=overrides)  # and back to SQLite
    with closing(Appliance.open(moved)) as again, closing(Database.of(plain)) as sqlite:
        again.__dict__ |= {part: getattr(there.appliance, part) for part in ("embedder", "detector", "sandbox")}
        *_, after = perform(again, "ask", {"question": QUESTION, "user": "nina", "purpose": "treatment"})
        with sqlite.transaction() as one, again.database.transaction() as other:
            for table in (tables.version, tables.chunk, tables.surrogate, tables.person):
                query = select(table).order_by(*table.primary_key.columns)
                assert one.execute(query).all() == other.execute(query).all()
    assert after["citations"] == before["citations"]


def test_the_doctor_tells_which_database_and_whether_it_keeps_its_word(there: Site) -> None:
    told = records.database(there.settings)
    assert told[0].detail.startswith("PostgreSQL 1")
    assert all(check.ok for check in told)
    assert {check.name for check in told[1:]} == {
        "database: fsync", "database: full_page_writes", "database: synchronous_commit",
    }  # fmt: skip


def test_when_the_server_goes_nothing_is_answered_and_when_it_is_back_the_next_question_is(there: Site) -> None:
    def answers() -> int:
        return sum(record.kind == "answer_given" for record in there.appliance.log.records(opened=False))

    before = answers()
    there.server.stop()
    try:
        began = time.monotonic()
        with pytest.raises(Unavailable, match="the database cannot be reached") as raised:
            there.ask()
        assert raised.value.exit_code == 5
        assert time.monotonic() - began < 5
        command = [sys.executable, "-m", "appliance.cli.main", "doctor", "database"]
        told = subprocess.run(command, text=True, capture_output=True, env=variables(there.settings), check=False)
        assert told.returncode == 1
        assert "the database cannot be reached" in told.stdout
    finally:
        there.server.start()
    assert answers() == before
    assert there.ask()["receipt"]["record"]
    assert answers() == before + 1


def test_an_erased_document_is_gone_and_the_proof_still_verifies(there: Site) -> None:
    document = there.ask()["citations"][0]["document"]
    done = there.do("erase.document", document=document, reason="request")
    assert done["clean"], done
    assert there.do("audit.verify")["ok"]
    with there.appliance.database.transaction() as connection:
        assert connection.execute(select(tables.document).where(tables.document.c.id == document)).first() is None

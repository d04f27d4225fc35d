"""Conversations: theirs alone, sealed at rest, whole after a restart, gone when deleted or when a source is erased."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from appliance import settings
from appliance.answering.conversations import Conversations
from appliance.errors import NotFound
from appliance.storage import tables
from appliance.storage.database import FILE_NAME, Database
from appliance.storage.keys import KeyRing
from tests.stores import created

TOLD = {
    "question": "What is the zebrafish dose?",
    "purpose": "treatment",
    "answer": "Forty quokkas.",
    "status": "answered",
}
READ = {"treatment": {"open"}}


@pytest.fixture
def chosen(home: Path, either_database: str) -> settings.Settings:
    made = settings.load(home, insecure_plain_key_file=True)
    KeyRing.create(made).close()
    database = created(made)
    with database.transaction() as connection:
        for name in ("nina", "bob"):
            row = {"id": name, "login": name, "name_sealed": b"", "password_hash": "", "groups": [], "roles": [],
                   "compartments": [], "created": ""}  # fmt: skip
            connection.execute(insert(tables.person).values(row))
        ward = {"id": "ward", "name": "ward", "title_sealed": b"", "profile": "", "attributes": {}, "created": ""}
        connection.execute(insert(tables.collection).values(ward))
        connection.execute(insert(tables.label).values(digest="open", attributes={}))
        connection.execute(insert(tables.document).values(id="d", collection="ward", name_mac="", created=""))
        version = {"id": "v", "document": "d", "collection": "ward", "label": "open", "content_mac": "", "kind": "text",
                   "bytes": 1, "status": "published", "entities": {}, "profile": "", "created": ""}  # fmt: skip
        connection.execute(insert(tables.version).values(version))
    database.close()
    return made


@pytest.fixture
def conversations(chosen: settings.Settings) -> Iterator[Conversations]:
    yield from opened(chosen)


def opened(chosen: settings.Settings) -> Iterator[Conversations]:
    keys, database = KeyRing.open(chosen), Database.of(chosen)
    yield Conversations(database, keys)
    database.close()
    keys.close()


def begun(conversations: Conversations) -> str:
    made = conversations.begin("nina", TOLD["question"])
    conversations.add("nina", made, TOLD, [("v", "open")])
    return made


def test_a_conversation_is_whole_after_a_restart(chosen: settings.Settings) -> None:
    first = opened(chosen)
    made = begun(next(first))
    next(first, None)
    again = opened(chosen)
    conversations = next(again)
    (listed,) = conversations.of("nina")
    assert (listed.id, listed.title) == (made, TOLD["question"])
    (turn,) = conversations.turns("nina", made, READ)
    assert dict(turn.told) == TOLD
    next(again, None)


def test_a_foreign_conversation_is_a_missing_one(conversations: Conversations) -> None:
    made = begun(conversations)
    assert conversations.of("bob") == []
    said = set()
    for person, identifier in (("bob", made), ("bob", "0" * 32), ("nina", "0" * 32), ("nina", "'; --")):
        for act in (
            lambda p, i: conversations.get(p, i),
            lambda p, i: conversations.turns(p, i, READ),
            lambda p, i: conversations.add(p, i, TOLD, []),
            lambda p, i: conversations.delete(p, i),
        ):
            with pytest.raises(NotFound) as raised:
                act(person, identifier)
            said.add(str(raised.value))
    assert said == {"no such conversation."}
    assert len(conversations.turns("nina", made, READ)) == 1


def test_no_word_of_it_lies_on_the_disk(conversations: Conversations, chosen: settings.Settings) -> None:
    begun(conversations)
    written = b"".join(file.read_bytes() for file in chosen.home.rglob("*") if file.is_file())
    assert (FILE_NAME in {file.name for file in chosen.home.rglob("*")}) is not bool(chosen.database_url)
    assert b"zebrafish" not in written
    assert b"quokkas" not in written


def test_deleting_destroys_the_key_first(conversations: Conversations, chosen: settings.Settings) -> None:
    made = begun(conversations)
    conversations.delete("nina", made)
    keys = KeyRing.open(chosen)
    with pytest.raises(NotFound):
        keys.existing(f"conversation/{made}")
    keys.close()
    assert conversations.of("nina") == []


def test_an_answer_is_withheld_while_its_source_may_not_be_read(conversations: Conversations) -> None:
    made = begun(conversations)
    for readable in ({}, {"treatment": set()}, {"operations": {"open"}}):
        (turn,) = conversations.turns("nina", made, readable)
        assert not turn.readable
        assert "quokkas" not in str(turn.told)
    (turn,) = conversations.turns("nina", made, READ)
    assert turn.readable


def test_turns_that_quote_an_erased_version_go(conversations: Conversations) -> None:
    made = begun(conversations)
    conversations.add("nina", made, {**TOLD, "answer": "Kept."}, [("other", "open")])
    assert conversations.forget_versions(["v"]) == 1
    (turn,) = conversations.turns("nina", made, READ)
    assert not turn.readable, "what quotes a version that is not there is withheld"


def test_a_person_who_is_forgotten_leaves_no_conversation(conversations: Conversations) -> None:
    begun(conversations)
    assert conversations.forget_person("nina") == 1
    assert conversations.of("nina") == []

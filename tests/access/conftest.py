"""An access room over a database of its own, with two collections and a few people."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert

from appliance.access.people import People
from appliance.access.policies import load
from appliance.access.rights import Rights
from appliance.access.scope import Access
from appliance.access.sessions import Sessions
from appliance.settings import SHIPPED_POLICIES
from appliance.settings import load as load_settings
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from tests.stores import created

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Room:
    database: Database
    people: People
    sessions: Sessions
    rights: Rights
    access: Access

    def collection(self, name: str, **attributes: object) -> str:
        with self.database.transaction() as connection:
            connection.execute(
                insert(tables.collection).values(
                    id=f"c-{name}", name=name, title_sealed=b"", profile="strict", attributes=attributes, created="2026"
                )
            )
        return f"c-{name}"


@pytest.fixture
def room(tmp_path: Path) -> Room:
    settings = load_settings(tmp_path, insecure_plain_key_file=True)
    database, keys = created(settings), KeyRing.create(settings)
    people = People(database, keys)
    made = Room(
        database, people, Sessions(database, people, 60), Rights(database), Access(database, load(SHIPPED_POLICIES))
    )
    made.collection("ward")
    made.collection("vault", classification=2, compartments=["crypto"])
    yield made
    database.close()
    keys.close()

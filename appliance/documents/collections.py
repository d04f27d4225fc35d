"""Collections, which people are granted, and access labels, which say who may read a document."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from appliance.errors import NotFound, UsageError
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import collection, label

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of documents under one redaction profile. `attributes`: `classification`, `compartments`."""

    id: str
    name: str
    title: str
    profile: str
    attributes: dict[str, Any] = field(default_factory=dict)
    created: str = ""


class Collections:
    """The collections of one home."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    def create(
        self, name: str, profile: str, *, title: str = "", classification: int = 0, compartments: tuple[str, ...] = ()
    ) -> Collection:
        """Make a collection. Raises UsageError when the name is taken or is not a short lower-case word."""
        if not _NAME.fullmatch(name):
            raise UsageError("a collection's name is 1 to 63 of a-z, 0-9, dot, dash, underscore", "Choose another")
        made = Collection(
            id=secrets.token_hex(8),
            name=name,
            title=title or name,
            profile=profile,
            attributes={"classification": classification, "compartments": sorted(compartments)},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with self._database.exclusive() as connection:
            if connection.execute(select(collection.c.id).where(collection.c.name == name)).first():
                raise UsageError("a collection of that name exists", "Choose another name")
            row = {key: getattr(made, key) for key in ("id", "name", "profile", "attributes", "created")}
            row["title_sealed"] = self._keys.seal(f"collection/{made.id}", made.title.encode(), b"title")
            connection.execute(insert(collection).values(row))
        return made

    def get(self, key: str) -> Collection:
        """A collection by id or name. Raises NotFound."""
        with self._database.transaction() as connection:
            known = (collection.c.id == key) | (collection.c.name == key)
            row = connection.execute(select(collection).where(known)).first()
        if row is None:
            raise NotFound("no such collection")
        return self._collection(row)

    def exists(self, connection: Connection, identifier: str) -> bool:
        """Whether there is a collection of this id, inside a transaction of the caller's."""
        return connection.execute(select(collection.c.id).where(collection.c.id == identifier)).first() is not None

    def all(self) -> list[Collection]:
        """Every collection, by name."""
        with self._database.transaction() as connection:
            return [self._collection(row) for row in connection.execute(select(collection).order_by(collection.c.name))]

    def add_label(self, digest: str, attributes: dict[str, Any]) -> None:
        """Make an access label known; again is no change."""
        with self._database.exclusive() as connection:
            make_label_known(connection, digest, attributes)

    def _collection(self, row: Row[Any]) -> Collection:
        title = self._keys.unseal(f"collection/{row.id}", row.title_sealed, b"title").decode()
        return Collection(row.id, row.name, title, row.profile, dict(row.attributes), row.created)


def make_label_known(connection: Connection, digest: str, attributes: dict[str, Any]) -> None:
    """See `Collections.add_label`; in a transaction that holds the write lock."""
    if not connection.execute(select(label.c.digest).where(label.c.digest == digest)).first():
        connection.execute(insert(label).values(digest=digest, attributes=attributes))

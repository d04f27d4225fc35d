"""Deleting documents in the catalog: invisible in one transaction, gone in a second one, taken up after a kill.

    published, retired ... -> deleting -> (no row)

What else is to go (chunks, vectors, files, keys) is the caller's, between `begin` and `finish`.
"""

import secrets
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, delete, select, update

from appliance.documents.versions import scope_of
from appliance.errors import NotFound
from appliance.storage.database import Database
from appliance.storage.tables import collection, document, version

DELETING = "deleting"
Check = Callable[[Connection, str], None]
"""Told of a document inside the transaction that hides it; raises Refused where it must stay."""


class Deletions:
    """The documents of one home that are being deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        documents: Sequence[str],
        *,
        on_retire: Callable[[Connection, str, str], None] | None = None,
        check: Check | None = None,
        record: Callable[[str, list[str]], object] | None = None,
    ) -> dict[str, list[str]]:
        """Hide documents: no version of them is visible from here on, and their names are free again.

        The ids of their versions, by document. `record` is told of each document before anything is changed
        for good: what it raises, as what `check` raises, leaves everything as it was. A document that is
        being deleted already counts as hidden. Raises NotFound for one that does not exist.
        """
        with self._database.exclusive() as connection:
            begun: dict[str, list[str]] = {}
            for each in documents:
                rows = connection.execute(select(version).where(version.c.document == each)).all()
                known = connection.execute(select(document.c.id).where(document.c.id == each)).scalar()
                if known is None:
                    raise NotFound("no such document")
                if check:
                    check(connection, each)
                begun[each] = [row.id for row in rows]
                for row in rows:
                    if row.status == "published" and on_retire:
                        on_retire(connection, row.id, row.label)
                if record and not (rows and all(row.status == DELETING for row in rows)):
                    record(each, begun[each])
                hidden = {"status": DELETING, "reason": "being deleted", "holder": "", "held_until": ""}
                connection.execute(update(version).where(version.c.document == each).values(hidden))
                unfindable = {"name_mac": f"deleted/{secrets.token_hex(16)}"}
                connection.execute(update(document).where(document.c.id == each).values(unfindable))
        return begun

    def finish(self, documents: Sequence[str]) -> None:
        """Remove the rows of documents that were begun; again is no error."""
        with self._database.exclusive() as connection:
            left = select(version.c.document).where(version.c.document.in_(documents), version.c.status != DELETING)
            kept = set(connection.execute(left).scalars())
            gone = [each for each in documents if each not in kept]
            connection.execute(delete(document).where(document.c.id.in_(gone)))

    def begun(self) -> dict[str, list[str]]:
        """Documents whose deletion was cut off, with their versions."""
        query = select(version.c.document, version.c.id).where(version.c.status == DELETING)
        found: dict[str, list[str]] = {}
        with self._database.transaction() as connection:
            for row in connection.execute(query):
                found.setdefault(row.document, []).append(row.id)
        return found

    def collection_of(self, identifier: str) -> str:
        """The collection of a document. Raises NotFound."""
        with self._database.transaction() as connection:
            found = connection.execute(select(document.c.collection).where(document.c.id == identifier)).scalar()
        if found is None:
            raise NotFound("no such document")
        return str(found)

    def versions_of(self, identifier: str) -> list[str]:
        """Ids of a document's versions, oldest first; none when there is no such document."""
        query = select(version.c.id).where(version.c.document == identifier).order_by(version.c.created)
        with self._database.transaction() as connection:
            return list(connection.execute(query).scalars())

    def some_of(self, identifier: str, most: int) -> list[str]:
        """Ids of documents of a collection, at most `most`."""
        query = select(document.c.id).where(document.c.collection == identifier).limit(most)
        with self._database.transaction() as connection:
            return list(connection.execute(query).scalars())

    def drop_collection(self, identifier: str) -> bool:
        """Remove a collection that holds no document; False when somebody added one meanwhile."""
        with self._database.exclusive() as connection:
            held = select(document.c.id).where(document.c.collection == identifier).limit(1)
            if connection.execute(held).first():
                return False
            connection.execute(delete(collection).where(collection.c.id == identifier))
            return True


def key_scopes(versions: Sequence[str]) -> list[str]:
    """The key ring's scopes of versions: their text and pages, their originals."""
    return [scope for each in versions for scope in (scope_of(each), f"original/{each}")]

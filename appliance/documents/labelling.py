"""Access labels of single documents: all versions of a document change theirs in one transaction.

From that transaction on the catalog's label decides, for pages, texts and answers. The points in the index follow:
until they do (`settle`), the versions are hidden from search, and a kill in between is made good at the next start.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from appliance.documents.collections import make_label_known
from appliance.documents.deletion import DELETING
from appliance.errors import NotFound
from appliance.storage.database import Database
from appliance.storage.tables import relabelled, version

OnSwitch = Callable[[Connection, str, str], None]


class Labelling:
    """The labels of the documents of one home. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, connection: Connection, document: str | None) -> str | None:
        """The label that a document has: its newest version's. None when it has no version."""
        query = select(version.c.label).where(version.c.document == document, version.c.status != DELETING)
        return connection.execute(query.order_by(version.c.created.desc()).limit(1)).scalar()

    def change(
        self,
        document: str,
        to: Callable[[str], tuple[str, dict[str, Any]]],
        record: Callable[[str, str, dict[str, Any], list[str]], object],
        *,
        on_publish: OnSwitch,
        on_retire: OnSwitch,
    ) -> tuple[str, list[str]]:
        """Give a document the label that `to` makes of the one it has: its digest, and the versions that changed.

        `record` is told the old digest, the new one with its attributes, and the versions, before anything is changed
        for good: what it raises, as what `to` raises, leaves everything as it was. The callbacks count a published
        version out under its old label and in under the new one. Raises NotFound when there is no such document.
        """
        with self._database.exclusive() as connection:
            before = self.of(connection, document)
            if before is None:
                raise NotFound("no such document")
            digest, attributes = to(before)
            query = select(version).where(version.c.document == document, version.c.label != digest)
            rows = connection.execute(query.where(version.c.status != DELETING)).all()
            if not rows:
                return digest, []
            changed = [row.id for row in rows]
            make_label_known(connection, digest, attributes)
            for row in rows:
                if row.status == "published":
                    on_retire(connection, row.id, row.label)
                    on_publish(connection, row.id, digest)
            connection.execute(update(version).where(version.c.id.in_(changed)).values(label=digest))
            waiting = set(connection.execute(select(relabelled.c.version)).scalars())
            if late := [{"version": each} for each in changed if each not in waiting]:
                connection.execute(insert(relabelled), late)
            record(before, digest, attributes, changed)
        return digest, changed

    def waiting(self) -> dict[str, str]:
        """Versions whose points may bear another label than theirs, and their label."""
        query = select(version.c.id, version.c.label).join(relabelled, relabelled.c.version == version.c.id)
        with self._database.transaction() as connection:
            return {row.id: row.label for row in connection.execute(query)}

    def settle(self, identifier: str, bearing: str) -> None:
        """The points of a version bear the label `bearing`, durably. Nothing happens when it has another by now."""
        mine = select(version.c.id).where(version.c.id == identifier, version.c.label == bearing)
        with self._database.exclusive() as connection:
            connection.execute(delete(relabelled).where(relabelled.c.version.in_(mine)))

"""Which documents of a collection came from which folder, so that the folder and the collection stay in step.

A folder and the places in it are known by keyed digests: no path is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import document, followed_file, version


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it stands in a folder: size in bytes, time of change in nanoseconds, the file system it is on."""

    bytes: int
    changed: str
    device: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A document that came from a folder, what it is known by there, and its file as it was last seen."""

    document: str
    name_mac: str
    seen: Seen


class FollowedFiles:
    """The followed files of one home."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    def of(self, collection: str, folder: str) -> list[Followed]:
        """What is known of a folder, in the collection's step."""
        row, own = followed_file.c, document.c
        query = select(followed_file, own.name_mac).join(document, own.id == row.document)
        query = query.where(row.collection == collection, row.folder_mac == self._mac(collection, folder))
        with self._database.transaction() as connection:
            return [
                Followed(each.document, each.name_mac, Seen(each.bytes, each.changed, each.device))
                for each in connection.execute(query)
            ]

    def note(self, collection: str, folder: str, owner: str, seen: Seen) -> None:
        """A document's file was seen. Nothing happens for a document that is gone."""
        values = {
            "collection": collection, "folder_mac": self._mac(collection, folder), "bytes": seen.bytes,
            "changed": seen.changed, "device": seen.device,
        }  # fmt: skip
        with self._database.exclusive() as connection:
            if connection.execute(select(document.c.id).where(document.c.id == owner)).first() is None:
                return
            known = followed_file.c.document == owner
            if not connection.execute(update(followed_file).where(known).values(values)).rowcount:
                connection.execute(insert(followed_file).values(document=owner, **values))

    def move(self, owner: str, name_mac: str) -> bool:
        """A document's file lies at another place now. False when another document is known by that place."""
        with self._database.exclusive() as connection:
            where = select(document.c.collection).where(document.c.id == owner).scalar_subquery()
            taken = select(document.c.id).where(document.c.collection == where, document.c.name_mac == name_mac)
            if connection.execute(taken).first() is not None:
                return False
            connection.execute(update(document).where(document.c.id == owner).values(name_mac=name_mac))
            return True

    def forget(self, owners: Iterable[str]) -> None:
        """These documents no longer follow a folder; they stay."""
        with self._database.exclusive() as connection:
            connection.execute(delete(followed_file).where(followed_file.c.document.in_(sorted(owners))))

    def contents(self, owners: Iterable[str]) -> dict[str, str]:
        """The document of each published content (by its keyed digest), of these documents."""
        row = version.c
        query = select(row.content_mac, row.document).where(
            row.document.in_(sorted(owners)), row.status == "published"
        )
        with self._database.transaction() as connection:
            return {each.content_mac: each.document for each in connection.execute(query)}

    def _mac(self, collection: str, folder: str) -> str:
        return self._keys.mac(f"collection/{collection}", f"folder\0{folder}".encode("utf-8", "surrogateescape")).hex()

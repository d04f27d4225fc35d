"""Grants: who may read, add to, or find people by name in a collection, and for which purposes."""

import re
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from appliance.access.grants import Purpose
from appliance.errors import NotFound, UsageError
from appliance.storage import tables
from appliance.storage.database import Database

RIGHTS = ("read", "write", "identify", "reveal", "review")
PRINCIPAL = re.compile(r"(user|group):[^\s@:]{1,64}(@[^\s@:]{1,64})?")


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant. `purposes` is empty when it holds for every purpose."""

    collection: str
    principal: str
    right: str
    purposes: tuple[Purpose, ...] = ()


class Rights:
    """The grants of this appliance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(self, collection: str, principal: str, right: str, purposes: tuple[Purpose, ...] = ()) -> Grant:
        """Give a right on a collection (name or id), replacing the same principal's former one.

        Raises UsageError for a malformed principal or right, NotFound for an unknown collection.
        """
        if not PRINCIPAL.fullmatch(principal):
            raise UsageError("a principal is user:LOGIN or group:NAME", "For example group:nurses")
        if right not in RIGHTS:
            raise UsageError(f"unknown right {right}", f"Use {', '.join(RIGHTS)}")
        with self._database.transaction() as connection:
            identifier = _collection_id(connection.execute, collection)
            connection.execute(_matching(identifier, principal, right))
            connection.execute(
                insert(tables.grant).values(
                    collection=identifier, principal=principal, right=right, purposes=[p.value for p in purposes]
                )
            )
        return Grant(identifier, principal, right, purposes)

    def revoke(self, collection: str, principal: str, right: str) -> bool:
        """Take a right away; obeyed by the next question. True if there was one."""
        with self._database.transaction() as connection:
            identifier = _collection_id(connection.execute, collection)
            return connection.execute(_matching(identifier, principal, right)).rowcount > 0

    def of(self, collection: str) -> list[Grant]:
        """The grants on a collection (name or id)."""
        with self._database.transaction() as connection:
            identifier = _collection_id(connection.execute, collection)
            rows = connection.execute(
                select(tables.grant).where(tables.grant.c.collection == identifier).order_by(tables.grant.c.id)
            ).all()
        return [Grant(r.collection, r.principal, r.right, tuple(map(Purpose, r.purposes))) for r in rows]


def _matching(collection: str, principal: str, right: str):  # type: ignore[no-untyped-def]
    return delete(tables.grant).where(
        tables.grant.c.collection == collection,
        tables.grant.c.principal == principal,
        tables.grant.c.right == right,
    )


def _collection_id(execute, collection: str) -> str:  # type: ignore[no-untyped-def]
    known = (tables.collection.c.name == collection) | (tables.collection.c.id == collection)
    identifier = execute(select(tables.collection.c.id).where(known)).scalar_one_or_none()
    if identifier is None:
        raise NotFound("no such collection", "See `appliance collection list`")
    return str(identifier)

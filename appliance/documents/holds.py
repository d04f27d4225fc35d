"""Legal holds: what must not be erased, whoever asks and whatever the schedule says.

A hold stands on a document, a collection, or a person (a surrogate). It is asked for inside the transaction that
would hide a document, so that none placed before is overtaken. A hold on a person keeps the documents that name
them; a hold on a document keeps its people.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from appliance.errors import NotFound, Refused, UsageError
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

KINDS = ("document", "collection", "person")
_CONTEXT = b"reason"
_hold = tables.hold.c
_version = tables.version.c
_use = tables.surrogate_use.c


class Held(Refused):
    """A legal hold forbids it. `hold` is its id."""

    code = "held"

    def __init__(self, hold: str) -> None:
        super().__init__(f"a legal hold forbids this ({hold})", "Whoever placed it can lift it: `appliance hold list`")
        self.hold = hold


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold. `lifted` is empty while it is in force. The reason is for whoever administers holds only."""

    id: str
    kind: str
    target: str
    placed: str
    placed_by: str
    lifted: str = ""
    lifted_by: str = ""
    reason: str = field(default="", repr=False)


class Holds:
    """The holds of one home."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    def place(self, kind: str, target: str, reason: str, by: str) -> Hold:
        """Place a hold; in force when this returns. Raises UsageError for an unknown kind or an empty reason,
        NotFound when there is no such document or collection."""
        if kind not in KINDS:
            raise UsageError(f"a hold stands on one of {', '.join(KINDS)}", "Name one")
        if not reason.strip():
            raise UsageError("a hold needs a reason", "For example the matter's number")
        identifier = f"h-{secrets.token_hex(6)}"
        with self._database.exclusive() as connection:
            held = _found(connection, kind, target)
            row = {
                "id": identifier, "kind": kind, "target": held, "placed": _now(), "placed_by": by,
                "reason_sealed": self._keys.seal(_scope(identifier), reason.encode(), _CONTEXT),
            }  # fmt: skip
            connection.execute(insert(tables.hold).values(row))
        return self._one(identifier)

    def lift(self, identifier: str, by: str) -> Hold:
        """Lift a hold. Raises NotFound, or UsageError when it was lifted before."""
        with self._database.exclusive() as connection:
            query = update(tables.hold).where(_hold.id == identifier, _hold.lifted.is_(None))
            changed = connection.execute(query.values(lifted=_now(), lifted_by=by)).rowcount
        found = self._one(identifier)
        if not changed:
            raise UsageError("this hold was lifted already", "See `appliance hold list`")
        return found

    def all(self) -> list[Hold]:
        """Every hold, those in force first, the newest first."""
        query = select(tables.hold).order_by(_hold.lifted.is_not(None), _hold.placed.desc())
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        return [self._hold(row) for row in rows]

    def held_places(self) -> tuple[frozenset[str], frozenset[str]]:
        """Ids of held collections, and of the versions of held documents and of documents that name held people."""
        document = _in_force("document")
        person = _in_force("person")
        named = select(_use.version).where(_use.surrogate.in_(person))
        held = or_(_version.document.in_(document), _version.id.in_(named))
        with self._database.transaction() as connection:
            collections = frozenset(connection.execute(_in_force("collection")).scalars())
            return collections, frozenset(connection.execute(select(_version.id).where(held)).scalars())

    def forbid_person(self, domain: str, surrogate: str) -> None:
        """Raise Held when the person, a document that names them, or their collection is held."""
        with self._database.transaction() as connection:
            _refuse(connection, (_hold.kind == "person") & (_hold.target == surrogate))
            _refuse(connection, (_hold.kind == "collection") & (_hold.target == domain))
            named = select(_use.version).where(_use.surrogate == surrogate, _use.domain == domain)
            documents = select(_version.document).where(_version.id.in_(named))
            _refuse(connection, (_hold.kind == "document") & _hold.target.in_(documents))

    def _one(self, identifier: str) -> Hold:
        with self._database.transaction() as connection:
            row = connection.execute(select(tables.hold).where(_hold.id == identifier)).one_or_none()
        if row is None:
            raise NotFound("no such hold", "See `appliance hold list`")
        return self._hold(row)

    def _hold(self, row: Row[Any]) -> Hold:
        reason = self._keys.unseal(_scope(row.id), row.reason_sealed, _CONTEXT).decode()
        return Hold(row.id, row.kind, row.target, row.placed, row.placed_by, row.lifted or "", row.lifted_by, reason)


def forbid(connection: Connection, document: str) -> None:
    """Raise Held when a document, its collection, or somebody it names is held. For `Deletions.begin`."""
    _refuse(connection, (_hold.kind == "document") & (_hold.target == document))
    collection = select(tables.document.c.collection).where(tables.document.c.id == document)
    _refuse(connection, (_hold.kind == "collection") & _hold.target.in_(collection))
    named = select(_use.surrogate).join(tables.version, _version.id == _use.version)
    _refuse(connection, (_hold.kind == "person") & _hold.target.in_(named.where(_version.document == document)))


def _refuse(connection: Connection, condition: Any) -> None:
    found = connection.execute(select(_hold.id).where(condition, _hold.lifted.is_(None)).limit(1)).scalar()
    if found is not None:
        raise Held(found)


def _in_force(kind: str) -> Any:
    return select(_hold.target).where(_hold.kind == kind, _hold.lifted.is_(None))


def _found(connection: Connection, kind: str, target: str) -> str:
    """The id that a hold is placed on. A person may be held before any document names them."""
    if kind == "person":
        return target
    table = tables.document if kind == "document" else tables.collection
    known = table.c.id == target
    if kind == "collection":
        known = known | (tables.collection.c.name == target)
    found = connection.execute(select(table.c.id).where(known)).scalar()
    if found is None:
        raise NotFound(f"no such {kind}", "Give its id")
    return str(found)


def _scope(identifier: str) -> str:
    return f"hold/{identifier}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")

"""Four eyes over access policies: what one person proposes, another approves, and only then it holds.

The policies in force are kept by content in the database. Files in the home's `policies/access` are the draft:
changing them changes nothing until they are proposed and approved. A proposal names the policies it was made
against, and is refused when others have come into force meanwhile.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from appliance.access.policies import AccessPolicies, parse
from appliance.errors import Conflict, IntegrityFailure, NotFound, Refused
from appliance.storage import tables
from appliance.storage.database import Database

INITIAL = "initial"
"""Stands for the person where policies came with the home, before there was anybody."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A text of the policies and what became of it: `proposed`, `in_force`, `retired`, `rejected`. People by id."""

    digest: str
    status: str
    replaces: str
    proposed_by: str
    proposed: str
    approved_by: str
    approved: str


class Approvals:
    """The policies of this home, past, present and proposed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def adopt(self, files: dict[str, str]) -> AccessPolicies:
        """The policies in force; where none are yet, `files` come into force. Raises UsageError when they are wrong,
        IntegrityFailure when what is kept is not what its digest says."""
        with self._database.exclusive() as connection:
            kept = self._in_force(connection)
            if kept is None:
                policies = parse(files)
                self._insert(connection, policies.digest, files, "in_force", "", INITIAL)
                return policies
        policies = parse(kept.files)
        if policies.digest != kept.digest:
            raise IntegrityFailure("the access policies in force were changed in the database", "Restore a backup")
        return policies

    def propose(self, files: dict[str, str], person: str) -> Proposal:
        """Put `files` forward. Raises UsageError when they are wrong, Conflict when they are in force already or
        wait for approval."""
        policies = parse(files)
        with self._database.exclusive() as connection:
            current = self._in_force(connection)
            replaced = current.digest if current else ""
            waiting = select(tables.access_policy.c.id).where(
                tables.access_policy.c.digest == policies.digest, tables.access_policy.c.status == "proposed",
                tables.access_policy.c.replaces == replaced,
            )  # fmt: skip
            if replaced == policies.digest or connection.execute(waiting).first():
                raise Conflict("these policies are in force or proposed already", "See `appliance policy access-list`")
            self._insert(connection, policies.digest, files, "proposed", replaced, person)
        return self.get(policies.digest)

    def approve(self, digest: str, person: str) -> AccessPolicies:
        """Bring a proposal into force. Raises NotFound, Refused for whoever proposed it, Conflict when it was made
        against policies that no longer hold."""
        with self._database.exclusive() as connection:
            row = self._waiting(connection, digest)
            if row.proposed_by == person:
                raise Refused("the second pair of eyes is missing: you proposed this", "Somebody else approves it")
            current = self._in_force(connection)
            if row.replaces != (current.digest if current else ""):
                raise Conflict("other policies have come into force since this was proposed", "Propose it again")
            policies = parse(row.files)
            if policies.digest != row.digest:
                raise IntegrityFailure("the proposal was changed in the database", "Propose it again")
            table = tables.access_policy
            connection.execute(update(table).where(table.c.status == "in_force").values(status="retired"))
            self._conclude(connection, row.id, "in_force", person)
        return policies

    def reject(self, digest: str, person: str) -> Proposal:
        """Take a proposal off the table; its proposer may, too. Raises NotFound."""
        with self._database.exclusive() as connection:
            row = self._waiting(connection, digest)
            self._conclude(connection, row.id, "rejected", person)
        return self.get(row.digest)

    def all(self) -> list[Proposal]:
        """Every text there was, the oldest first."""
        query = select(tables.access_policy).order_by(tables.access_policy.c.id)
        with self._database.transaction() as connection:
            return [_proposal(row) for row in connection.execute(query)]

    def get(self, digest: str) -> Proposal:
        """The latest of a digest (or its first digits). Raises NotFound."""
        found = [each for each in self.all() if each.digest.startswith(digest)] if digest else []
        if not found:
            raise NotFound("no such proposal", "See `appliance policy access-list`")
        return found[-1]

    def files(self, digest: str) -> dict[str, str]:
        """The text of a digest (or its first digits). Raises NotFound."""
        query = select(tables.access_policy.c.files).where(tables.access_policy.c.digest == self.get(digest).digest)
        with self._database.transaction() as connection:
            return dict(connection.execute(query).scalars().first() or {})

    def _in_force(self, connection: Connection):  # type: ignore[no-untyped-def]
        return connection.execute(
            select(tables.access_policy).where(tables.access_policy.c.status == "in_force")
        ).one_or_none()

    def _waiting(self, connection: Connection, digest: str):  # type: ignore[no-untyped-def]
        table = tables.access_policy
        query = select(table).where(table.c.status == "proposed").order_by(table.c.id.desc())
        found = [row for row in connection.execute(query) if digest and row.digest.startswith(digest)]
        if not found:
            raise NotFound("no such proposal", "See `appliance policy access-list`")
        return found[0]

    def _insert(
        self, connection: Connection, digest: str, files: dict[str, str], status: str, replaces: str, person: str
    ) -> None:
        row = {
            "digest": digest, "files": files, "status": status, "replaces": replaces, "proposed_by": person,
            "proposed": _now(), "approved_by": person if status == "in_force" else "",
            "approved": _now() if status == "in_force" else "",
        }  # fmt: skip
        connection.execute(insert(tables.access_policy).values(row))

    def _conclude(self, connection: Connection, identifier: int, status: str, person: str) -> None:
        mine = update(tables.access_policy).where(tables.access_policy.c.id == identifier)
        connection.execute(mine.values(status=status, approved_by=person, approved=_now()))


def _proposal(row) -> Proposal:  # type: ignore[no-untyped-def]
    return Proposal(
        row.digest, row.status, row.replaces, row.proposed_by, row.proposed, row.approved_by, row.approved
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

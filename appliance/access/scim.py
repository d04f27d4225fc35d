"""Joiners and leavers from an identity provider: users and groups of SCIM 2.0 (RFC 7643, RFC 7644).

Accounts that came by SCIM, and no others, are seen and changed here. They have no password: they sign in at the
identity provider. Of what a provider sends, login, display name, `externalId`, `active` and groups are kept, no
addresses and no telephone numbers. Deactivating or deleting an account ends its sessions at once; a deleted one
stays known by its id, so that the audit log can name it, and is seen no more.

A group gives here what `directory_groups` says of its name, else the group of that name (spaces become dashes).
"""

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from appliance.access.joining import GroupMap
from appliance.access.people import LOGIN
from appliance.access.scim_filter import Test, parse, values
from appliance.errors import Conflict, NotFound, PreconditionFailed, UsageError
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PROVIDER = "scim"
MAX_OPERATIONS = 1000
MANAGED = tables.person.c.source == "scim"
_MEMBER = re.compile(r"members\[(.+)\]", re.IGNORECASE)
Resource = dict[str, Any]


class Provisioning:
    """The users and groups of one identity provider. Every change is one transaction; `revision` of None changes
    whatever is there, else PreconditionFailed tells that it is another by now."""

    def __init__(self, database: Database, keys: KeyRing, groups: GroupMap) -> None:
        self._database = database
        self._keys = keys
        self._groups = groups

    # users

    def users(self, filter_text: str = "") -> list[Resource]:
        """Users that match a filter, by login. Raises UsageError for one that is malformed."""
        wanted = _test(filter_text)
        query = select(tables.person.c.id).where(MANAGED).order_by(tables.person.c.login)
        with self._database.transaction() as connection:
            found = [self._user(connection, each) for each in connection.execute(query).scalars()]
        return [each for each in found if wanted(each)]

    def user(self, identifier: str) -> Resource:
        """One user. Raises NotFound."""
        with self._database.transaction() as connection:
            return self._user(connection, identifier)

    def create_user(self, given: Resource) -> Resource:
        """A new user. Raises UsageError, Conflict when the login or the external id is in use."""
        identifier = f"p-{secrets.token_hex(8)}"
        with self._database.exclusive() as connection:
            row = {
                "id": identifier, "login": _login(given), "password_hash": "", "groups": [], "roles": ["reader"],
                "clearance": 0, "compartments": [], "active": int(_active(given)), "source": "scim",
                "created": datetime.now(UTC).isoformat(timespec="seconds"), "revision": 1, "totp_step": 0,
                "name_sealed": self._sealed(identifier, given),
            }  # fmt: skip
            taken = select(tables.person.c.id).where(tables.person.c.login == row["login"])
            if connection.execute(taken).first():
                raise Conflict("the userName is in use", "Choose another")
            connection.execute(insert(tables.person).values(row))
            self._set_external(connection, identifier, given.get("externalId"))
            return self._user(connection, identifier)

    def replace_user(self, identifier: str, given: Resource, revision: int | None = None) -> Resource:
        """Put `given` in place of what a user was. Raises NotFound, UsageError, Conflict, PreconditionFailed."""
        with self._database.exclusive() as connection:
            before = self._user(connection, identifier)
            _unchanged(before, revision)
            login = _login(given)
            taken = select(tables.person.c.id).where(tables.person.c.login == login, tables.person.c.id != identifier)
            if connection.execute(taken).first():
                raise Conflict("the userName is in use", "Choose another")
            active = _active(given)
            values_ = {"login": login, "active": int(active), "name_sealed": self._sealed(identifier, given)}
            self._write_person(connection, identifier, values_)
            self._set_external(connection, identifier, given.get("externalId"))
            if not active:
                connection.execute(delete(tables.session).where(tables.session.c.person == identifier))
            return self._user(connection, identifier)

    def patch_user(self, identifier: str, operations: list[Any], revision: int | None = None) -> Resource:
        """Change a user by operations (RFC 7644, 3.5.2). Raises as `replace_user`."""
        changed = self.user(identifier)
        _unchanged(changed, revision)
        for kind, path, value in _operations(operations):
            parts = {path: value} if path else value
            if not isinstance(parts, dict):
                raise UsageError("an operation without a path needs an object", "See RFC 7644, section 3.5.2")
            for name, part in parts.items():
                _set(changed, name, None if kind == "remove" else part)
        return self.replace_user(identifier, changed, int(changed["meta"]["version"][3:-1]))

    def delete_user(self, identifier: str, revision: int | None = None) -> None:
        """End a user for good: the account stays as a name for the log, ended, and can't be brought back by SCIM.
        Raises NotFound, PreconditionFailed."""
        with self._database.exclusive() as connection:
            _unchanged(self._user(connection, identifier), revision)
            gone = {"active": 0, "source": "left", "login": f"left-{identifier}"}
            self._write_person(connection, identifier, gone)
            self._set_external(connection, identifier, None)  # others stay, so that signing in elsewhere is no way back
            for table in (tables.session, tables.membership, tables.token):
                connection.execute(delete(table).where(table.c.person == identifier))

    # groups

    def groups(self, filter_text: str = "") -> list[Resource]:
        """Groups that match a filter, by name. Raises UsageError for one that is malformed."""
        wanted = _test(filter_text)
        query = select(tables.directory_group.c.id).order_by(tables.directory_group.c.name)
        with self._database.transaction() as connection:
            found = [self._group(connection, each) for each in connection.execute(query).scalars()]
        return [each for each in found if wanted(each)]

    def group(self, identifier: str) -> Resource:
        """One group with its members. Raises NotFound."""
        with self._database.transaction() as connection:
            return self._group(connection, identifier)

    def create_group(self, given: Resource) -> Resource:
        """A new group. Raises UsageError, Conflict when the name is in use."""
        identifier = f"g-{secrets.token_hex(8)}"
        with self._database.exclusive() as connection:
            self._free(connection, _name(given), "")
            connection.execute(
                insert(tables.directory_group).values(
                    id=identifier, name=_name(given), external=str(given.get("externalId") or ""), revision=0,
                    created=datetime.now(UTC).isoformat(timespec="seconds"),
                )
            )  # fmt: skip
            return self._write_group(connection, identifier, given)

    def replace_group(self, identifier: str, given: Resource, revision: int | None = None) -> Resource:
        """Put `given` in place of what a group was. Raises NotFound, UsageError, Conflict, PreconditionFailed."""
        with self._database.exclusive() as connection:
            _unchanged(self._group(connection, identifier), revision)
            self._free(connection, _name(given), identifier)
            return self._write_group(connection, identifier, given)

    def patch_group(self, identifier: str, operations: list[Any], revision: int | None = None) -> Resource:
        """Change a group by operations: members added and removed, renamed. Raises as `replace_group`."""
        changed = self.group(identifier)
        _unchanged(changed, revision)
        for kind, path, value in _operations(operations):
            filtered = _MEMBER.fullmatch(path)
            if filtered and kind == "remove":
                leaving = parse(filtered[1])
                changed["members"] = [each for each in changed["members"] if not leaving(each)]
            elif path.lower() == "members" or (not path and isinstance(value, dict) and "members" in value):
                _change_members(changed, kind, value if path else value["members"])
            elif path or isinstance(value, dict):
                for name, part in ({path: value} if path else value).items():
                    _set(changed, name, None if kind == "remove" else part)
        return self.replace_group(identifier, changed, int(changed["meta"]["version"][3:-1]))

    def delete_group(self, identifier: str, revision: int | None = None) -> None:
        """Remove a group; its members lose what it gave. Raises NotFound, PreconditionFailed."""
        with self._database.exclusive() as connection:
            before = self._group(connection, identifier)
            _unchanged(before, revision)
            connection.execute(delete(tables.directory_group).where(tables.directory_group.c.id == identifier))
            for member in before["members"]:
                self._derive(connection, member["value"])

    # how they are kept

    def _user(self, connection: Connection, identifier: str) -> Resource:
        row = connection.execute(select(tables.person).where(tables.person.c.id == identifier, MANAGED)).first()
        if row is None:
            raise NotFound("no such user")
        mine = tables.identity.c.provider == PROVIDER, tables.identity.c.person == identifier
        external = connection.execute(select(tables.identity.c.subject).where(*mine)).scalar_one_or_none()
        joined = select(tables.directory_group).join(tables.membership).where(tables.membership.c.person == identifier)
        name = self._keys.unseal(f"person/{identifier}", row.name_sealed, b"name").decode()
        return {
            "schemas": [USER], "id": row.id, "userName": row.login, "active": bool(row.active), "displayName": name,
            **({"externalId": external} if external else {}),
            "name": {"formatted": name},
            "groups": [{"value": each.id, "display": each.name} for each in connection.execute(joined)],
            "meta": _meta("User", row),
        }  # fmt: skip

    def _group(self, connection: Connection, identifier: str) -> Resource:
        group = tables.directory_group
        row = connection.execute(select(group).where(group.c.id == identifier)).first()
        if row is None:
            raise NotFound("no such group")
        members = select(tables.person.c.id, tables.person.c.login).join(tables.membership)
        joined = connection.execute(members.where(tables.membership.c.group == identifier).order_by("login"))
        return {
            "schemas": [GROUP], "id": row.id, "displayName": row.name,
            **({"externalId": row.external} if row.external else {}),
            "members": [{"value": each.id, "display": each.login} for each in joined],
            "meta": _meta("Group", row),
        }  # fmt: skip

    def _write_group(self, connection: Connection, identifier: str, given: Resource) -> Resource:
        before = {each["value"] for each in self._group(connection, identifier)["members"]}
        after = _members(given.get("members"))
        for member in after - before:
            self._user(connection, member)  # NotFound for whom SCIM does not manage
        group = tables.directory_group
        connection.execute(
            update(group).where(group.c.id == identifier).values(
                name=_name(given), external=str(given.get("externalId") or ""), revision=group.c.revision + 1
            )
        )  # fmt: skip
        connection.execute(delete(tables.membership).where(tables.membership.c.group == identifier))
        for member in sorted(after):
            connection.execute(insert(tables.membership).values(group=identifier, person=member))
        for member in sorted(before | after):
            self._derive(connection, member)
        return self._group(connection, identifier)

    def _derive(self, connection: Connection, person: str) -> None:
        """What a person's groups give here, written to the account."""
        joined = select(tables.directory_group.c.name).join(tables.membership)
        names = list(connection.execute(joined.where(tables.membership.c.person == person)).scalars())
        given = self._groups.attributes(names)
        plain = {re.sub(r"[\s@:]+", "-", name.strip())[:64] for name in names if not self._groups.knows(name)}
        self._write_person(
            connection, person,
            {"groups": sorted(given.groups | plain), "roles": sorted(given.roles), "clearance": given.clearance,
             "compartments": sorted(given.compartments)},
        )  # fmt: skip

    def _write_person(self, connection: Connection, person: str, changed: dict[str, Any]) -> None:
        revision = tables.person.c.revision + 1
        connection.execute(
            update(tables.person).where(tables.person.c.id == person).values(**changed, revision=revision)
        )

    def _set_external(self, connection: Connection, person: str, external: Any) -> None:
        connection.execute(
            delete(tables.identity).where(tables.identity.c.provider == PROVIDER, tables.identity.c.person == person)
        )
        if not external:
            return
        subject = str(external)[:200]
        mine = tables.identity.c.provider == PROVIDER, tables.identity.c.subject == subject
        if connection.execute(select(tables.identity).where(*mine)).first():
            raise Conflict("the externalId is in use", "Each user has one of their own")
        connection.execute(insert(tables.identity).values(provider=PROVIDER, subject=subject, person=person))

    def _free(self, connection: Connection, name: str, but: str) -> None:
        group = tables.directory_group
        if connection.execute(select(group.c.id).where(group.c.name == name, group.c.id != but)).first():
            raise Conflict("the displayName is in use", "Choose another")

    def _sealed(self, identifier: str, given: Resource) -> bytes:
        told = [given.get("displayName"), *values(given, "name.formatted")]
        parts = [*values(given, "name.givenName"), *values(given, "name.familyName")]
        name = next((each for each in told if isinstance(each, str) and each), "") or " ".join(map(str, parts))
        return self._keys.seal(f"person/{identifier}", (name or _login(given))[:200].encode(), b"name")


def _test(text: str) -> Test:
    return parse(text) if text.strip() else lambda resource: True


def _meta(kind: str, row: Any) -> Resource:
    place = f"/scim/v2/{kind}s/{row.id}"
    return {"resourceType": kind, "created": row.created, "location": place, "version": f'W/"{row.revision}"'}


def _unchanged(before: Resource, revision: int | None) -> None:
    if revision is not None and before["meta"]["version"] != f'W/"{revision}"':
        raise PreconditionFailed("somebody else has changed it meanwhile", "Read it again")


def _login(given: Resource) -> str:
    login = given.get("userName")
    if not isinstance(login, str) or not LOGIN.fullmatch(login.strip().lower()):
        raise UsageError("userName is 1 to 64 of a-z 0-9 . _ @ -", "Map another attribute to it")
    return login.strip().lower()


def _name(given: Resource) -> str:
    name = given.get("displayName")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 200:
        raise UsageError("displayName is 1 to 200 characters", "Give the group a name")
    return name.strip()


def _active(given: Resource) -> bool:
    active = given.get("active", True)
    if isinstance(active, str) and active.lower() in ("true", "false"):  # as one widespread provider sends it
        return active.lower() == "true"
    if not isinstance(active, bool):
        raise UsageError("active is true or false", "See RFC 7643, section 4.1.1")
    return active


def _members(given: Any) -> set[str]:
    if given is None:
        return set()
    if not isinstance(given, list) or not all(isinstance(e, dict) and isinstance(e.get("value"), str) for e in given):
        raise UsageError("members is a list of objects with a value", "See RFC 7643, section 4.2")
    return {each["value"] for each in given}


def _change_members(changed: Resource, kind: str, given: Any) -> None:
    before = {each["value"] for each in changed["members"]}
    told = _members(given if isinstance(given, list) or given is None else [given])
    after = {"add": before | told, "replace": told, "remove": before - told if given is not None else set()}[kind]
    changed["members"] = [{"value": each} for each in sorted(after)]


def _operations(given: list[Any]) -> list[tuple[str, str, Any]]:
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_OPERATIONS:
        raise UsageError(f"Operations is a list of 1 to {MAX_OPERATIONS}", "See RFC 7644, section 3.5.2")
    told = []
    for each in given:
        kind = str(each.get("op", "")).lower() if isinstance(each, dict) else ""
        path = each.get("path", "") if kind else ""
        if kind not in ("add", "replace", "remove") or not isinstance(path, str) or (kind == "remove" and not path):
            raise UsageError("an operation is add, replace or remove, with a path to remove", "See RFC 7644, 3.5.2")
        told.append((kind, path, each.get("value")))
    return told


def _set(changed: Resource, path: str, value: Any) -> None:
    """Set an attribute that is kept here; others are taken and not kept."""
    name = path.rpartition(":")[2].lower()
    kept = {"username": "userName", "displayname": "displayName", "externalid": "externalId", "active": "active"}
    if name in ("name.formatted", "name") and value is not None:
        formatted = value if isinstance(value, str) else value.get("formatted") if isinstance(value, dict) else None
        if formatted:
            changed["displayName"] = formatted
    elif name == "displayname" and value is None:
        changed.pop("displayName", None)
    elif name in kept:
        changed[kept[name]] = value

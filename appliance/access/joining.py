"""People who are known elsewhere: a directory (LDAP), an identity provider (OpenID Connect, SCIM).

What they may do here is decided by a table of the site, `directory_groups`: each group there gives words here,
`group:NAME`, `role:NAME`, `clearance:NUMBER` or `compartment:NAME`. What the table does not name gives nothing.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, update

from appliance.access.grants import Person
from appliance.access.people import LOGIN, ROLES, People
from appliance.errors import Refused, UsageError
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

NAME = re.compile(r"[^\s@:]{1,64}")
MAX_CLEARANCE = 100


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a person's groups elsewhere give them here."""

    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset({"reader"})
    clearance: int = 0
    compartments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody as an identity provider or a directory tells of them. `subject` never changes there."""

    provider: str
    subject: str
    login: str
    name: str
    groups: tuple[str, ...] = ()


class GroupMap:
    """The site's table. Names of groups are compared without regard to case and to spaces around commas."""

    def __init__(self, table: Mapping[str, Sequence[str]]) -> None:
        """Raises UsageError for a word of the table that means nothing."""
        self._table = {_plain(name): [_word(name, word) for word in words] for name, words in table.items()}

    def knows(self, group: str) -> bool:
        """Whether the table says anything of a group."""
        return _plain(group) in self._table

    def attributes(self, groups: Iterable[str]) -> Attributes:
        """What membership of `groups` gives; the highest clearance counts."""
        words = [word for group in groups for word in self._table.get(_plain(group), ())]
        return Attributes(
            groups=frozenset(value for kind, value in words if kind == "group"),
            roles=frozenset({"reader", *(value for kind, value in words if kind == "role")}),
            clearance=max((int(value) for kind, value in words if kind == "clearance"), default=0),
            compartments=frozenset(value for kind, value in words if kind == "compartment"),
        )


class Joining:
    """Lets in whom an identity provider vouches for: an account is made at the first sign-in and follows the
    provider's word at each later one."""

    def __init__(self, database: Database, keys: KeyRing, people: People, groups: GroupMap) -> None:
        self._database = database
        self._keys = keys
        self._people = people
        self._groups = groups

    def admit(self, known: Known, source: str) -> Person:
        """The account of `known`, made or brought up to date.

        Raises Refused when the login is malformed or belongs to somebody else here (a local account is never
        taken over), or when the account was ended here.
        """
        given = self._groups.attributes(known.groups)
        with self._database.exclusive() as connection:
            mine = tables.identity.c.provider == known.provider, tables.identity.c.subject == known.subject
            person = connection.execute(select(tables.identity.c.person).where(*mine)).scalar_one_or_none()
            if person is None:
                person = self._link(connection, known, source)
            row = connection.execute(select(tables.person).where(tables.person.c.id == person)).one()
            if not row.active:
                raise _refusal()
            values = {
                "groups": sorted(given.groups), "roles": sorted(given.roles), "clearance": given.clearance,
                "compartments": sorted(given.compartments),
            }  # fmt: skip
            if row.source != "scim" and any(getattr(row, name) != value for name, value in values.items()):
                values |= {"revision": row.revision + 1}
                connection.execute(update(tables.person).where(tables.person.c.id == person).values(values))
        return self._people.by_id(person)

    def of(self, provider: str) -> list[Person]:
        """Everybody active whom `provider` vouched for, by login."""
        mine = select(tables.identity.c.person).where(tables.identity.c.provider == provider)
        with self._database.transaction() as connection:
            known = set(connection.execute(mine).scalars())
        return [person for person in self._people.everyone() if person.id in known]

    def _link(self, connection, known: Known, source: str) -> str:  # type: ignore[no-untyped-def]
        login = known.login.strip().lower()
        if not LOGIN.fullmatch(login):
            raise _refusal()
        row = connection.execute(select(tables.person).where(tables.person.c.login == login)).one_or_none()
        if row is not None and row.source != "scim":
            raise _refusal()
        person = str(row.id) if row is not None else f"p-{secrets.token_hex(8)}"
        if row is None:
            connection.execute(insert(tables.person).values(self._row(person, login, known.name, source)))
        connection.execute(
            insert(tables.identity).values(provider=known.provider, subject=known.subject, person=person)
        )
        return person

    def _row(self, person: str, login: str, name: str, source: str) -> dict[str, object]:
        return {
            "id": person, "login": login, "password_hash": "", "groups": [], "roles": ["reader"], "clearance": 0,
            "name_sealed": self._keys.seal(f"person/{person}", (name or login)[:200].encode(), b"name"),
            "compartments": [], "active": 1, "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "revision": 1, "source": source, "totp_step": 0,
        }  # fmt: skip


def _refusal() -> Refused:
    return Refused("this account cannot be used here", "Ask your administrator")


def _plain(name: str) -> str:
    return re.sub(r"\s*,\s*", ",", name.strip()).casefold()


def _word(group: str, word: str) -> tuple[str, str]:
    kind, _, value = word.partition(":")
    fits = {
        "group": lambda: NAME.fullmatch(value) is not None,
        "role": lambda: value in ROLES,
        "clearance": lambda: value.isdecimal() and int(value) <= MAX_CLEARANCE,
        "compartment": lambda: NAME.fullmatch(value) is not None,
    }.get(kind)
    if fits is None or not fits():
        raise UsageError(
            f"setting directory_groups: {word[:60]!r} of {group[:60]!r} means nothing",
            "Write group:NAME, role:NAME, clearance:NUMBER or compartment:NAME",
        )
    return kind, value

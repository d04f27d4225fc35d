"""Local accounts: argon2id passwords (RFC 9106), no enumeration by text or time, lock-out by rate."""

import re
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import argon2
from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from appliance.access.grants import Person
from appliance.errors import NotFound, Refused, TooManyRequests, Unavailable, UsageError
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

ROLES = frozenset({"reader", "editor", "administrator", "auditor", "privacy_officer"})
LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
MIN_PASSWORD_CHARS = 12
ATTEMPTS, WINDOW_SECONDS = 10, 60.0
REMEMBERED_SOURCES = 10_000
Elsewhere = Callable[[str, str], Person | None]
"""Who signs in with a login and a password at a directory; with an empty password nobody, in the same time."""


class People:
    """The accounts of this appliance. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys
        self._hasher = argon2.PasswordHasher()  # argon2id, RFC 9106 low-memory profile
        self._decoy = self._hasher.hash(secrets.token_hex(16))
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()
        self.elsewhere: Elsewhere | None = None

    def create(
        self,
        login: str,
        name: str,
        password: str,
        *,
        groups: frozenset[str] = frozenset(),
        roles: frozenset[str] = frozenset({"reader"}),
        clearance: int = 0,
        compartments: frozenset[str] = frozenset(),
    ) -> Person:
        """Add an account. Raises UsageError for a bad login, role or password, or a login in use."""
        if not LOGIN.fullmatch(login):
            raise UsageError("a login is 1 to 64 of a-z 0-9 . _ @ -", "Choose another")
        if unknown := roles - ROLES:
            raise UsageError(f"unknown role {min(unknown)}", f"Use {', '.join(sorted(ROLES))}")
        _check_password(password)
        identifier = f"p-{secrets.token_hex(8)}"
        row = {
            "id": identifier,
            "login": login,
            "name_sealed": self._keys.seal(_scope(identifier), name.encode(), b"name"),
            "password_hash": self._hasher.hash(password),
            "groups": sorted(groups),
            "roles": sorted(roles),
            "clearance": clearance,
            "compartments": sorted(compartments),
            "active": 1,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            with self._database.transaction() as connection:
                connection.execute(insert(tables.person).values(row))
        except IntegrityError as error:
            raise UsageError(f"the login {login} is in use", "Choose another") from error
        return self.by_login(login)

    def by_login(self, login: str) -> Person:
        """The active person with this login. Raises NotFound."""
        return self._one(tables.person.c.login == login)

    def by_id(self, identifier: str) -> Person:
        """The active person with this id. Raises NotFound."""
        return self._one(tables.person.c.id == identifier)

    def everyone(self) -> list[Person]:
        """All active people, by login."""
        query = select(tables.person).where(tables.person.c.active == 1).order_by(tables.person.c.login)
        with self._database.transaction() as connection:
            return [self._person(row) for row in connection.execute(query)]

    def authenticate(self, login: str, password: str, source: str) -> Person:
        """The person who knows this password.

        Raises Refused with one text, after one hash computation, whether login or password was wrong, and
        TooManyRequests when `source` (a network address) failed 10 times within a minute. No account is ever
        locked by somebody else's attempts, and those who know their passwords do not count: a whole hospital
        may come from one address.

        Where people may be known `elsewhere`, that is asked at every sign-in, whoever it is, so that the time
        tells nothing; it never sees the password of an account that has one here.
        """
        attempt = self.attempt(source)
        query = select(tables.person).where(tables.person.c.login == login, tables.person.c.active == 1)
        with self._database.transaction() as connection:
            row = connection.execute(query).one_or_none()
        has_password = row is not None and bool(row.password_hash)
        person = None
        try:
            self._hasher.verify(row.password_hash if row is not None and has_password else self._decoy, password)
            person = self._person(row) if row is not None and has_password else None
        except (argon2.exceptions.VerificationError, UnicodeEncodeError):
            person = None
        if self.elsewhere is not None:
            try:
                known = self.elsewhere(login, "" if has_password else password)
            except Unavailable:
                if person is None:
                    raise
                known = None
            person = person or known
        if person is None:
            raise Refused("the login or the password is wrong", "Try again, or ask your administrator")
        self.succeeded(source, attempt)
        return person

    def set_password(self, login: str, password: str) -> None:
        """Replace a password. Raises NotFound, or UsageError when it is too short."""
        _check_password(password)
        self._change(login, password_hash=self._hasher.hash(password))

    def deactivate(self, login: str) -> None:
        """End an account and its sessions; the next question is refused. Raises NotFound."""
        person = self.by_login(login)
        with self._database.transaction() as connection:
            connection.execute(tables.session.delete().where(tables.session.c.person == person.id))
        self._change(login, active=0)

    def _change(self, login: str, **values: object) -> None:
        with self._database.transaction() as connection:
            changed = connection.execute(update(tables.person).where(tables.person.c.login == login).values(values))
        if changed.rowcount == 0:
            raise NotFound("no such user", "See `appliance user list`")

    def _one(self, condition: object) -> Person:
        with self._database.transaction() as connection:
            row = connection.execute(
                select(tables.person).where(condition, tables.person.c.active == 1)  # type: ignore[arg-type]
            ).one_or_none()
        if row is None:
            raise NotFound("no such user", "See `appliance user list`")
        return self._person(row)

    def _person(self, row: Row[Any]) -> Person:
        return Person(
            id=row.id,
            login=row.login,
            name=self._keys.unseal(_scope(row.id), row.name_sealed, b"name").decode(),
            groups=frozenset(row.groups),
            roles=frozenset(row.roles),
            clearance=row.clearance,
            compartments=frozenset(row.compartments),
        )

    def attempt(self, source: str) -> float:
        """Count an attempt from `source`; its mark is for `succeeded`. Raises TooManyRequests at the 11th of a
        minute."""
        now = time.monotonic()
        with self._lock:
            times = self._attempts.setdefault(source, deque(maxlen=ATTEMPTS))
            self._attempts.move_to_end(source)
            if len(self._attempts) > REMEMBERED_SOURCES:
                self._attempts.popitem(last=False)
            if len(times) == ATTEMPTS and now - times[0] < WINDOW_SECONDS:
                raise TooManyRequests("too many sign-in attempts from here", "Wait a minute")
            times.append(now)
        return now

    def succeeded(self, source: str, attempt: float) -> None:
        """Take back an attempt that was no guess."""
        with self._lock:
            times = self._attempts.get(source)
            if times is not None and attempt in times:
                times.remove(attempt)


def _check_password(password: str) -> None:
    if len(password) < MIN_PASSWORD_CHARS:
        raise UsageError(f"a password has at least {MIN_PASSWORD_CHARS} characters", "Choose a longer one")


def _scope(identifier: str) -> str:
    return f"person/{identifier}"

"""Signed-in sessions: random tokens, stored as digests, ended by time, by sign-out or with the account."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from appliance.access.clock import Clock
from appliance.access.grants import Person
from appliance.access.people import People
from appliance.errors import NotFound, Refused, SignInRequired
from appliance.storage import tables
from appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: who, and the token that forms must carry against cross-site requests.

    `token` is the id of the API token where the request came with one instead of a cookie. `method` is how the
    person signed in: `password`, `password and code`, `password and passkey`, `openid`.
    """

    person: Person
    csrf: str = field(repr=False)
    token: str = ""
    method: str = ""


class Sessions:
    """Opens and resolves sessions. `minutes` is how long one lasts."""

    def __init__(self, database: Database, people: People, minutes: int, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._database = database
        self._people = people
        self._minutes = minutes

    def open(self, person: Person, method: str = "password") -> str:
        """Start a session of somebody who signed in by `method`; returns the token for the cookie, 256 random bits."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        row = {
            "token_hash": _digest(token),
            "person": person.id,
            "csrf": secrets.token_urlsafe(24),
            "created": now.isoformat(),
            "method": method,
            "expires": (now + timedelta(minutes=self._minutes)).isoformat(),
        }
        with self._database.transaction() as connection:
            connection.execute(delete(tables.session).where(tables.session.c.expires < now.isoformat()))
            connection.execute(insert(tables.session).values(row))
        return token

    def resolve(self, token: str | None) -> Session:
        """The session of a token. Raises SignInRequired when there is none, or the account has ended."""
        if not token:
            raise SignInRequired("sign in first")
        query = select(tables.session).where(tables.session.c.token_hash == _digest(token))
        with self._database.transaction() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.expires < self._clock.now().isoformat():
            raise SignInRequired("your session has ended", "Sign in again")
        try:
            return Session(self._people.by_id(row.person), row.csrf, method=row.method)
        except NotFound as error:
            raise SignInRequired("your session has ended", "Sign in again") from error

    def strengthen(self, token: str, method: str) -> None:
        """Note that the person of a session has shown a second factor since."""
        mine = tables.session.c.token_hash == _digest(token)
        with self._database.transaction() as connection:
            connection.execute(update(tables.session).where(mine).values(method=method))

    def close(self, token: str) -> None:
        """End a session; unknown tokens are no error."""
        with self._database.transaction() as connection:
            connection.execute(delete(tables.session).where(tables.session.c.token_hash == _digest(token)))


def check_csrf(session: Session, given: str | None) -> None:
    """Raise Refused unless `given` is the session's token. A request with an API token needs none: no other site
    can make a browser send that."""
    if session.token:
        return
    if not given or not hmac.compare_digest(session.csrf.encode(), given.encode()):
        raise Refused("this form is out of date", "Reload the page and try again")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

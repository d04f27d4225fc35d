"""API tokens: what a program signs in with. Scoped, expiring, revocable, kept as digests.

A token is `apl_<id>_<secret>`: the id finds its row, the secret is 256 random bits, of which the database holds
the SHA-256 (no slow hash is needed for what cannot be guessed). It acts as its person and can do no more than
they can: whoever loses an account or a grant loses them for their tokens too, at the next request.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from appliance.access.clock import Clock
from appliance.access.grants import Person
from appliance.access.people import People
from appliance.errors import NotFound, Refused, SignInRequired, UsageError
from appliance.storage import tables
from appliance.storage.database import Database

SCOPES = {
    "ask": "put questions, as the page and `/v1/chat/completions` do",
    "read": "list documents and see their redacted pages",
    "write": "add documents",
    "audit": "read the audit log and its reports",
    "scim": "create, change and end accounts and groups (SCIM 2.0); the person must be an administrator",
}
MAX_DAYS = 366
MAX_TOKEN_CHARS = 200
_FORM = re.compile(r"apl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret. Times are ISO 8601, UTC; `revoked` is empty while it stands."""

    id: str
    person: str
    scopes: frozenset[str]
    purpose: str
    created: str
    expires: str
    revoked: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a token acts as, and what it may be used for."""

    person: Person
    token: Token


class Tokens:
    """Makes, verifies and revokes tokens. Thread-safe."""

    def __init__(self, database: Database, people: People, clock: Clock) -> None:
        self._database = database
        self._people = people
        self._clock = clock

    def create(self, login: str, scopes: frozenset[str], days: int, purpose: str = "") -> tuple[str, Token]:
        """A new token of the account `login`; the first string is shown once and kept nowhere.

        Raises UsageError for an unknown scope, none at all, or a duration outside 1 to 366 days; NotFound.
        """
        if unknown := scopes - SCOPES.keys():
            raise UsageError(f"unknown scope {min(unknown)[:40]}", f"Use {', '.join(SCOPES)}")
        if not scopes:
            raise UsageError("a token needs a scope", f"Use {', '.join(SCOPES)}")
        if not 1 <= days <= MAX_DAYS:
            raise UsageError(f"a token lasts 1 to {MAX_DAYS} days", "Choose a shorter time and renew it")
        person = self._people.by_login(login)
        now = self._clock.now()
        made = Token(
            id=secrets.token_hex(8),
            person=person.id,
            scopes=scopes,
            purpose=purpose[:80],
            created=now.isoformat(timespec="seconds"),
            expires=(now + timedelta(days=days)).isoformat(timespec="seconds"),
        )
        secret = secrets.token_urlsafe(32)
        row = {name: getattr(made, name) for name in ("id", "person", "purpose", "created", "expires")}
        with self._database.transaction() as connection:
            connection.execute(
                insert(tables.token).values(**row, scopes=sorted(scopes), secret_hash=_digest(secret), revoked="")
            )
        return f"apl_{made.id}_{secret}", made

    def verify(self, text: str | None, scope: str) -> Holder:
        """Who `text` acts as, for something that needs `scope`.

        Raises SignInRequired, in the same words, for a token that is malformed, unknown, revoked or expired or
        whose account has ended; Refused when it stands but lacks the scope.
        """
        form = _FORM.fullmatch(text or "")
        if form is None or len(text or "") > MAX_TOKEN_CHARS:
            raise _unknown()
        query = select(tables.token).where(tables.token.c.id == form[1])
        with self._database.transaction() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or not hmac.compare_digest(row.secret_hash, _digest(form[2])):
            raise _unknown()
        if row.revoked or row.expires <= self._clock.now().isoformat(timespec="seconds"):
            raise _unknown()
        try:
            person = self._people.by_id(row.person)
        except NotFound as error:
            raise _unknown() from error
        token = _token(row)
        if scope not in token.scopes:
            raise Refused(f"this token is not for {scope}", "Have one made with that scope")
        return Holder(person, token)

    def all(self, login: str = "") -> list[Token]:
        """Every token (of one account), the newest last, ended ones too."""
        query = select(tables.token).order_by(tables.token.c.created, tables.token.c.id)
        if login:
            query = query.where(tables.token.c.person == self._people.by_login(login).id)
        with self._database.transaction() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke(self, identifier: str) -> Token:
        """End a token; obeyed by the next request, and streams it started are cut. Raises NotFound."""
        now = self._clock.now().isoformat(timespec="seconds")
        mine = tables.token.c.id == identifier.removeprefix("apl_").partition("_")[0]
        with self._database.exclusive() as connection:
            connection.execute(update(tables.token).where(mine, tables.token.c.revoked == "").values(revoked=now))
            row = connection.execute(select(tables.token).where(mine)).one_or_none()
        if row is None:
            raise NotFound("no such token", "See `appliance token list`")
        return _token(row)

    def forget(self, person: str) -> None:
        """Remove every token of a person's id."""
        with self._database.transaction() as connection:
            connection.execute(delete(tables.token).where(tables.token.c.person == person))


def _unknown() -> SignInRequired:
    return SignInRequired("this token is not valid", "Have a new one made: `appliance token create`")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row) -> Token:  # type: ignore[no-untyped-def]
    return Token(row.id, row.person, frozenset(row.scopes), row.purpose, row.created, row.expires, row.revoked)

"""A second factor for accounts with a password: time-based codes (RFC 6238) and passkeys (`passkeys.py`).

A code is good once: the time step of the last one used is kept, and an older or equal step is refused. Enrolment
proves possession first. Between password and second factor a person holds a ticket: it is for this one sign-in,
five tries and five minutes, and kept in memory.
"""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import pyotp
from sqlalchemy import delete, select, update

from appliance.access.clock import Clock
from appliance.access.grants import Person
from appliance.errors import Refused
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

STEP_SECONDS = 30
TICKET_SECONDS, TICKET_TRIES, MAX_TICKETS = 300.0, 5, 10_000
ISSUER = "Ask your documents"


class Codes:
    """One-time codes of authenticator apps. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._offered: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def offer(self, person: Person) -> tuple[str, str]:
        """A fresh secret (base32) and its address for authenticator apps; nothing holds until `enrol`."""
        secret = pyotp.random_base32()
        with self._lock:
            self._offered[person.id] = secret
            while len(self._offered) > MAX_TICKETS:
                self._offered.popitem(last=False)
        return secret, pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=ISSUER)

    def enrol(self, person: Person, code: str) -> None:
        """Take the offered secret into use, once a code of it was given. Raises Refused for a wrong one."""
        with self._lock:
            secret = self._offered.get(person.id, "")
        step = self._step(secret, code) if secret else None
        if step is None:
            raise Refused("the code is wrong", "Wait for the next one, and check the clock of your phone")
        sealed = self._keys.seal(f"person/{person.id}", secret.encode(), b"totp")
        with self._database.transaction() as connection:
            mine = update(tables.person).where(tables.person.c.id == person.id)
            connection.execute(mine.values(totp_sealed=sealed, totp_step=step))
        with self._lock:
            self._offered.pop(person.id, None)

    def has(self, person: str) -> bool:
        """Whether a person's id has enrolled an app."""
        return self._secret(person) is not None

    def check(self, person: str, code: str) -> bool:
        """Whether `code` is right now and was not used before; if so it is used."""
        secret = self._secret(person)
        step = self._step(secret, code) if secret else None
        if step is None:
            return False
        with self._database.exclusive() as connection:
            newer = tables.person.c.id == person, tables.person.c.totp_step < step
            return connection.execute(update(tables.person).where(*newer).values(totp_step=step)).rowcount == 1

    def _secret(self, person: str) -> str | None:
        query = select(tables.person.c.totp_sealed).where(tables.person.c.id == person)
        with self._database.transaction() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        return self._keys.unseal(f"person/{person}", sealed, b"totp").decode() if sealed else None

    def _step(self, secret: str, code: str) -> int | None:
        """The time step of a code: this one, or a neighbour for clocks that differ by less than a step."""
        now, totp = int(self._clock.now().timestamp()) // STEP_SECONDS, pyotp.TOTP(secret)
        for step in (now - 1, now, now + 1):
            if hmac.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()):
                return step
        return None


@dataclass(slots=True)
class Ticket:
    """Somebody who knows a password and has yet to show a second factor. `challenge` is a passkey's."""

    person: str
    challenge: bytes
    until: float
    tries: int = TICKET_TRIES


class Tickets:
    """The tickets of sign-ins under way. Thread-safe."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()
        self._lock = threading.Lock()

    def issue(self, person: str, challenge: bytes = b"") -> str:
        """A ticket for a person's id."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._tickets[name] = Ticket(person, challenge, time.monotonic() + TICKET_SECONDS)
            while len(self._tickets) > MAX_TICKETS:
                self._tickets.popitem(last=False)
        return name

    def use(self, name: str) -> Ticket:
        """The ticket, one try fewer. Raises Refused when it is unknown, late or used up."""
        with self._lock:
            ticket = self._tickets.get(name)
            if ticket is None or ticket.until < time.monotonic() or ticket.tries < 1:
                self._tickets.pop(name, None)
                raise Refused("this sign-in took too long or too many tries", "Begin again")
            ticket.tries -= 1
            return ticket

    def spend(self, name: str) -> None:
        """The sign-in is done: the ticket is worth nothing more."""
        with self._lock:
            self._tickets.pop(name, None)


def reset(database: Database, person: str) -> None:
    """Forget every second factor of a person's id and end their sessions: they have lost their phone or key."""
    with database.transaction() as connection:
        mine = update(tables.person).where(tables.person.c.id == person)
        connection.execute(mine.values(totp_sealed=None, totp_step=0))
        connection.execute(delete(tables.passkey).where(tables.passkey.c.person == person))
        connection.execute(delete(tables.session).where(tables.session.c.person == person))

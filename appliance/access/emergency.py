"""Breaking the glass: access at once in an emergency, for an hour at most, and never without a second look.

The purpose `emergency` opens nothing by itself. Who holds a grant for it (`grant add ... --purpose emergency`) may
break the glass: with a purpose code and a reason, recorded before it opens anything. It then opens what those
grants name, no clearance or compartment more, until it ends by itself. Somebody else reviews it within a day (45 CFR
164.312(a)(2)(ii) emergency access procedure, 164.308(a)(1)(ii)(D) review); what is overdue is on the dashboard.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from appliance.access.grants import Person
from appliance.audit.events import EmergencyAccess
from appliance.audit.log import AuditLog
from appliance.errors import NotFound, Refused, UsageError
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

CODES = {
    "ETREAT": "emergency treatment",
    "BTG": "break the glass: normal access is not enough",
    "THREAT": "a serious threat to health or safety",
    "DISASTER": "a disaster",
}
"""Of the HL7 value set PurposeOfUse (v3-PurposeOfUse)."""
FINDINGS = ("justified", "not justified", "to be investigated")
LONGEST_MINUTES = 60
REVIEW_HOURS = 24
MIN_REASON_CHARS = 10
TOLD = f"Somebody else reviews this access within {REVIEW_HOURS} hours. Everything you ask and open is recorded."
_emergency = tables.emergency.c


@dataclass(frozen=True, slots=True)
class Emergency:
    """One broken glass. Times are ISO 8601, UTC; `reviewed` is empty until somebody else has."""

    id: str
    person: str
    code: str
    opened: str
    until: str
    due: str
    reviewed: str = ""
    reviewed_by: str = ""
    finding: str = ""
    reason: str = field(default="", repr=False)
    note: str = field(default="", repr=False)

    def overdue(self, now: datetime) -> bool:
        """Whether its review should have been done by now."""
        return not self.reviewed and self.due < _text(now)

    def is_open(self, now: datetime) -> bool:
        """Whether it opens anything now."""
        return self.opened <= _text(now) < self.until


class Emergencies:
    """The broken glasses of one home. `now` never goes back (`Clock`), so that what has ended stays ended."""

    def __init__(self, database: Database, keys: KeyRing, log: AuditLog, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._log = log
        self._now = now

    def open(self, person: Person, code: str, reason: str, minutes: int = LONGEST_MINUTES) -> Emergency:
        """Break the glass for `person`, who may (`Access.may_break_glass`); in force when this returns.

        Raises UsageError for an unknown code, a reason that says nothing, or more than an hour, and when it is
        open already.
        """
        if code not in CODES:
            raise UsageError("an emergency needs a purpose code", f"Use one of {', '.join(CODES)}")
        if len(reason.strip()) < MIN_REASON_CHARS:
            raise UsageError("say in a few words what the emergency is", "A reviewer reads it within a day")
        if not 1 <= minutes <= LONGEST_MINUTES:
            raise UsageError(f"emergency access lasts at most {LONGEST_MINUTES} minutes", "Ask for less")
        now = self._now()
        made = Emergency(
            f"e-{secrets.token_hex(8)}", person.id, code, _text(now), _text(now + timedelta(minutes=minutes)),
            _text(now + timedelta(hours=REVIEW_HOURS)), reason=reason.strip(),
        )  # fmt: skip
        row = {name: getattr(made, name) for name in ("id", "person", "code", "opened", "until", "due")}
        row["reason_sealed"] = self._keys.seal(_scope(made.id), made.reason.encode(), b"reason")
        with self._database.exclusive() as connection:
            running = select(_emergency.id).where(_emergency.person == person.id, _emergency.until > made.opened)
            if connection.execute(running).first():
                raise UsageError("your emergency access is open already", "It ends by itself")
            connection.execute(insert(tables.emergency).values(row))
            event = EmergencyAccess(
                phase="opened", purpose_code=code, access=made.id, until=made.until, due=made.due, note=made.reason
            )
            self._log.append(event, actor=person.id, operator=person.operator)  # or the insertion is undone
        return made

    def end(self, person: Person) -> None:
        """End a person's own access now; none is open is no error."""
        now = _text(self._now())
        with self._database.exclusive() as connection:
            running = (_emergency.person == person.id) & (_emergency.until > now)
            row = connection.execute(select(tables.emergency).where(running)).first()
            if row is None:
                return
            connection.execute(update(tables.emergency).where(running).values(until=now))
        event = EmergencyAccess(phase="ended", purpose_code=row.code, access=row.id, until=now)
        self._log.append(event, actor=person.id, operator=person.operator)

    def review(self, reviewer: Person, identifier: str, finding: str, note: str) -> Emergency:
        """Record what a second person, who has the right to audit, found. Once, and never one's own.

        Raises NotFound, Refused for one's own, UsageError for an unknown finding or one that is reviewed already.
        """
        if finding not in FINDINGS:
            raise UsageError("unknown finding", f"Use one of {', '.join(FINDINGS)}")
        with self._database.exclusive() as connection:
            row = connection.execute(select(tables.emergency).where(_emergency.id == identifier)).first()
            if row is None:
                raise NotFound("no such emergency access", "Reload the page")
            if row.person == reviewer.id:
                raise Refused("nobody reviews their own emergency access", "Ask a second person")
            if row.reviewed:
                raise UsageError("this emergency access is reviewed already", "Reload the page")
            values: dict[str, Any] = {
                "reviewed": _text(self._now()), "reviewed_by": reviewer.id, "finding": finding,
                "note_sealed": self._keys.seal(_scope(identifier), note.encode(), b"note"),
            }  # fmt: skip
            connection.execute(update(tables.emergency).where(_emergency.id == identifier).values(values))
            told = {"access": identifier, "reviews": row.person, "finding": finding, "note": note}
            event = EmergencyAccess(phase="reviewed", purpose_code=row.code, **told)
            self._log.append(event, actor=reviewer.id, operator=reviewer.operator)
        return self._one(identifier)

    def of(self, person: Person) -> Emergency | None:
        """The access that is open to a person now."""
        return next((each for each in self.all() if each.person == person.id and each.is_open(self._now())), None)

    def all(self) -> list[Emergency]:
        """Every one, those to be reviewed first, the longest waiting first."""
        query = select(tables.emergency).order_by(_emergency.reviewed.is_not(None), _emergency.opened)
        with self._database.transaction() as connection:
            return [self._emergency(row) for row in connection.execute(query)]

    def overdue(self) -> list[Emergency]:
        """Those whose review should have been done by now."""
        now = self._now()
        return [each for each in self.all() if each.overdue(now)]

    def _one(self, identifier: str) -> Emergency:
        return next(each for each in self.all() if each.id == identifier)

    def _emergency(self, row: Row[Any]) -> Emergency:
        reason = self._keys.unseal(_scope(row.id), row.reason_sealed, b"reason").decode()
        note = self._keys.unseal(_scope(row.id), row.note_sealed, b"note").decode() if row.note_sealed else ""
        return Emergency(
            row.id, row.person, row.code, row.opened, row.until, row.due, row.reviewed or "", row.reviewed_by,
            row.finding, reason, note,
        )  # fmt: skip


def is_open(database: Database, person: str, now: datetime) -> bool:
    """Whether a person's glass is broken now: asked for every decision for the purpose `emergency`."""
    time = _text(now)
    query = select(_emergency.id).where(_emergency.person == person, _emergency.until > time, _emergency.opened <= time)
    with database.transaction() as connection:
        return connection.execute(query.limit(1)).first() is not None


def _scope(identifier: str) -> str:
    return f"emergency/{identifier}"


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")

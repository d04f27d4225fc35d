"""A supervisor's review: questions drawn at random or by risk, each reviewed once, findings noted.

A sample is drawn from the log itself, so that nobody can leave a question out of it; the draw is recorded with its
seed and can be made again. What makes a question risky is read from public fields of its records:

    attack            signs of an attempt to steer the model
    emergency         asked with the glass broken
    by name           a person was looked up by name
    refused           not put to the documents
    no outcome        cut off
    much dropped      half or more of what the model composed failed verification
    at night          asked between 22:00 and 06:00 UTC
    many              the person's fifteenth question, or later one, within an hour
"""

import hashlib
import random
import secrets
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from appliance.audit.events import QuestionReviewed, ReviewDrawn
from appliance.audit.log import AuditLog
from appliance.audit.record import Record
from appliance.errors import NotFound, Refused, UsageError
from appliance.storage import tables
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

BASES = ("random", "risk")
FINDINGS = ("no concern", "concern", "to be investigated")
MANY, WITHIN = 15, timedelta(hours=1)
NIGHT = (22, 6)
MOST_DRAWN = 500
_oversight = tables.oversight.c


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its public records tell: `record` is the id of its intent, `number` its index, `outcome` the
    index of its outcome, -1 without one."""

    record: str
    number: int
    time: str
    person: str
    purpose: str
    status: str
    collections: tuple[str, ...]
    signs: tuple[str, ...] = ()
    outcome: int = -1


@dataclass(frozen=True, slots=True)
class Filters:
    """Which questions to draw from; empty is all. Times are ISO 8601, UTC; `until` is exclusive."""

    since: str = ""
    until: str = ""
    person: str = ""
    purpose: str = ""
    status: str = ""
    collection: str = ""

    def let(self, asked: Asked) -> bool:
        """Whether a question is among them."""
        return (
            self.since <= asked.time < (self.until or "~")
            and self.person in ("", asked.person)
            and self.purpose in ("", asked.purpose)
            and self.status in ("", asked.status)
            and (not self.collection or self.collection in asked.collections)
        )

    def said(self) -> dict[str, str]:
        """Those that are set, for the record."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question that was drawn, and what its reviewer found; `reviewed` is empty until then."""

    record: str
    number: int
    basis: str
    signs: tuple[str, ...]
    drawn: str
    drawn_by: str
    reviewed: str = ""
    reviewed_by: str = ""
    finding: str = ""
    note: str = field(default="", repr=False)


def questions(records: Iterable[Record]) -> list[Asked]:
    """Every question of the log with what makes it risky, oldest first. Public fields only."""
    found: dict[str, Asked] = {}
    recent: dict[str, deque[str]] = defaultdict(deque)
    by_name: set[str] = set()
    for record in records:
        public = record.public
        if record.kind == "searched_by_identity":
            by_name.add(record.actor)
        elif record.kind == "question_asked":
            signs = _signs_of_intent(record, recent[record.actor], record.actor in by_name)
            by_name.discard(record.actor)
            found[record.id] = Asked(
                record.id, record.index, record.time, record.actor, public["purpose"], "no outcome",
                tuple(public["collections"]), signs,
            )  # fmt: skip
        elif record.kind == "answer_given" and public["intent"] in found:
            shown = sum(bool(each["shown"]) for each in public["verification"])
            dropped = ("much dropped",) if public["dropped"] and public["dropped"] >= shown else ()
            asked = found[public["intent"]]
            told = replace(asked, status=public["status"], signs=asked.signs + dropped, outcome=record.index)
            found[asked.record] = told
        elif record.kind == "question_refused" and not public["intent"]:
            found[record.id] = Asked(
                record.id, record.index, record.time, record.actor, public["purpose"], "refused", (), ("refused",),
                record.index,
            )  # fmt: skip
    limit = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    cut = {each.record for each in found.values() if each.status == "no outcome" and each.time < limit}
    return [replace(q, signs=(*q.signs, "no outcome")) if q.record in cut else q for q in found.values()]


def _signs_of_intent(record: Record, recent: "deque[str]", named: bool) -> tuple[str, ...]:
    time = datetime.fromisoformat(record.time)
    recent.append(record.time)
    while recent[0] < (time - WITHIN).isoformat(timespec="microseconds"):
        recent.popleft()
    signs = {
        "attack": bool(record.public["attack"]),
        "emergency": record.public["purpose"] == "emergency",
        "by name": named,
        "at night": time.hour >= NIGHT[0] or time.hour < NIGHT[1],
        "many": len(recent) >= MANY,
    }
    return tuple(name for name, shows in signs.items() if shows)


class Supervision:
    """The reviews of one home. Who may is the caller's to check: the right to audit."""

    def __init__(self, database: Database, keys: KeyRing, log: AuditLog) -> None:
        self._database = database
        self._keys = keys
        self._log = log

    def draw(self, basis: str, count: int, filters: Filters, by: str, seed: str = "") -> list[Drawn]:
        """Draw up to `count` questions that were not drawn before, at random or the riskiest first.

        Nobody's own questions are kept from them here: `review` refuses those. Raises UsageError.
        """
        if basis not in BASES:
            raise UsageError("a sample is drawn at random or by risk", f"Use one of {', '.join(BASES)}")
        if not 1 <= count <= MOST_DRAWN:
            raise UsageError(f"draw 1 to {MOST_DRAWN} questions at once", "Draw again for more")
        seed = seed or secrets.token_hex(16)
        wanted = [asked for asked in questions(self._log.records(opened=False)) if filters.let(asked)]
        with self._database.exclusive() as connection:
            before = set(connection.execute(select(_oversight.record)).scalars())
            open_ = [asked for asked in wanted if asked.record not in before]
            drawn = sample(open_, basis, count, seed)
            now = datetime.now(UTC).isoformat(timespec="microseconds")
            rows = [
                {"id": f"o-{secrets.token_hex(8)}", "record": q.record, "number": q.number, "basis": basis,
                 "signs": list(q.signs), "drawn": now, "drawn_by": by}
                for q in drawn
            ]  # fmt: skip
            if rows:
                connection.execute(insert(tables.oversight), rows)
            event = ReviewDrawn(basis=basis, drawn=len(rows), of=len(open_), seed=seed, filters=filters.said())
            self._log.append(event, actor=by)
        return [each for each in self.all() if each.record in {q.record for q in drawn}]

    def review(self, record: str, finding: str, note: str, by: str) -> Drawn:
        """Note what a reviewer found. Once for each question, and never of one's own.

        Raises NotFound when it was not drawn, Refused for one's own, UsageError when it is reviewed already.
        """
        if finding not in FINDINGS:
            raise UsageError("unknown finding", f"Use one of {', '.join(FINDINGS)}")
        with self._database.exclusive() as connection:
            row = connection.execute(select(tables.oversight).where(_oversight.record == record)).first()
            if row is None:
                raise NotFound("this question was not drawn for review", "Draw a sample first")
            if row.reviewed:
                raise UsageError("this question is reviewed already", "Reload the page")
            if next(self._log.records(row.number, row.number + 1, opened=False)).actor == by:
                raise Refused("nobody reviews their own question", "Leave it to somebody else")
            values: dict[str, Any] = {
                "reviewed": datetime.now(UTC).isoformat(timespec="microseconds"), "reviewed_by": by,
                "finding": finding, "note_sealed": self._keys.seal(_scope(record), note.encode(), b"note"),
            }  # fmt: skip
            connection.execute(update(tables.oversight).where(_oversight.record == record).values(values))
            self._log.append(QuestionReviewed(record=record, finding=finding, note=note), actor=by)
        return self.one(record)

    def all(self) -> list[Drawn]:
        """Every question drawn: those to be reviewed first, the riskiest and oldest first."""
        query = select(tables.oversight).order_by(_oversight.reviewed.is_not(None), _oversight.number)
        with self._database.transaction() as connection:
            found = [self._drawn(row) for row in connection.execute(query)]
        return sorted(found, key=lambda each: (bool(each.reviewed), -len(each.signs), each.number))

    def one(self, record: str) -> Drawn:
        """One of them. Raises NotFound."""
        for each in self.all():
            if each.record == record:
                return each
        raise NotFound("this question was not drawn for review", "Draw a sample first")

    def _drawn(self, row: Row[Any]) -> Drawn:
        note = self._keys.unseal(_scope(row.record), row.note_sealed, b"note").decode() if row.note_sealed else ""
        return Drawn(
            row.record, row.number, row.basis, tuple(row.signs), row.drawn, row.drawn_by, row.reviewed or "",
            row.reviewed_by, row.finding, note,
        )  # fmt: skip


def sample(among: list[Asked], basis: str, count: int, seed: str) -> list[Asked]:
    """Draw from `among`, in an order that only the seed decides; by risk, more signs come first."""
    chance = random.Random(int.from_bytes(hashlib.sha256(seed.encode()).digest()))
    shuffled = sorted(among, key=lambda asked: asked.number)
    chance.shuffle(shuffled)
    if basis == "risk":
        shuffled.sort(key=lambda asked: -len(asked.signs))
    return shuffled[:count]


def _scope(record: str) -> str:
    return f"oversight/{record}"

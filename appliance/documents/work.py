"""Who works on which unfinished version: leases, tries, and what is set aside. The catalog's rows are the queue.

    received, indexed --take--> held until a time --renew--> ... --done--> published, failed, quarantined
                        ^                |
                        +----retry-------+   after a pause that grows; the third failure sets it aside

Only ids are kept, no result of a step: every step replaces what it made before, so a version is taken up from
its original. A worker that vanishes loses its lease when it runs out; those of the process that owns the home are
forgotten when it is opened again. Any number of workers may share a database: a version has one holder, and who
looks for the next one does not wait for those who are looking.
"""

import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, or_, select, update

from appliance.errors import ApplianceError
from appliance.storage.database import Database
from appliance.storage.tables import version

UNFINISHED = ("received", "indexed")
LEASE_SECONDS = 60.0
OWNER, WORKER = "owner", "worker"
"""The process that owns the home, or one beside it."""
MOST_TRIES = 3
"""Failures after which a version is set aside."""
MOST_VANISHED = 10
"""Workers that may end without a word (a power cut, kill -9) while they work on a version, until it is set aside."""
PAUSE_SECONDS = (2.0, 10.0)
"""Before the second and the third try."""
FULL_SECONDS = 15.0
"""Before the next try after the disk was full or a part was not there: nothing that a version is to blame for."""


class Overtaken(ApplianceError):
    """The version is no longer this worker's: deleted, finished by another, or its lease ran out."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A version that this worker holds; `tries` failed before, `vanished` workers ended on it."""

    version: str
    tries: int
    vanished: int


class Work:
    """The unfinished versions of one home, as one worker sees them. Thread-safe."""

    def __init__(self, database: Database, lease_seconds: float = LEASE_SECONDS, role: str = OWNER) -> None:
        self._database = database
        self._lease = timedelta(seconds=lease_seconds)
        self._seconds = lease_seconds
        self.holder = f"{role}-{os.getpid()}-{secrets.token_hex(8)}"
        self._mine: set[str] = set()
        self._lock = threading.Lock()
        self._renewing: threading.Thread | None = None

    def take(self, wanted: str | None = None) -> Taken | None:
        """Hold the next version that is due, or `wanted` if it is; None when there is none.

        Those that workers vanished on come last, so that none of them blocks others.
        """
        now = _now()
        with self._lock, self._database.claiming() as connection:
            row = version.c
            free = or_(row.holder == "", row.held_until < _text(now), row.holder == self.holder)
            query = select(version).where(row.status.in_(UNFINISHED), free, row.id.not_in(sorted(self._mine)))
            query = query.where(row.id == wanted) if wanted else query.where(row.due <= _text(now))
            query = query.order_by(row.vanished, row.created).limit(1).with_for_update(skip_locked=True)
            found = connection.execute(query).first()
            if found is None:
                return None
            vanished = found.vanished + (found.holder != "")
            held = {"holder": self.holder, "held_until": _text(now + self._lease), "vanished": vanished, "due": ""}
            connection.execute(update(version).where(row.id == found.id).values(held))
            self._mine.add(found.id)
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew_all, name="leases", daemon=True)
                self._renewing.start()
        return Taken(found.id, found.tries, vanished)

    @contextmanager
    def holding(self, taken: Taken) -> Iterator[None]:
        """While the block runs, the lease is renewed; afterwards it is given up, unless the block was killed."""
        try:
            yield
        except Exception:
            self._let_go(taken.version)
            raise
        except BaseException:
            with self._lock:
                self._mine.discard(taken.version)
            raise
        self._let_go(taken.version)

    def check(self, identifier: str) -> None:
        """Raise Overtaken unless the version is unfinished and this worker's."""
        with self._database.transaction() as connection:
            row = connection.execute(select(version).where(version.c.id == identifier)).first()
        if row is None or row.status not in UNFINISHED or row.holder != self.holder:
            raise Overtaken("the document was deleted or taken over meanwhile", "Nothing is left of this attempt")

    def retry(self, identifier: str, *, blame: bool) -> int:
        """Let go of a version whose processing failed and say when it is due again. How often it has failed.

        `blame` is false where the version is not at fault: a full disk, a part that is not there.
        """
        with self._lock, self._database.claiming() as connection:
            row = version.c
            mine = (row.id == identifier) & (row.holder == self.holder) & row.status.in_(UNFINISHED)
            tries = connection.execute(select(row.tries).where(mine).with_for_update()).scalar()
            if tries is None:
                return 0
            tries += blame
            pause = PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS)) - 1] if blame else FULL_SECONDS
            due = _text(_now() + timedelta(seconds=pause))
            freed = {"tries": tries, "due": due, "holder": "", "held_until": ""}
            connection.execute(update(version).where(mine).values(freed))
            self._mine.discard(identifier)
        return int(tries)

    def offer(self, identifier: str) -> None:
        """Let whoever looks next take a version that has just come in."""
        with self._database.claiming() as connection:
            connection.execute(update(version).where(version.c.id == identifier).values(due=""))

    def held(self, identifiers: Iterable[str]) -> int:
        """How many of these versions somebody is working on now."""
        row = version.c
        held = row.id.in_(sorted(identifiers)) & row.status.in_(UNFINISHED) & (row.held_until > _text(_now()))
        with self._database.transaction() as connection:
            return int(connection.execute(select(func.count()).select_from(version).where(held)).scalar_one())

    def forget_holders(self) -> int:
        """The leases of owners and every pause are void: this process has just become the only owner of the home. How
        many leases there were; each counts as a worker that vanished. Those of processes beside it run on."""
        with self._database.exclusive() as connection:
            left = version.c.status.in_(UNFINISHED)
            vanished = {"vanished": version.c.vanished + 1, "holder": "", "held_until": ""}
            owners = version.c.holder.startswith(f"{OWNER}-")
            held = connection.execute(update(version).where(left, owners).values(vanished))
            connection.execute(update(version).where(left).values(due=""))
            return int(held.rowcount)

    def waiting(self) -> tuple[int, float | None]:
        """How many versions are unfinished and held by nobody, and seconds until the next one is due."""
        with self._database.transaction() as connection:
            row = version.c
            free = row.status.in_(UNFINISHED) & or_(row.holder == "", row.held_until < _text(_now()))
            count, due = connection.execute(select(func.count(), func.min(row.due)).where(free)).one()
        if not count:
            return 0, None
        return count, max(0.0, (datetime.fromisoformat(due) - _now()).total_seconds()) if due else 0.0

    def held_by_another(self, identifier: str) -> bool:
        """Whether a version is being worked on at this moment, in this process or another."""
        with self._database.transaction() as connection:
            row = connection.execute(select(version).where(version.c.id == identifier)).first()
        if row is None or row.status not in UNFINISHED or not row.holder:
            return False
        if row.holder == self.holder:
            return identifier in self._mine
        return bool(row.held_until > _text(_now()))

    def _let_go(self, identifier: str) -> None:
        with self._lock, self._database.claiming() as connection:
            mine = (version.c.id == identifier) & (version.c.holder == self.holder)
            connection.execute(update(version).where(mine).values(holder="", held_until=""))
            self._mine.discard(identifier)

    def _renew_all(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._seconds / 3):
            with self._lock:
                if not self._mine:
                    self._renewing = None
                    return
                try:
                    with self._database.claiming() as connection:
                        mine = version.c.id.in_(sorted(self._mine)) & (version.c.holder == self.holder)
                        until = _text(_now() + self._lease)
                        connection.execute(update(version).where(mine).values(held_until=until))
                except ApplianceError:
                    continue  # a full disk: the lease may run out, and then `check` says so


def _now() -> datetime:
    return datetime.now(UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")

"""The list of erasures: what must stay erased although a backup brings it back.

One JSON line an erasure, ids and key scopes only, in the home (`erasures.jsonl`), and beside every backup that was
made from it, where that folder can be reached. `restore` carries it out again before the home is used.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import delete, func, select

from appliance.audit.device import replace_text
from appliance.audit.log import AuditLog
from appliance.audit.record import decode
from appliance.documents.files import checked_id
from appliance.errors import IntegrityFailure, NotFound, UsageError
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import chunk, document, surrogate, surrogate_index, turn_source

NAME = "erasures.jsonl"
BACKUPS = "backups.json"
STATE = "erasures.next"
HEAD_BYTES = 300
"""The kind of a record stands within its first bytes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One erasure: `document` or `person`, its id (`<domain>/<surrogate>` of a person), versions, key scopes."""

    kind: str
    target: str
    versions: tuple[str, ...]
    scopes: tuple[str, ...]


def follow(home: Path, log: AuditLog) -> tuple[str, ...]:
    """Put the erasures that the log recorded since the last time on the list, here and beside the backups.

    Returns the folders that could not be reached; they get the whole list the next time.
    """
    state = home / STATE
    start = int(state.read_text()) if state.is_file() else 0
    end = log.size
    text = "".join(json.dumps(asdict(line)) + "\n" for line in of_log(log, start))
    if text:
        _append(home / NAME, text)
    replace_text(state, str(end))
    missed = []
    for folder in backup_folders(home):
        try:
            if (home / NAME).is_file():
                replace_text(Path(folder) / NAME, (home / NAME).read_text("utf-8"))
        except OSError:
            missed.append(folder)
    return tuple(missed)


def read(file: Path) -> Iterator[Line]:
    """The erasures of a list; a line that a crash cut off is skipped. Raises IntegrityFailure on anything else."""
    if not file.is_file():
        return
    lines = file.read_text("utf-8").split("\n")
    for number, text in enumerate(lines[:-1]):
        try:
            row = json.loads(text)
            yield Line(row["kind"], row["target"], tuple(row["versions"]), tuple(row["scopes"]))
        except (ValueError, KeyError, TypeError) as error:
            raise IntegrityFailure(
                f"line {number + 1} of {file.name} is damaged", "Take it from another copy"
            ) from error


def of_log(log: AuditLog, start: int = 0) -> Iterator[Line]:
    """The erasures that the log recorded from record `start` on."""
    for data in log.raw(start):
        if b'_erased"' not in data[:HEAD_BYTES]:
            continue
        record = decode(data, None)
        versions = tuple(record.public.get("versions", ()))
        originals = tuple(f"original/{each}" for each in versions)
        if record.kind == "document_erased":
            scopes = (*(f"version/{each}" for each in versions), *originals)
            yield Line("document", record.public["document"], versions, scopes)
        elif record.kind == "person_erased":
            subject = str(record.public["subject"])
            yield Line("person", subject.removeprefix("subject/"), versions, (subject, *originals))


def carry_out(lines: Sequence[Line], database: Database, keys: KeyRing, home: Path) -> int:
    """Erase again what a backup brought back; what is gone already is no error. How many were there again."""
    again = 0
    for line in lines:
        destroyed = keys.destroy_all(line.scopes)
        removed = _remove(line, database)
        for version in map(checked_id, line.versions):
            (home / "originals" / version).unlink(missing_ok=True)
            if line.kind == "document":
                shutil.rmtree(home / "pages" / version, ignore_errors=True)
        again += bool(destroyed or removed)
    return again


def backup_folders(home: Path) -> list[str]:
    """The folders that backups of this home were written to."""
    file = home / BACKUPS
    return list(json.loads(file.read_text("utf-8"))) if file.is_file() else []


def remember_folder(home: Path, folder: Path, log: AuditLog) -> None:
    """Note that a backup went to a folder, and give it the list as it is."""
    known = backup_folders(home)
    if str(folder) not in known:
        replace_text(home / BACKUPS, json.dumps(sorted([*known, str(folder)])))
    follow(home, log)


def turns_quoting(database: Database, versions: Sequence[str]) -> int:
    """Answers in conversations that quote one of these versions."""
    query = select(func.count()).select_from(turn_source).where(turn_source.c.version.in_(versions))
    with database.transaction() as connection:
        return int(connection.execute(query).scalar() or 0)


def domain_of(database: Database, mark: str) -> str:
    """The collection whose vault has a surrogate. Raises NotFound when none has, UsageError when several do."""
    with database.transaction() as connection:
        query = select(surrogate.c.domain).where(surrogate.c.surrogate == mark).distinct()
        domains = sorted(connection.execute(query).scalars())
    if not domains:
        raise NotFound("no such surrogate, or it was erased", "Give it as it stands in the text, with its brackets")
    if len(domains) > 1:
        raise UsageError("several collections know this surrogate", "Name one with --collection")
    return str(domains[0])


def vault_rows(database: Database, domain: str, mark: str) -> int:
    """Rows of the vault that are left of a surrogate."""
    with database.transaction() as connection:
        return sum(
            int(connection.execute(
                select(func.count()).select_from(table).where(table.c.domain == domain, table.c.surrogate == mark)
            ).scalar() or 0)
            for table in (surrogate, surrogate_index)
        )  # fmt: skip


def _remove(line: Line, database: Database) -> int:
    with database.exclusive() as connection:
        if line.kind == "document":
            connection.execute(delete(chunk).where(chunk.c.version.in_(line.versions)))
            return connection.execute(delete(document).where(document.c.id == line.target)).rowcount
        domain, _, mark = line.target.partition("/")
        rows = 0
        for table in (surrogate_index, surrogate):
            gone = delete(table).where(table.c.domain == domain, table.c.surrogate == mark)
            rows += connection.execute(gone).rowcount
        return rows


def _append(file: Path, text: str) -> None:
    with open(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "a", encoding="utf-8"
    ) as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())

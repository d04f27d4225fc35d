"""The relational store: SQLite in the home directory, PostgreSQL by a setting later.

SQLite runs in WAL mode with `synchronous=FULL`, foreign keys on and `secure_delete` on, so that a
committed transaction survives a power cut and a deleted row leaves no bytes behind.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from appliance.errors import IntegrityFailure, Unavailable

FILE_NAME = "appliance.db"
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One open database. Thread-safe; each `transaction` has a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, home: Path) -> "Database":
        """Open `home`'s database, creating or migrating it.

        Raises IntegrityFailure when it was written by a newer version or is damaged, Unavailable when
        the disk is full or the file cannot be opened.
        """
        engine = create_engine(f"sqlite:///{home / FILE_NAME}", connect_args={"timeout": 10})
        event.listen(engine, "connect", _configure)
        database = cls(engine)
        try:
            database._migrate()
        except (OperationalError, DatabaseError) as error:
            raise _explain(error, home) from error
        (home / FILE_NAME).chmod(0o600)
        return database

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose changes are durable when the block ends, or undone when it raises."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise _explain(error, None) from error

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """A transaction that takes the write lock first: what it reads stays true until it ends."""
        with self.transaction() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def close(self) -> None:
        """Close every connection; the write-ahead log is folded into the file."""
        self.engine.dispose()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
            if current is not None and current not in known:
                raise IntegrityFailure(
                    "this home directory was written by a newer version of the appliance",
                    "Install that version, or restore a backup made with this one",
                )
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise IntegrityFailure(f"the database cannot be migrated ({error})", "Restore a backup") from error


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _explain(error: DatabaseError, home: Path | None) -> IntegrityFailure | Unavailable:
    original = str(error.orig).lower()
    if "malformed" in original or "not a database" in original:
        return IntegrityFailure("the database file is damaged", "Restore the last backup")
    if "full" in original or getattr(error.orig, "errno", None) == errno.ENOSPC:
        return Unavailable("the disk is full", "Free some space and try again")
    return Unavailable(f"the database cannot be used ({original})", "Check the home directory's disk and permissions")

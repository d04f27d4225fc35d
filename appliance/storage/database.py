"""The relational store: SQLite in the home directory, or PostgreSQL where the setting `database_url` names one.

SQLite runs in WAL mode with `synchronous=FULL`, foreign keys on and `secure_delete` on, so that a
committed transaction survives a power cut and a deleted row leaves no bytes behind. A PostgreSQL database
belongs to one home: each holds the same random number.
"""

import errno
import os
import secrets
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
from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, select, text
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DBAPIError, TimeoutError

from appliance.errors import ApplianceError, IntegrityFailure, Unavailable, UsageError
from appliance.settings import Settings
from appliance.storage import postgresql
from appliance.storage.tables import installation, metadata

FILE_NAME = "appliance.db"
BELONGS = "database-id"
"""File of a home whose records are on PostgreSQL: the number that stands in that database too."""
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One open database. Thread-safe; each `transaction` has a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def of(cls, settings: Settings) -> "Database":
        """Open the database that the settings name, creating or migrating it.

        Raises what `open` raises, Unavailable too when the server cannot be reached or may lose what it confirmed,
        IntegrityFailure when it holds the records of another home.
        """
        if not settings.database_url:
            if (settings.home / BELONGS).is_file():
                raise Unavailable("this home's records are on PostgreSQL", "Set database_url (APPLIANCE_DATABASE_URL)")
            return cls.open(settings.home)
        database = cls(postgresql.open_engine(settings))
        with database._explaining(), database.engine.connect() as connection:
            postgresql.check_durable(connection)
            own = (settings.home / BELONGS).read_text().strip() if (settings.home / BELONGS).is_file() else ""
            there = inspect(connection).has_table(installation.name)
            if not there or connection.execute(select(installation.c.id)).scalar() != own:
                raise IntegrityFailure(
                    "the database does not hold the records of this home",
                    "Correct database_url, or restore a backup of this home into an empty database",
                )
        with database._explaining():
            database._migrate()
        return database

    @classmethod
    def create(cls, settings: Settings) -> "Database":
        """Make the database of a new home. On PostgreSQL raises UsageError when it is not empty."""
        if not settings.database_url:
            return cls.open(settings.home)
        database = cls(postgresql.open_engine(settings))
        own = secrets.token_hex(16)
        with database._explaining():
            with database.engine.connect() as connection:
                postgresql.check_durable(connection)
                if inspect(connection).get_table_names():
                    raise UsageError("the database is not empty", "Make a new one with `createdb` and name it")
            database._migrate()
            with database.engine.begin() as connection:
                connection.execute(installation.insert().values(id=own))
        with open(os.open(settings.home / BELONGS, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(own)
            file.flush()
            os.fsync(file.fileno())
        return database

    @classmethod
    def open(cls, home: Path) -> "Database":
        """Open `home`'s SQLite database, creating or migrating it.

        Raises IntegrityFailure when it was written by a newer version or is damaged, Unavailable when
        the disk is full or the file cannot be opened.
        """
        engine = create_engine(f"sqlite:///{home / FILE_NAME}", connect_args={"timeout": 10}, hide_parameters=True)
        event.listen(engine, "connect", _configure)
        database = cls(engine)
        with database._explaining():
            database._migrate()
        (home / FILE_NAME).chmod(0o600)
        return database

    @property
    def name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose changes are durable when the block ends, or undone when it raises."""
        with self._explaining(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """A transaction that takes the write lock first: what it reads stays true until it ends."""
        with self.transaction() as connection:
            if self.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                postgresql.lock_writers(connection, alone=True)
            yield connection

    @contextmanager
    def claiming(self) -> Iterator[Connection]:
        """A transaction for changes to rows that it selects `with_for_update`; where the database has one writer
        only, the same as `exclusive`."""
        if self.name == "sqlite":
            with self.exclusive() as connection:
                yield connection
            return
        with self.transaction() as connection:
            postgresql.lock_writers(connection, alone=False)
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that reads the database as of one moment, however long it takes."""
        with self._explaining(), self.engine.connect() as connection:
            if self.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise Unavailable("the database has no connection left", "Try again") from error
        except DBAPIError as error:
            explained = _explain(error) if self.name == "sqlite" else postgresql.explain(error)
            if explained is None:
                raise
            raise explained from error

    def triggers(self, prefix: str) -> int:
        """How many triggers there are whose names begin with `prefix`."""
        of = {
            "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE :like",
            "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE :like",
        }
        with self.transaction() as connection:
            return int(connection.execute(text(of[self.name]), {"like": f"{prefix}%"}).scalar_one())

    def clear(self) -> None:
        """Remove every table: what was to be moved here is elsewhere after all."""
        with self.transaction() as connection:
            metadata.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
            connection.exec_driver_sql("DROP FUNCTION IF EXISTS access_revision_up()")

    def close(self) -> None:
        """Close every connection; the write-ahead log is folded into the file."""
        self.engine.dispose()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection:
            if self.name == "postgresql":
                postgresql.lock_writers(connection, alone=True)
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


def insert_or_update(connection: Connection, table: Table) -> sqlite_dialect.Insert | postgresql_dialect.Insert:
    """An INSERT that `on_conflict_do_update` can be said of, for the database at hand."""
    if connection.dialect.name == "sqlite":
        return sqlite_dialect.insert(table)
    return postgresql_dialect.insert(table)


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _explain(error: DBAPIError) -> ApplianceError | None:
    if not isinstance(error.orig, sqlite3.DatabaseError) or isinstance(error.orig, sqlite3.IntegrityError):
        return None
    original = str(error.orig).lower()
    if "malformed" in original or "not a database" in original:
        return IntegrityFailure("the database file is damaged", "Restore the last backup")
    if "full" in original or getattr(error.orig, "errno", None) == errno.ENOSPC:
        return Unavailable("the disk is full", "Free some space and try again")
    if not isinstance(error.orig, sqlite3.OperationalError):
        return None
    return Unavailable(f"the database cannot be used ({original})", "Check the home directory's disk and permissions")

"""Every row of one database into another, of whatever kind each is: in a backup the records are one SQLite file.

What is sealed stays sealed. The source is read as of one moment; what the target held goes.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Integer, Table, delete, select

from appliance.settings import Settings
from appliance.storage.database import FILE_NAME, Database
from appliance.storage.tables import access_revision, installation, metadata

ROWS = 500


def export(database: Database, folder: Path) -> Path:
    """The records of `database` as an SQLite file in `folder`, which is new; its path.

    Raises Unavailable when either cannot be used.
    """
    with closing(Database.open(folder)) as copy, database.snapshot() as source, copy.transaction() as target:
        copy_rows(source, target)
    return folder / FILE_NAME


@contextmanager
def moved_in(settings: Settings) -> Iterator[None]:
    """The records of the home's SQLite file go to the database that the settings name, if they name one; they are
    taken back if the block raises. Raises UsageError when that database is not empty."""
    if not settings.database_url:
        yield
        return
    with closing(Database.create(settings)) as target:
        try:
            with (
                closing(Database.open(settings.home)) as source,
                source.snapshot() as rows,
                target.transaction() as connection,
            ):
                copy_rows(rows, connection)
            (settings.home / FILE_NAME).unlink()
            yield
        except BaseException:
            target.clear()
            raise


def copy_rows(source: Connection, target: Connection) -> int:
    """Copy every table but the one that says which home the records belong to. How many rows."""
    tables = [table for table in metadata.sorted_tables if table is not installation]
    for table in reversed(tables):
        target.execute(delete(table))
    tables.sort(key=lambda table: table is access_revision)  # last: triggers count it up meanwhile
    target.execute(delete(access_revision))
    copied = 0
    for table in tables:
        result = source.execution_options(yield_per=ROWS).execute(select(table))
        for rows in result.mappings().partitions():
            target.execute(table.insert(), [dict(row) for row in rows])
            copied += len(rows)
        if target.dialect.name == "postgresql":
            _number_on(target, table)
    return copied


def _number_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows from where the copied ones end."""
    for column in table.primary_key.columns:
        if isinstance(column.type, Integer) and column is table.autoincrement_column:
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{column.name}'), "
                f'coalesce(max("{column.name}"), 0) + 1, false) FROM "{table.name}"'
            )

"""One home, one owner; a newer or a foreign home is refused and left as it was."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import IntegrityFailure, Unavailable, UsageError
from appliance.storage import home as homes
from appliance.storage.database import FILE_NAME, Database


def test_a_second_process_is_refused_and_the_first_keeps_the_home(home: Path) -> None:
    lock = homes.HomeLock(home)
    code = (
        "import sys, pathlib\nfrom appliance.storage.home import HomeLock\nfrom appliance.errors import Unavailable\n"
        "try: HomeLock(pathlib.Path(sys.argv[1]))\nexcept Unavailable as e: print(e); sys.exit(5)\n"
    )
    second = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=False)
    assert second.returncode == 5
    assert "another process" in second.stdout
    lock.release()
    assert subprocess.run([sys.executable, "-c", code, str(home)], check=False).returncode == 0


def test_a_home_is_complete_only_at_the_end(home: Path) -> None:
    homes.create(home)
    with pytest.raises(Unavailable, match="init"):
        homes.check(home)
    homes.seal(home)
    homes.check(home)
    assert home.stat().st_mode & 0o077 == 0


def test_a_directory_with_other_things_in_it_is_left_alone(home: Path) -> None:
    (home / "thesis.doc").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        homes.create(home)
    assert [path.name for path in home.iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize("text", ["2\n", "99"])
def test_a_home_of_a_newer_version_is_refused(home: Path, text: str) -> None:
    (home / "version").write_text(text)
    with pytest.raises(IntegrityFailure, match="newer version"):
        homes.check(home)


def test_a_database_of_a_newer_version_is_refused_and_unchanged(home: Path) -> None:
    Database.open(home).close()
    connection = sqlite3.connect(home / FILE_NAME)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = (home / FILE_NAME).read_bytes()
    with pytest.raises(IntegrityFailure, match="newer version"):
        Database.open(home)
    assert (home / FILE_NAME).read_bytes() == before


def test_a_damaged_database_is_named(home: Path) -> None:
    (home / FILE_NAME).write_bytes(b"not a database at all" * 100)
    with pytest.raises(IntegrityFailure, match="damaged"):
        Database.open(home)


def test_the_schema_of_the_migrations_is_the_schema_of_the_tables(home: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from appliance.storage.tables import metadata

    database = Database.open(home)
    with database.transaction() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_every_commit_reaches_the_disk(home: Path) -> None:
    database = Database.open(home)
    with database.transaction() as connection:
        modes = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                 ("journal_mode", "synchronous", "foreign_keys", "secure_delete")}  # fmt: skip
    assert modes == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    database.close()

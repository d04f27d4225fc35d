"""A database and a key ring in a home directory, for the tests of the rooms that store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.settings import Settings, load
from appliance.storage.database import BELONGS, Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import access_revision, installation, metadata


@dataclass
class Stores:
    """An open home without the rest of the appliance."""

    home: Path
    settings: Settings
    database: Database
    keys: KeyRing


_made: dict[str, str] = {}
"""PostgreSQL databases that have their tables, and the number of the home in each."""


def created(settings: Settings) -> Database:
    """The database of a new home. On PostgreSQL one that has its tables is emptied: to make them takes a second."""
    if settings.database_url not in _made:
        database = Database.create(settings)
        if settings.database_url:
            _made[settings.database_url] = (settings.home / BELONGS).read_text()
        return database
    (settings.home / BELONGS).write_text(_made[settings.database_url])
    database = Database.of(settings)
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            if table not in (installation, access_revision):
                connection.execute(table.delete())
    return database


@contextmanager
def opened(home: Path, *, new: bool = True) -> Iterator[Stores]:
    """Create, or open again, the stores of `home`; closed at the end, so that all is in the files."""
    settings = load(home, insecure_plain_key_file=True)
    keys = KeyRing.create(settings) if new else KeyRing.open(settings)
    database = created(settings) if new else Database.of(settings)
    try:
        yield Stores(home, settings, database, keys)
    finally:
        database.close()
        keys.close()

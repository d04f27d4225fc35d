"""A database and a key ring in a home directory, for the tests of the rooms that store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.settings import Settings, load
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing


@dataclass
class Stores:
    """An open home without the rest of the appliance."""

    home: Path
    settings: Settings
    database: Database
    keys: KeyRing


@contextmanager
def opened(home: Path, *, new: bool = True) -> Iterator[Stores]:
    """Create, or open again, the stores of `home`; closed at the end, so that all is in the files."""
    settings = load(home, insecure_plain_key_file=True)
    keys = KeyRing.create(settings) if new else KeyRing.open(settings)
    database = Database.create(settings) if new else Database.of(settings)
    try:
        yield Stores(home, settings, database, keys)
    finally:
        database.close()
        keys.close()

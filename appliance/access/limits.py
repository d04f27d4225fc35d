"""How often a person may ask by name and see names again: a limit an hour, kept over restarts.

It holds alike for those with and without the right, so that it tells nothing about either.
"""

import time

from sqlalchemy import delete, func, insert, select

from appliance.errors import TooManyRequests
from appliance.storage.database import Database
from appliance.storage.tables import name_use

HOUR = 3600.0


class NameUses:
    """Counts uses of names by person. Thread-safe."""

    def __init__(self, database: Database, searches: int, reveals: int) -> None:
        self._database = database
        self._limits = {"search": searches, "reveal": reveals}

    def take(self, person: str, what: str, count: int) -> None:
        """Count `count` uses of `what` (`search` or `reveal`). Raises TooManyRequests, and counts nothing, when a
        person would be over their limit of the last hour."""
        if count < 1:
            return
        now = time.time()
        with self._database.exclusive() as connection:
            connection.execute(delete(name_use).where((name_use.c.at < now - HOUR) | (name_use.c.at > now + HOUR)))
            mine = select(func.count()).where(name_use.c.person == person, name_use.c.what == what)
            if connection.execute(mine).scalar_one() + count > self._limits[what]:
                raise TooManyRequests("too many names were asked for within an hour", "Wait, or ask without names")
            connection.execute(insert(name_use), [{"person": person, "what": what, "at": now}] * count)

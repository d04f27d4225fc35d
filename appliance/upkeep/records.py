"""`appliance doctor database`: which database holds the records, whether it answers, and whether it keeps its word."""

from sqlalchemy import Connection

from appliance.isolation import egress
from appliance.isolation.process import declared_names
from appliance.settings import Settings
from appliance.storage import postgresql
from appliance.storage.database import Database
from appliance.upkeep.doctor import Check


def database(settings: Settings) -> list[Check]:
    """What the database says of itself. Raises Unavailable when it cannot be reached."""
    if not settings.database_url:
        return [Check("database", True, "SQLite in the home, write-ahead log, every commit synchronous")]
    egress.install(settings.allowed_networks, declared_names(settings))
    opened = Database(postgresql.open_engine(settings))
    try:
        with opened.transaction() as connection:
            return _told(connection)
    finally:
        opened.close()


def _told(connection: Connection) -> list[Check]:
    version = connection.exec_driver_sql("SHOW server_version").scalar()
    tls = connection.exec_driver_sql("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").scalar()
    off = postgresql.careless(connection)
    durable = [Check(f"database: {name}", name not in off, off.get(name, "on")) for name in postgresql.DURABLE]
    return [Check("database", True, f"PostgreSQL {version}, {tls or 'no TLS'}"), *durable]

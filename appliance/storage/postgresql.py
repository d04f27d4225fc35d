"""PostgreSQL, where the setting `database_url` names a database of it.

The driver is pg8000 (BSD licence): plain Python, so that its connections pass the guard of `isolation/egress.py`.
A password never stands in the address, and the address in no message.

SQLite has one writer. Here writers share an advisory lock, and whoever needs what it read to stay true until its
transaction ends has that lock alone (`Database.exclusive`).
"""

import getpass
import logging
import ssl
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext, ExecutionContext
from sqlalchemy.exc import DBAPIError, IntegrityError

from appliance.errors import ApplianceError, IntegrityFailure, Unavailable, UsageError
from appliance.settings import Settings

WRITERS = 0x4170706C69616E63
"""Number of the advisory lock that writers share: "Applianc" in ASCII."""
SESSION = {"lock_timeout": "10s", "statement_timeout": "25s", "idle_in_transaction_session_timeout": "300s"}
SOCKET_SECONDS = 30.0
CONNECTIONS, MORE_CONNECTIONS = 10, 20
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings of the server without which a confirmed transaction may be lost."""
SAID = {"S", "C", "t", "c", "n"}
"""What is kept of the server's words: severity, SQLSTATE, names of table, column and constraint."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
BY_STATE = {
    "28": ("the database does not let the appliance in", "Check the user, database_password_file and pg_hba.conf"),
    "3D": ("there is no such database", "Make it with `createdb`, or correct database_url"),
    "42501": ("the database's user lacks a right", "Let it own the database"),
    "53100": ("the database's disk is full", "Free some space and try again"),
    "53300": ("the database has no connection left", "Raise its max_connections"),
    "25006": ("the database takes no changes", "Name the primary in database_url, not a standby"),
    "40": ("the database is busy", "Try again"),
    "55P03": ("the database is busy", "Try again"),
    "57014": ("the database is busy", "Try again"),
}


def open_engine(settings: Settings) -> Engine:
    """An engine for the database that the settings name; it connects at first use. Raises UsageError."""
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # a lost server is told once, by `explain`
    engine = create_engine(
        URL.create("postgresql+pg8000"), connect_args=_arguments(settings), hide_parameters=True, pool_pre_ping=True,
        pool_size=CONNECTIONS, max_overflow=MORE_CONNECTIONS, pool_timeout=10,
    )  # fmt: skip
    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows in one round trip
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "handle_error", _classify, retval=True)
    event.listen(engine, "begin", lambda connection: connection.info.pop(WRITERS, None))
    event.listen(engine, "before_cursor_execute", _share)
    return engine


def lock_writers(connection: Connection, *, alone: bool) -> None:
    """Become one of the writers until the transaction ends, or the only one."""
    connection.info[WRITERS] = True
    shared = "" if alone else "_shared"
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock{shared}({WRITERS})")


def careless(connection: Connection) -> dict[str, str]:
    """Those of the server's settings by which it may lose what it confirmed, as they are."""
    values = {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in DURABLE}
    return {name: value for name, value in values.items() if value == "off"}


def check_durable(connection: Connection) -> None:
    """Raise Unavailable when the server may lose what it confirmed."""
    if off := careless(connection):
        raise Unavailable(
            f"the database may lose what it confirmed: {' and '.join(off)} off", "Set it to on in postgresql.conf"
        )


def explain(error: DBAPIError) -> ApplianceError | None:
    """What a failure of the database means for its user; None for a defect of the program."""
    cause = error.orig.__cause__ if error.orig else None
    if isinstance(cause, ApplianceError):
        return cause  # the guard's refusal
    state = _state(error.orig)
    if state.startswith("XX"):
        return IntegrityFailure("the database is damaged", "Restore the last backup")
    for start, (message, advice) in BY_STATE.items():
        if state.startswith(start):
            return Unavailable(message, advice)
    if error.connection_invalidated or not state or state.startswith(("08", "57P")):
        reason = f" ({type(cause).__name__})" if cause else ""
        return Unavailable(f"the database cannot be reached{reason}", "Start PostgreSQL, or correct database_url")
    return None


def _arguments(settings: Settings) -> dict[str, Any]:
    parts = urlsplit(settings.database_url)
    query = dict(parse_qsl(parts.query))
    folder = query.pop("host", "")
    host, port = parts.hostname or "", parts.port or 5432
    mode = query.pop("sslmode", "disable" if folder or host in LOOPBACK else "verify-full")
    if query:
        raise UsageError(f"setting database_url: unknown part {min(query)}", "Use host and sslmode")
    arguments: dict[str, Any] = {
        "user": unquote(parts.username or "") or getpass.getuser(),
        "database": unquote(parts.path.lstrip("/")) or None,
        "timeout": SOCKET_SECONDS,
        "application_name": "appliance",
        "startup_params": dict(SESSION),
    }
    if settings.database_password_file is not None:
        try:
            arguments["password"] = settings.database_password_file.read_text("utf-8").rstrip("\r\n")
        except OSError as error:
            raise Unavailable(
                f"the database's password file cannot be read ({error.strerror})", "Check its path"
            ) from error
    if folder or not host:
        unix = f"{folder or '/var/run/postgresql'}/.s.PGSQL.{port}"
        return {**arguments, "host": None, "unix_sock": unix, "ssl_context": False}
    return {**arguments, "host": host, "port": port, "ssl_context": _tls(mode, settings)}


def _tls(mode: str, settings: Settings) -> ssl.SSLContext | bool:
    """As libpq has it: `require` encrypts for whoever answers, `verify-ca` and `verify-full` know who it is."""
    if mode == "disable":
        return False
    if mode not in ("require", "verify-ca", "verify-full"):
        raise UsageError("setting database_url: unknown sslmode", "Use disable, require, verify-ca or verify-full")
    try:
        context = ssl.create_default_context(cafile=settings.database_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Unavailable("database_ca_file cannot be read", "Give the authority's certificate as PEM") from error
    context.check_hostname = mode == "verify-full"
    if mode == "require" and settings.database_ca_file is None:
        context.verify_mode = ssl.CERT_NONE
    return context


def _connect(dialect: Dialect, _record: Any, arguments: Any, named: Any) -> Any:
    """Connect; what the driver lets through of TLS and sockets is an error of the database like the rest."""
    try:
        return dialect.connect(*arguments, **named)
    except OSError as error:
        raise dialect.loaded_dbapi.InterfaceError("no connection") from error


def _share(
    connection: Connection, _cursor: Any, _statement: str, _parameters: Any, context: ExecutionContext | None,
    _many: bool,
) -> None:  # fmt: skip
    """The first change of a transaction takes its place among the writers."""
    changes = context is not None and any(getattr(context, kind) for kind in ("isinsert", "isupdate", "isdelete"))
    if changes and WRITERS not in connection.info:
        lock_writers(connection, alone=False)


def _classify(context: ExceptionContext) -> BaseException | None:
    """Tell broken constraints and lost connections from the rest, and forget the values that the server repeats."""
    state = _state(context.original_exception)
    if state:
        told = context.original_exception.args[0]
        for each in told.keys() - SAID:
            del told[each]
    if state.startswith(("57P", "08")):
        context.is_disconnect = True
    if state.startswith("23"):
        return IntegrityError(context.statement, None, context.original_exception, hide_parameters=True)
    return None


def _state(error: BaseException | None) -> str:
    """SQLSTATE of what the server said; empty when it said nothing."""
    told = error.args[0] if error is not None and error.args else None
    return str(told.get("C", "")) if isinstance(told, dict) else ""

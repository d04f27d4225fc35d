"""A real PostgreSQL for the tests: its own folder, its own Unix socket and port, gone afterwards."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PASSWORD = "of the tests alone"


def binaries() -> Path | None:
    """The folder of initdb, pg_ctl and psql; None where PostgreSQL is not installed."""
    beside = [Path(found).parent for name in ("initdb", "psql") if (found := shutil.which(name))]
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *beside]
    programs = ("initdb", "pg_ctl", "psql")
    return next((folder for folder in folders if all((folder / name).exists() for name in programs)), None)


class Server:
    """A server whose data lie in `folder`. `user` runs it: it refuses to run as root."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        self.kept = self.with_tables = ""
        self.user = None if os.getuid() else _somebody()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        if self.user is not None:
            shutil.chown(folder, self.user)
        self._call("initdb", "-D", f"{folder}/data", "-U", "appliance", "--auth=trust", "-E", "UTF8", "-N")
        self._append("pg_hba.conf", "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n", fresh=True)
        self._append("postgresql.conf", f"listen_addresses = '127.0.0.1'\nport = {self.port}\n"
                     f"unix_socket_directories = '{folder}'\nmax_wal_size = 64MB\nmax_connections = 60\n")  # fmt: skip

    def start(self, *options: str) -> None:
        """Start and wait until it answers; `options` are settings such as `fsync=off`."""
        given = " ".join(f"-c {option}" for option in options)
        self._call("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", given, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop at once, as a power cut does, or in another mode of pg_ctl."""
        self._call("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", mode, "stop")

    def database(self) -> str:
        """A new empty database: its address, by the Unix socket."""
        name = f"t{secrets.token_hex(6)}"
        self.say(f"CREATE DATABASE {name}")
        return f"postgresql://appliance@/{name}?host={self.folder}".replace("@/", f"@:{self.port}/")

    def shared(self) -> str:
        """The address of the database whose tables are kept from test to test (`stores.created`)."""
        self.with_tables = self.with_tables or self.database()
        return self.with_tables

    def emptied(self) -> str:
        """The address of a database that is kept for this, without anything in it: cheaper than a new one."""
        self.kept = self.kept or self.database()
        self.say("DROP SCHEMA public CASCADE; CREATE SCHEMA public", urlsplit(self.kept).path[1:])
        return self.kept

    def say(self, statement: str, database: str = "postgres") -> str:
        """What psql prints for a statement."""
        return self._call("psql", "-h", str(self.folder), "-p", str(self.port), "-U", "appliance", "-d", database,
                          "-Atqc", statement)  # fmt: skip

    def _call(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(self.programs / program), *arguments], user=self.user, cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert done.returncode == 0, f"{program} failed: {done.stdout}"
        return done.stdout.strip()

    def _append(self, name: str, text: str, *, fresh: bool = False) -> None:
        with (self.folder / "data" / name).open("w" if fresh else "a") as file:
            file.write(text)


@contextmanager
def running() -> Iterator[Server]:
    """A server, until the block ends. Skips where PostgreSQL is not installed."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = Server(Path(folder), programs)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _somebody() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"

"""A backup: one encrypted file, a consistent copy of a home that goes on serving meanwhile.

1. The database as of one moment, whoever writes: by SQLite's own backup; from PostgreSQL its rows, as an SQLite file.
2. Originals and page images, which are never changed in place: a file that is gone by now was erased.
3. The key ring after them: a key that was destroyed meanwhile is not in it, so what it sealed is gone there too.
4. The log last, up to its last signed head: it knows every erasure that this backup might have missed.
5. A manifest of everything with its SHA-256, then the file appears whole or not at all.

Not in it: the index (derived), sockets, locks, and the master key, unless it lies in a plain file anyway. Every
file in the home is sealed already; the stream is sealed once more under the backup's own passphrase.
"""

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from appliance.audit import segment
from appliance.audit.log import AuditLog, directories
from appliance.errors import Unavailable, UsageError
from appliance.settings import Settings
from appliance.storage.copying import export
from appliance.storage.database import FILE_NAME, Database
from appliance.upkeep.sealed_stream import SealedWriter

FORMAT = "appliance-backup@v1"
MANIFEST = "MANIFEST.json"
SINGLE = ("version", "settings.toml", "audit-anchor", "keys/ring.json", "keys/master.key", "erasures.jsonl")
FOLDERS = ("policies", "originals", "pages")
KEYS = "keys/keys.db"
TEMPORARY = "backup.tmp"


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written: SHA-256 of the file (hex), its bytes, how many files are in it, records of the log."""

    digest: str
    bytes: int
    files: int
    records: int


def backup(settings: Settings, log: AuditLog, to: Path, passphrase: bytes) -> Backup:
    """Write a backup of the home to `to`.

    Raises UsageError when the file is there or the passphrase is too short, Unavailable when it cannot be written.
    The caller records it (`BackupMade`).
    """
    if to.exists():
        raise UsageError(f"{to} is there already", "Name a new file")
    partial = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            sealed = SealedWriter(file, passphrase)
            files, records = _write(settings, log, sealed)
            sealed.close()
            file.flush()
            os.fsync(file.fileno())
        size = partial.stat().st_size
        partial.rename(to)
    except OSError as error:
        raise Unavailable(f"the backup cannot be written ({error.strerror})", "Check the disk it goes to") from error
    finally:
        partial.unlink(missing_ok=True)
    return Backup(sealed.digest, size, files, records)


def _write(settings: Settings, log: AuditLog, sealed: SealedWriter) -> tuple[int, int]:
    home, listed = settings.home, {}
    folder = home / TEMPORARY
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as aside, tarfile.open(fileobj=sealed, mode="w|") as archive:  # type: ignore[call-overload]

        def add(name: str, file: Path) -> None:
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                return  # erased meanwhile
            listed[name] = [len(content), hashlib.sha256(content).hexdigest()]
            _put(archive, name, content)

        add(FILE_NAME, _records(settings, Path(aside)))
        for name in FOLDERS:
            for file in sorted((home / name).rglob("*")):
                if file.is_file() and not file.name.startswith("."):
                    add(str(file.relative_to(home)), file)
        add(KEYS, _copied(home / KEYS, Path(aside)))
        for name in SINGLE:
            add(name, home / name)
        records, checkpoint = log.size, log.checkpoint()
        for name, content in _log_files(settings, log):
            listed[name] = [len(content), hashlib.sha256(content).hexdigest()]
            _put(archive, name, content)
        manifest = {
            "format": FORMAT, "records": records, "checkpoint": checkpoint, "key": log.verifier, "files": listed,
        }  # fmt: skip
        _put(archive, MANIFEST, json.dumps(manifest).encode())
    folder.rmdir()
    return len(listed), records


def _records(settings: Settings, aside: Path) -> Path:
    if not settings.database_url:
        return _copied(settings.home / FILE_NAME, aside)
    with closing(Database.of(settings)) as database:
        return export(database, aside)


def _copied(database: Path, aside: Path) -> Path:
    """A copy of an SQLite database as of one moment."""
    target = aside / database.name
    source, copy = sqlite3.connect(f"file:{database}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        source.backup(copy)
    except sqlite3.Error as error:
        raise Unavailable(f"the database cannot be copied ({error})", "Check the disk of the home") from error
    finally:
        source.close()
        copy.close()
    return target


def _log_files(settings: Settings, log: AuditLog) -> Iterator[tuple[str, bytes]]:
    """The log's files of one device that works, segments cut behind their last whole head."""
    directory = next((each for each in directories(settings) if (each / "verifier.pub").is_file()), None)
    if directory is None:
        raise Unavailable("no audit device can be read", "Check its disks")
    paths = segment.segments(directory)
    start = int(paths[-1].stem.removeprefix("segment-")) if paths else 0
    heads = [item for item in segment.read(directory, start) if isinstance(item, segment.Head)]
    for path in paths:
        end = heads[-1].end if path == paths[-1] and heads else None
        yield f"audit/{path.name}", path.read_bytes()[:end]
    for name in ("verifier.pub", "checkpoints", "checkpoint"):
        if (directory / name).is_file():
            yield f"audit/{name}", (directory / name).read_bytes()


def _put(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))

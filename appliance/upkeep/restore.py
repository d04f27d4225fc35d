"""A home from its backup, verified before it is one: nothing that was erased since comes back.

1. Unseal and unpack beside the new home, every file against its SHA-256.
2. Check the log with the stand-alone checker, against the backup's own checkpoint and any anchor given.
3. Open the key ring with the site's master key, and the database.
4. Carry out every erasure again: of the log in the backup, of the list beside the backup, of the list given.
5. Move the records to PostgreSQL, where the settings name a database of it: an empty one.
6. Put the home in its place in one step. The restoration is in its log.

The log goes on where the backup ended. An anchor taken later than the backup counts more records: `verify` then
says so, truthfully; keep the old log, if there is one, for the examiner.
"""

import hashlib
import json
import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from appliance.audit.events import BackupRestored
from appliance.audit.log import AuditLog
from appliance.audit.verification import verify_devices
from appliance.errors import IntegrityFailure, Unavailable, UsageError
from appliance.isolation import egress
from appliance.isolation.process import declared_names
from appliance.settings import Settings, load
from appliance.storage.copying import moved_in
from appliance.storage.database import Database
from appliance.storage.home import FOLDERS
from appliance.storage.keys import KeyRing
from appliance.upkeep import erasures
from appliance.upkeep.backup import FORMAT, MANIFEST
from appliance.upkeep.sealed_stream import SealedReader


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: files, records of the log, and how many erasures had to be carried out again."""

    digest: str
    files: int
    records: int
    erased: int


def restore(
    file: Path, home: Path, passphrase: bytes, *, erased: tuple[Path, ...] = (), anchor: str | None = None,
    actor: str = "system", overrides: dict[str, Any] | None = None,
) -> Restored:  # fmt: skip
    """Make `home`, which must not exist or be empty, from a backup.

    `erased` are lists of erasures beside the one that lies next to the backup. Raises IntegrityFailure when
    anything is not as it was written, UsageError when the home is in use, Unavailable when a file cannot be read or
    the master key is missing; then no home is left behind.
    """
    if home.exists() and any(home.iterdir()):
        raise UsageError(f"{home} is not empty", "Restore into a new directory")
    fresh = home.with_name(f".{home.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(mode=0o700, parents=True)
        digest, manifest = _unpack(file, fresh, passphrase)
        _check_log(fresh, manifest, anchor)
        settings = load(fresh, **{**(overrides or {}), "audit_devices": (), "anchor_folders": ()})
        egress.install(settings.allowed_networks, declared_names(settings))
        again = _carry_out(settings, file, erased, digest, actor)
        with moved_in(settings):
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.rename(fresh, home)
    except OSError as error:
        raise Unavailable(f"the backup cannot be restored ({error.strerror})", "Check file and disk") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Restored(digest, len(manifest["files"]), int(manifest["records"]), again)


def _unpack(file: Path, to: Path, passphrase: bytes) -> tuple[str, dict[str, Any]]:
    found: dict[str, list[Any]] = {}
    manifest: dict[str, Any] = {}
    with file.open("rb") as raw:
        sealed = SealedReader(raw, passphrase)
        try:
            with tarfile.open(fileobj=sealed, mode="r|") as archive:  # type: ignore[call-overload]
                for entry in archive:
                    content = _content(archive, entry)
                    if entry.name == MANIFEST:
                        manifest = json.loads(content)
                        continue
                    found[entry.name] = [len(content), hashlib.sha256(content).hexdigest()]
                    _write(to / _safe(entry.name), content)
        except tarfile.TarError as error:
            raise IntegrityFailure("the backup is damaged", "Take another copy") from error
        sealed.read()  # to its end: a backup that was cut off has none
    if manifest.get("format") != FORMAT or manifest["files"] != found:
        raise IntegrityFailure("the backup does not hold what its manifest lists", "Take another copy")
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest(), manifest


def _check_log(fresh: Path, manifest: dict[str, Any], anchor: str | None) -> None:
    notes = "\n".join(filter(None, (manifest["checkpoint"], anchor)))
    found = verify_devices([fresh / "audit"], manifest["key"], notes)
    if not found.ok:
        raise IntegrityFailure(f"the log in the backup is not whole: {found.first_error}", "Take another backup")


def _carry_out(settings: Settings, file: Path, erased: tuple[Path, ...], digest: str, actor: str) -> int:
    fresh = settings.home
    for name in FOLDERS:
        (fresh / name).mkdir(mode=0o700, exist_ok=True)
    keys = KeyRing.open(settings)
    try:
        database = Database.open(fresh)
        try:
            log = AuditLog.open(settings, keys)
            try:
                lists = [file.parent / erasures.NAME, *erased]
                lines = [*erasures.of_log(log), *(line for each in lists for line in erasures.read(each))]
                again = erasures.carry_out(lines, database, keys, fresh)
                log.append(BackupRestored(digest=digest, records=log.size, erased=again), actor=actor)
            finally:
                log.close()
        finally:
            database.close()
    finally:
        keys.close()
    return again


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(entry) if entry.isreg() else None
    if stream is None:
        raise IntegrityFailure("the backup holds what is no file", "Take another copy")
    return stream.read()


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise IntegrityFailure("the backup names a file outside the home", "Do not use it")
    return path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())

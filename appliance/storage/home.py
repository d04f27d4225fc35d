"""The home directory: made private, marked with its version, owned by one process at a time."""

import fcntl
import os
from pathlib import Path

from appliance.errors import IntegrityFailure, Unavailable, UsageError

VERSION = 1
SOCKET_NAME = "appliance.sock"
FOLDERS = ("originals", "pages", "index", "keys")


class HomeLock:
    """Ownership of a home by this process, until `release` or the end of the process."""

    def __init__(self, home: Path) -> None:
        """Raises Unavailable when another process owns the home."""
        self._descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise Unavailable(
                f"another process is using {home}", "Wait for it to end, or stop it and try again"
            ) from error

    def release(self) -> None:
        """Let others have the home. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def create(home: Path) -> None:
    """Make an empty home, readable by its owner only.

    Raises UsageError when there is something else in the directory, Unavailable when it cannot be made.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        strangers = {entry.name for entry in home.iterdir()} - {"settings.toml", "policies", "lock"}
        if strangers:
            raise UsageError(f"{home} is not empty", "Choose an empty directory for --home")
        home.chmod(0o700)
        for folder in FOLDERS:
            (home / folder).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{home} cannot be made ({error.strerror})", "Choose another --home") from error


def seal(home: Path) -> None:
    """Mark a home as complete: the last step of its creation."""
    temporary = home / "version.new"
    temporary.write_text(f"{VERSION}\n")
    os.replace(temporary, home / "version")


def is_initialised(home: Path) -> bool:
    """Whether `home` was created to the end."""
    return (home / "version").is_file()


def check(home: Path) -> None:
    """Raise Unavailable when there is no home, IntegrityFailure when a newer version wrote it."""
    if not is_initialised(home):
        raise Unavailable(f"{home} is not an appliance's home", f"Run `appliance --home {home} init` first")
    text = (home / "version").read_text().strip()
    if not text.isdigit():
        raise IntegrityFailure(f"{home}/version is damaged", "Restore it from a backup")
    if int(text) > VERSION:
        raise IntegrityFailure(
            f"{home} was written by a newer version of the appliance",
            "Install that version, or restore a backup made with this one",
        )

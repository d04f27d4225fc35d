"""Sealed files of a home: written whole or not at all, named by version ids and numbers only."""

import os
import re
import secrets
from pathlib import Path

from appliance.errors import NotFound, Unavailable

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PARTIAL = ".partial-"


def checked_id(identifier: str) -> str:
    """`identifier` when it can be a file's name and nothing else. Raises NotFound otherwise."""
    if not _ID.fullmatch(identifier):
        raise NotFound("no such document")
    return identifier


def write_whole(path: Path, content: bytes, aside: Path) -> None:
    """Write `content` to `path`, readable by the owner only: durable and complete, or not there at all.

    It is written first in `aside`, a directory above it, where `left_behind` finds what a kill left.
    Raises Unavailable when the disk refuses.
    """
    partial = aside / f"{_PARTIAL}{secrets.token_hex(8)}"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_directory(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise Unavailable(f"a file of the home cannot be written ({error.strerror})", "Check its disk") from error


def read_whole(path: Path) -> bytes:
    """The content of `path`. Raises NotFound when it is not there, Unavailable when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound("no such document") from error
    except OSError as error:
        raise Unavailable(f"a file of the home cannot be read ({error.strerror})", "Check its disk") from error


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def left_behind(directory: Path) -> list[Path]:
    """What killed writers left, while nobody writes."""
    return list(directory.glob(f"{_PARTIAL}*"))


def sweep(directory: Path) -> int:
    """Remove what killed writers left. To be called when nobody writes. How many files."""
    left = left_behind(directory)
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)

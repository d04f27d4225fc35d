"""Redacted page images, encrypted: `pages/<version>/<number>` of the home, under the version's key."""

import shutil
from pathlib import Path

from appliance.documents.files import checked_id, read_whole, sweep, write_whole
from appliance.storage.keys import KeyRing


class PageImages:
    """The page images of one home. What goes in must be redacted already."""

    def __init__(self, home: Path, keys: KeyRing) -> None:
        self._directory = home / "pages"
        self._keys = keys

    def put(self, version: str, number: int, image: bytes) -> None:
        """Store the image of page `number`, replacing one that is there."""
        sealed = self._keys.seal(_scope(version), image, _context(number))
        write_whole(self._path(version, number), sealed, self._directory)

    def get(self, version: str, number: int) -> bytes:
        """The image of a page. Raises NotFound when there is none or its key was destroyed,
        IntegrityFailure when it is not what was written."""
        sealed = read_whole(self._path(version, number))
        return self._keys.unseal(_scope(version), sealed, _context(number))

    def numbers(self, version: str) -> list[int]:
        """The pages that have an image, ascending."""
        folder = self._directory / checked_id(version)
        return sorted(int(path.name) for path in folder.glob("[0-9]*")) if folder.is_dir() else []

    def delete(self, version: str) -> None:
        """Remove every image of a version; again is no error."""
        shutil.rmtree(self._directory / checked_id(version), ignore_errors=True)

    def sweep(self) -> int:
        """Remove what a killed writer left. To be called when nobody writes."""
        return sweep(self._directory)

    def _path(self, version: str, number: int) -> Path:
        return self._directory / checked_id(version) / str(int(number))


def _scope(version: str) -> str:
    return f"version/{version}"


def _context(number: int) -> bytes:
    return f"page/{int(number)}".encode()

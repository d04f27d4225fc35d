"""Originals as they came in, encrypted: `originals/<version>` of the home, each under a key of its own.

This file and the vault are the only homes of unredacted data (invariant I1). The name of the file is inside
the sealed bytes. Destroying the key `original/<version>` forgets the original and leaves the rest.
"""

import json
from pathlib import Path

from appliance.documents.files import checked_id, read_whole, sweep, write_whole
from appliance.storage.keys import KeyRing

_CONTEXT = b"original"
_LENGTH_BYTES = 4


class Originals:
    """The originals of one home."""

    def __init__(self, home: Path, keys: KeyRing) -> None:
        self._directory = home / "originals"
        self._keys = keys

    def put(self, version: str, name: str, content: bytes) -> None:
        """Store an original and the name of its file, replacing one that is there."""
        head = json.dumps({"name": name}).encode()
        plain = len(head).to_bytes(_LENGTH_BYTES, "big") + head + content
        sealed = self._keys.seal(_scope(version), plain, _CONTEXT)
        write_whole(self._path(version), sealed, self._directory)

    def get(self, version: str) -> tuple[str, bytes]:
        """Name and content of an original, into memory only.

        Raises NotFound when it is not kept or its key was destroyed, IntegrityFailure when it is not what
        was written.
        """
        plain = self._keys.unseal(_scope(version), read_whole(self._path(version)), _CONTEXT)
        end = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES], "big")
        return json.loads(plain[_LENGTH_BYTES:end])["name"], plain[end:]

    def kept(self, version: str) -> bool:
        """Whether the original of a version is there."""
        return self._path(version).exists()

    def delete(self, version: str) -> None:
        """Forget an original for good: its key first, then the file; again is no error."""
        path = self._path(version)
        self._keys.destroy(_scope(version))
        path.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove what a killed writer left. To be called when nobody writes."""
        return sweep(self._directory)

    def _path(self, version: str) -> Path:
        return self._directory / checked_id(version)


def _scope(version: str) -> str:
    return f"original/{version}"

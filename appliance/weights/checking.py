"""Only known weights load (invariant I6): a path is handed out after the bytes behind it were hashed.

A file is hashed at its first use in a process; later uses compare its path, size, inode and time of change.
Whoever may write to the packs' directory while the appliance runs is the service user or root, and is trusted.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import IntegrityFailure, Unavailable
from appliance.weights import manifests
from appliance.weights.manifests import Pack, PackFile

HASH_BLOCK = 1024 * 1024

_checked: dict[tuple[str, int, int, int], str] = {}


@dataclass(frozen=True, slots=True)
class VerifiedPack:
    """A pack of which every file had the manifest's digest. Only `open_pack` makes one."""

    pack: Pack
    folder: Path
    sha256: str
    """The pack's digest, for audit records."""

    @property
    def name(self) -> str:
        """The pack's name."""
        return self.pack.name

    def path(self, name: str) -> Path:
        """Path of the file `name` of the pack. Raises IntegrityFailure for a file that the manifest doesn't list."""
        if not any(file.path == name for file in self.pack.files):
            raise IntegrityFailure(f"the pack {self.name} lists no file {name}", "Use a pack that has it")
        return self.folder / name

    def only(self, suffix: str) -> Path:
        """Path of the one file whose name ends in `suffix`, such as `.gguf`. Raises IntegrityFailure."""
        found = [file.path for file in self.pack.files if file.path.endswith(suffix)]
        if len(found) != 1:
            raise IntegrityFailure(f"the pack {self.name} has {len(found)} files ending in {suffix}, not one")
        return self.folder / found[0]


def folder_of(packs_dir: Path, pack: Pack) -> Path:
    """Where the pack's files lie: its folder in `packs_dir`, or the installed package that brings them."""
    if not pack.package:
        return packs_dir / pack.name
    spec = importlib.util.find_spec(pack.package)
    if spec is None or not spec.submodule_search_locations:
        message = f"the Python package {pack.package}, which holds the pack {pack.name}, is missing"
        raise Unavailable(message, "Run make setup")
    return Path(next(iter(spec.submodule_search_locations)))


def is_present(packs_dir: Path, name: str) -> bool:
    """Whether every file of the pack is there with its size; says nothing about its content."""
    pack = manifests.pack(name, packs_dir)
    try:
        folder = folder_of(packs_dir, pack)
        return all((folder / file.path).stat().st_size == file.bytes for file in pack.files)
    except (OSError, Unavailable):
        return False


def verify(packs_dir: Path, name: str) -> None:
    """Hash every file of a pack, whatever was checked before.

    Raises IntegrityFailure naming the first file that differs, Unavailable when one is missing, UsageError
    when the manifest has no such pack.
    """
    pack = manifests.pack(name, packs_dir)
    folder = folder_of(packs_dir, pack)
    for file in pack.files:
        _check(pack, folder / file.path, file, again=True)


def open_pack(packs_dir: Path, name: str) -> VerifiedPack:
    """A pack whose files may be loaded. Raises what `verify` raises."""
    pack = manifests.pack(name, packs_dir)
    folder = folder_of(packs_dir, pack)
    for file in pack.files:
        _check(pack, folder / file.path, file, again=False)
    return VerifiedPack(pack, folder, manifests.digest(pack))


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read once in blocks."""
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(pack: Pack, path: Path, file: PackFile, again: bool) -> None:
    try:
        found = path.stat()
        key = (str(path), found.st_size, found.st_mtime_ns, found.st_ino)
        if found.st_size == file.bytes and (again or key not in _checked):
            _checked[key] = sha256_of(path)
    except FileNotFoundError as error:
        advice = f"Run appliance models fetch {pack.name}"
        raise Unavailable(f"the model pack {pack.name} is not complete: {file.path} is missing", advice) from error
    except OSError as error:
        raise Unavailable(f"{file.path} of the model pack {pack.name} cannot be read ({error.strerror})") from error
    if _checked.get(key) != file.sha256:
        raise IntegrityFailure(
            f"{file.path} of the model pack {pack.name} is not the file that the manifest lists",
            f"Fetch it again: appliance models fetch {pack.name}",
        )

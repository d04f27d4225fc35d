"""A site's own model files: their format is told by content, their digest recorded, nothing else accepted.

Formats: GGUF (its magic number), safetensors (a length and a JSON header, as its specification says) and
ONNX (a protobuf ModelProto: fields of `onnx.proto3` on the top level). A pickle runs code when it is loaded,
so it is refused whatever it is called, and so is every format not known here.
"""

import json
import os
import shutil
import struct
from dataclasses import asdict
from pathlib import Path

from appliance.errors import IntegrityFailure, Unavailable, UsageError
from appliance.weights import manifests
from appliance.weights.checking import sha256_of
from appliance.weights.manifests import IMPORTED, Format, Pack, PackFile, Use

WEIGHTS: dict[str, Format] = {".gguf": "gguf", ".safetensors": "safetensors", ".onnx": "onnx"}
COMPANIONS = (".json", ".txt", ".model", ".jinja", ".md")
"""Tokenizers, configurations and licences that stand beside weights."""
MAX_HEADER_BYTES = 100_000_000
ONNX_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
"""ModelProto's field numbers and their protobuf wire types."""
GRAPH = 7
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")


def import_pack(
    packs_dir: Path, source: Path, name: str = "", use: Use = "generation", licence: str = "", expected_sha256: str = ""
) -> Pack:
    """Copy a model file, or a folder of weights and their tokenizer, into `packs_dir` and record its digests.

    `expected_sha256` is the publisher's digest of the (one) weights file. Raises UsageError for a format that
    is not accepted or a name that is taken, IntegrityFailure when the digest differs, Unavailable when the
    file cannot be read or copied.
    """
    name = name or source.stem.lower()
    if not manifests.is_name(name):
        raise UsageError(f"{name!r} cannot name a pack", "Use letters, digits, dots and dashes (--name)")
    if any(pack.name == name for pack in manifests.manifest(packs_dir)):
        raise UsageError(f"there is a pack called {name} already", "Give another name (--name)")
    try:
        paths = _files(source)
        kinds: set[Format] = {weights_format(path) for path in paths.values() if path.suffix not in COMPANIONS}
        if len(kinds) != 1:
            raise UsageError(
                f"{source.name} holds {len(kinds)} formats of weights, not one", "Import one model at a time"
            )
        packs_dir.mkdir(parents=True, exist_ok=True)
        files = _copy(paths, packs_dir, name)
        digests = [file.sha256 for file in files if Path(file.path).suffix in WEIGHTS]
        if expected_sha256 and digests != [expected_sha256.lower()]:
            shutil.rmtree(packs_dir / name)
            raise IntegrityFailure(
                f"{source.name} does not have the digest you gave", "Copy it again from its publisher"
            )
        pack = Pack(name, use, kinds.pop(), licence or "not stated", files)
        _record(packs_dir, pack)
    except OSError as error:
        raise Unavailable(
            f"{source} cannot be imported ({error.strerror})", "Check the file and the free space"
        ) from error
    return pack


def weights_format(path: Path) -> Format:
    """Which format a weights file has, by its content. Raises UsageError for a pickle or an unknown format."""
    with path.open("rb") as stream:
        head = stream.read(64)
        size = path.stat().st_size
        if head.startswith(PICKLES):
            message = f"{path.name} is a pickle or an archive: loading it could run code"
            raise UsageError(message, "Convert it to safetensors or GGUF")
        if head.startswith(b"GGUF") and size > 24:
            return "gguf"
        if _is_safetensors(path, head, size):
            return "safetensors"
    if _is_onnx(path, size):
        return "onnx"
    raise UsageError(f"{path.name} is not a whole GGUF, safetensors or ONNX file", "Only these formats are loaded")


def _is_safetensors(path: Path, head: bytes, size: int) -> bool:
    if size < 10 or head[8:9] != b"{":
        return False
    (length,) = struct.unpack("<Q", head[:8])
    if not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
        return False
    with path.open("rb") as stream:
        stream.seek(8)
        try:
            header = json.loads(stream.read(length))
            ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return False
    return bool(ends) and max(ends) == size - 8 - length


def _is_onnx(path: Path, size: int) -> bool:
    """Walk the top-level fields: all must be ModelProto's, a graph among them, and end with the file."""
    position, graph = 0, False
    with path.open("rb") as stream:
        while position < size:
            stream.seek(position)
            tag, tag_bytes = _varint(stream.read(10))
            field, wire = tag >> 3, tag & 7
            if ONNX_FIELDS.get(field) != wire:
                return False
            stream.seek(position + tag_bytes)
            value, value_bytes = _varint(stream.read(10))
            position += tag_bytes + value_bytes + (value if wire == 2 else 0)
            graph = graph or (field == GRAPH and value > 0)
    return graph and position == size


def _varint(data: bytes) -> tuple[int, int]:
    """A protobuf varint and its length; (0, 1) where there is none, which is no field of a model."""
    value = 0
    for position, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * position)
        if not byte & 0x80:
            return value, position + 1
    return 0, 1


def _files(source: Path) -> dict[str, Path]:
    """The files to take, by their place in the pack. Raises UsageError for anything that is no model file."""
    if source.is_file():
        return {source.name: source}
    if not source.is_dir():
        raise UsageError(f"{source} is neither a file nor a folder", "Name a model file")
    found = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.is_file()}
    for place, path in found.items():
        if path.is_symlink() or path.suffix not in (*WEIGHTS, *COMPANIONS):
            raise UsageError(f"{place} is no file that a model pack may hold", "Remove it and import again")
    return found


def _copy(paths: dict[str, Path], packs_dir: Path, name: str) -> tuple[PackFile, ...]:
    work = packs_dir / f".importing-{name}"
    shutil.rmtree(work, ignore_errors=True)
    files = []
    for place, path in paths.items():
        target = work / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        files.append(PackFile(place, target.stat().st_size, sha256_of(target)))
    os.replace(work, packs_dir / name)
    return tuple(files)


def _record(packs_dir: Path, pack: Pack) -> None:
    rows = [asdict(known) for known in (*manifests.imported(packs_dir), pack)]
    temporary = packs_dir / (IMPORTED + ".new")
    temporary.write_text(json.dumps({"packs": rows}, indent=1), "utf-8")
    os.replace(temporary, packs_dir / IMPORTED)

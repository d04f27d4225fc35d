"""Verify a bundle and put it in place: `python3 release.py verify|install|rollback`, without network.

    python3 release.py verify   BUNDLE --key KEY
    python3 release.py install  BUNDLE --key KEY --to /opt/appliance
    python3 release.py rollback --to /opt/appliance

A bundle is a directory: `BUNDLE`, a note signed by whoever built it, names the SHA-256 of `MANIFEST.json`, and that
names every file. Nothing of a bundle is run before all of it has been verified. A release is installed beside the
one in use, as `releases/DIGEST`, and `current` is switched to it in one rename when it works; `previous` names the
one before. `appliance bundle verify|install` are the same.

This file runs alone, with the log's `check.py` beside it and Python's standard library: a new machine has no more.
Compare the SHA-256 of both with what the builder told you before the first use.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

if __package__:
    from appliance.audit import check
else:
    sys.dont_write_bytecode = True  # the bundle must stay what was signed
    import check  # type: ignore[no-redef, import-not-found]

NOTE, MANIFEST = "BUNDLE", "MANIFEST.json"
PROGRAM, WHEELS, PACKS = "program", "wheels", "packs"
TITLE = "appliance bundle certificate v1"
CURRENT, PREVIOUS, RELEASES = "current", "previous", "releases"
COMPLETE = ".complete"
"""Written last into a release: one without it was cut off, and is made again."""
SPACE = 3
"""Times the size of the bundle that an installed release takes, at most."""
SET_UP, DIFFERS, MISSING = 1, 4, 5
"""Exit codes, those of the program: failed, integrity, unavailable."""


class Refused(Exception):
    """A bundle was not installed: what is wrong, what to do, and the program's exit code for it."""

    def __init__(self, message: str, advice: str, code: int) -> None:
        super().__init__(message)
        self.advice = advice
        self.code = code


def verify(bundle: Path, key: str) -> dict[str, Any]:
    """The facts of a bundle whose every file is the one that was signed, with nothing beside them.

    `key` is the builder's public key (a C2SP vkey). Raises Refused, with the first file that differs.
    """
    facts = facts_of(bundle, key)
    try:
        content = (bundle / MANIFEST).read_bytes()
        if hashlib.sha256(content).hexdigest() != facts["manifest"]:
            raise _differs(f"{MANIFEST} is not the one that was signed")
        listed: dict[str, list[Any]] = json.loads(content)["files"]
        found = {*_files(bundle)} - {NOTE, MANIFEST}
        for name in sorted(found ^ {*listed}):
            raise _differs(f"{name} is {'not listed' if name in found else 'missing'}")
        for name, (size, digest) in sorted(listed.items()):
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise _differs(f"{name} leads out of the bundle")
            if (bundle / name).stat().st_size != size or sha256(bundle / name) != digest:
                raise _differs(f"{name} is not the one that was signed")
    except OSError as error:
        raise Refused(f"{error.filename} cannot be read ({error.strerror})", "Copy the bundle again", MISSING) from None
    return {**facts, "files": len(listed), "bytes": sum(size for size, _ in listed.values())}


def facts_of(bundle: Path, key: str) -> dict[str, str]:
    """What the signed note says. Raises Refused when it is not signed with `key`."""
    try:
        text = (bundle / NOTE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{bundle} holds no readable {NOTE}", "Name the directory that was built", MISSING) from None
    found = check.check_statement(text, key)
    if not found["ok"]:
        raise _differs(str(found["first_error"]))
    if found["says"][0] != TITLE:
        raise _differs(f"{NOTE} is a certificate of something else")
    return dict(line.split(": ", 1) for line in found["says"][1:])


def install(bundle: Path, key: str, to: Path, python: str = sys.executable) -> dict[str, Any]:
    """Verify a bundle and make it the release in use below `to`. The same bundle again is no change.

    Raises Refused; what was in use before stays in use then.
    """
    facts = verify(bundle, key)
    if facts["machine"] != machine():
        raise Refused(
            f"the bundle is for {facts['machine']}, this is {machine()}", "Build one on such a machine", MISSING
        )
    release = to / RELEASES / facts["manifest"][:16]
    try:
        release.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(release.parent).free
        if not (release / COMPLETE).exists():
            if free < SPACE * facts["bytes"]:
                needed = SPACE * facts["bytes"] / 1e9
                raise Refused(f"{free / 1e9:.1f} GB are free at {to}, {needed:.1f} are needed", "Free space", MISSING)
            _make(bundle, release, python)
        former = current(to)
        if former != release:
            if former is not None:
                _point(to / PREVIOUS, former)
            _point(to / CURRENT, release)
    except OSError as error:
        raise Refused(
            f"{error.filename} cannot be written ({error.strerror})", "Run this as its owner", MISSING
        ) from None
    return {**facts, "release": str(release), "previous": str(former) if former not in (None, release) else None}


def rollback(to: Path) -> dict[str, Any]:
    """Use the release before again. Raises Refused when there is none."""
    former, now = _target(to / PREVIOUS), current(to)
    if former is None or now is None or not (former / COMPLETE).exists():
        raise Refused(f"there is no release before the one in use at {to}", "Install the bundle you want", MISSING)
    _point(to / CURRENT, former)
    _point(to / PREVIOUS, now)
    return {"release": str(former), "previous": str(now)}


def current(to: Path) -> Path | None:
    """The release in use below `to`."""
    return _target(to / CURRENT)


def machine() -> str:
    """What wheels depend on: processor, C library, Python."""
    library = "-".join(platform.libc_ver()) or platform.system()
    return f"{platform.machine()} {library.split('.')[0]} python{sys.version_info[0]}.{sys.version_info[1]}"


def sha256(file: Path) -> str:
    """Digest of a file, hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _make(bundle: Path, release: Path, python: str) -> None:
    """Copy the program, let it set itself up from the bundle alone, and let it verify its packs."""
    if release.exists():
        shutil.rmtree(release)
    shutil.copytree(bundle / PROGRAM, release)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    environment |= {
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str((bundle / WHEELS).resolve()), "PIP_CONFIG_FILE": os.devnull,
        "PACKS": str((bundle / PACKS).resolve()), "PYTHON": python,
    }  # fmt: skip
    steps = (
        (["sh", "deploy/setup.sh", "--runtime"], "its set-up failed"),
        ([".venv/bin/appliance", "models", "verify"], "its model packs are not whole"),
    )
    for command, what in steps:
        ran = subprocess.run(command, cwd=release, env=environment, stdout=subprocess.DEVNULL, check=False)
        if ran.returncode:
            shutil.rmtree(release)
            raise Refused(f"the release was not installed: {what}", "See above; what was in use stays in use", SET_UP)
    (release / COMPLETE).touch()


def _files(bundle: Path) -> Iterator[str]:
    """Every file below a directory. Raises Refused for what is neither file nor directory."""
    for folder, folders, names in os.walk(bundle):
        for name in (*folders, *names):
            path = Path(folder, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise _differs(f"{path.relative_to(bundle)} is neither a file nor a directory")
        yield from (str(Path(folder, name).relative_to(bundle)) for name in names)


def _point(link: Path, release: Path) -> None:
    """Let a link name a release, from one instant to the next."""
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(release.relative_to(link.parent))
    aside.rename(link)
    descriptor = os.open(link.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _target(link: Path) -> Path | None:
    return link.parent / os.readlink(link) if link.is_symlink() else None


def _differs(what: str) -> Refused:
    return Refused(what, "Do not use this bundle: fetch it again from who built it", DIFFERS)


def main(arguments: list[str] | None = None) -> int:
    """The command line of a machine that has nothing of the appliance yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("verify", "install", "rollback"))
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--key", help="the builder's public key, or a file that holds it")
    parser.add_argument("--to", type=Path, default=Path("/opt/appliance"))
    options = parser.parse_args(arguments)
    if options.verb != "rollback" and not options.key:
        parser.error("--key is needed: the public key of who built the bundle, as they told you")
    try:
        key = check.text_or_file(options.key) if options.key else ""
        if options.verb == "rollback":
            found = rollback(options.to)
        elif options.verb == "verify":
            found = verify(options.bundle, key)
        else:
            found = install(options.bundle, key, options.to)
    except Refused as refused:
        print(f"release: {refused}. {refused.advice}.", file=sys.stderr)
        return refused.code
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Build a bundle: everything that a machine without network needs, in one signed directory.

1. the program: every file of a clone without uncommitted changes, at its commit;
2. the wheels of the locked requirements, each checked against its hash by pip;
3. the model packs, each checked against the manifest;
4. `sbom.json`, what is in it: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/;
5. `release.py` and `check.py`, which verify and install it with Python alone;
6. `MANIFEST.json` with the SHA-256 of every file, and `BUNDLE`, a signed note with that of the manifest.

The only step of the appliance besides set-up that uses a network; with `wheels` it uses none.
"""

import base64
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import HeaderParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

from appliance import weights
from appliance.audit import check
from appliance.audit.checkpoint import Signer
from appliance.errors import Unavailable, UsageError
from appliance.settings import Settings
from appliance.upkeep import release
from appliance.weights import manifests

CLONE = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path("deploy", "requirements")
SBOM = "sbom.json"
STARTS = ("release.py", "check.py")


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: SHA-256 of the manifest (hex), files, bytes, the commit, and digests of what starts it all."""

    digest: str
    files: int
    bytes: int
    commit: str
    starts: dict[str, str]


def make_key(file: Path, name: str) -> str:
    """Write a new signing key to `file`, mode 0600; its public half, a C2SP vkey. Raises UsageError if it is there."""
    if not name or any(each in name for each in "+ \n"):
        raise UsageError("the name of a key has no space and no plus sign", "For example hospital-it")
    seed = secrets.token_bytes(32)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(f"{name} {base64.b64encode(seed).decode()}\n")
    except FileExistsError:
        raise UsageError(f"{file} is there already", "Name a new file") from None
    return str(Signer(name, seed).verifier)


def read_key(file: Path) -> Signer:
    """The signing key in a file that `make_key` wrote. Raises UsageError."""
    try:
        name, encoded = file.read_text("utf-8").split()
        return Signer(name, base64.b64decode(encoded, validate=True))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} holds no signing key", "Make one with `appliance bundle key FILE`") from error


def build(settings: Settings, to: Path, signer: Signer, packs: Sequence[str], wheels: Path | None) -> Built:
    """Write a bundle to the new directory `to`.

    Raises UsageError when `to` is there or the clone has changes, Unavailable when wheels or packs are missing,
    IntegrityFailure when a pack is not the manifest's. What was begun is removed then.
    """
    if to.exists():
        raise UsageError(f"{to} is there already", "Name a new directory")
    commit = _commit()
    partial = to.with_name(f".{to.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _copy_program(partial / release.PROGRAM)
        _collect_wheels(partial / release.WHEELS, wheels)
        _copy_packs(settings.packs, partial / release.PACKS, packs)
        for module, name in zip((release, check), STARTS, strict=True):
            shutil.copy(str(module.__file__), partial / name)
        sbom = _sbom(
            sorted((partial / release.WHEELS).iterdir()), [manifests.pack(each, settings.packs) for each in packs]
        )
        (partial / SBOM).write_text(json.dumps(sbom, indent=1), "utf-8")
        built = seal(partial, signer, commit)
        partial.rename(to)
    except OSError as error:
        raise Unavailable(f"the bundle cannot be written ({error.strerror})", "Check the disk it goes to") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return built


def seal(folder: Path, signer: Signer, commit: str) -> Built:
    """List what lies in `folder` and sign the list."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = {str(path.relative_to(folder)): (path.stat().st_size, release.sha256(path)) for path in files}
    manifest = json.dumps({"format": "appliance-bundle@v1", "files": listed}, indent=0).encode()
    (folder / release.MANIFEST).write_bytes(manifest)
    facts = {
        "built by": signer.verifier.name, "version": version("appliance"), "commit": commit,
        "machine": release.machine(), "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "manifest": hashlib.sha256(manifest).hexdigest(),
    }  # fmt: skip
    lines = [release.TITLE, *(f"{name}: {value}" for name, value in facts.items())]
    (folder / release.NOTE).write_text(signer.sign_statement("\n".join(lines) + "\n"), "utf-8")
    starts = {name: listed[name][1] for name in STARTS}
    return Built(facts["manifest"], len(listed), sum(size for size, _ in listed.values()), commit, starts)


def _commit() -> str:
    """The clone's commit. Raises UsageError where there is none, or changes that are not in it."""
    try:
        changed = _git("status", "--porcelain")
        commit = _git("rev-parse", "HEAD").strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError("this is no clone, so there is nothing to build from", "Build in a git clone") from error
    if changed:
        raise UsageError("the clone has changes that no commit holds", "Commit them, or build in a clean clone")
    return commit


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=CLONE, capture_output=True, text=True, check=True).stdout


def _copy_program(to: Path) -> None:
    for name in _git("ls-files", "-z").split("\0"):
        if name:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CLONE / name, to / name)


def _collect_wheels(to: Path, wheels: Path | None) -> None:
    """The wheels that set-up would install, torch as it is here. Raises Unavailable."""
    offline = [*("--no-index", "--find-links", str(wheels.resolve()))] if wheels else []
    cpu = "+cpu" in version("torch")
    wanted = [("torch.txt", ["--no-index"] if cpu and not wheels else []), ("runtime.txt", [])]
    for name, extra in wanted if cpu else [*wanted, ("cuda.txt", [])]:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", "--require-hashes", "-r", str(REQUIREMENTS / name), "-d", str(to), *extra, *offline]
        ran = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=False)
        if ran.returncode:
            said = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")] or ["?"]
            raise Unavailable(
                f"the wheels of {name} could not be collected ({said[-1].removeprefix('ERROR: ')[:200]})",
                "Check pip's index, or name a directory that holds them with --wheels",
            )


def _copy_packs(packs: Path, to: Path, names: Iterable[str]) -> None:
    to.mkdir(parents=True)
    for name in names:
        verified = weights.open_pack(packs, name)
        if not verified.pack.package:
            for file in verified.pack.files:
                (to / name / file.path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(verified.path(file.path), to / name / file.path)


def _sbom(wheels: Iterable[Path], packs: Iterable[manifests.Pack]) -> dict[str, Any]:
    """Every wheel and every pack as a CycloneDX component."""
    components = [_component(wheel) for wheel in wheels]
    for pack in packs:
        properties = [{"name": f"sha256 of {file.path}", "value": file.sha256} for file in pack.files]
        components.append(
            {"type": "machine-learning-model", "name": pack.name, "version": manifests.digest(pack)[:16],
             "licenses": [{"license": {"name": pack.licence}}], "properties": properties}
        )  # fmt: skip
    subject = {"type": "application", "name": "appliance", "version": version("appliance")}
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": subject},
            "components": components}  # fmt: skip


def _component(wheel: Path) -> dict[str, Any]:
    stem, number = wheel.name.split("-")[:2]
    name = stem.replace("_", "-").lower()
    component: dict[str, Any] = {
        "type": "library", "name": name, "version": number, "purl": f"pkg:pypi/{name}@{number}",
        "hashes": [{"alg": "SHA-256", "content": release.sha256(wheel)}],
    }  # fmt: skip
    if wheel.suffix == ".whl":
        with zipfile.ZipFile(wheel) as opened:
            inside = next(each for each in opened.namelist() if each.endswith(".dist-info/METADATA"))
            said = HeaderParser().parsestr(opened.read(inside).decode("utf-8", "replace"))
        classified = [
            each.rpartition(" :: ")[2] for each in said.get_all("Classifier", []) if each.startswith("License")
        ]
        licence = said.get("License-Expression") or ", ".join(classified) or (said.get("License") or "").split("\n")[0]
        if licence:
            component["licenses"] = [{"license": {"name": licence[:200]}}]
    return component

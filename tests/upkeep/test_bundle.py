"""A bundle is whole or refused; a release is in use whole, and the one before stays until it is."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance import settings
from appliance.errors import UsageError
from appliance.upkeep import bundle, release

REPOSITORY = Path(__file__).parents[2]
PACK = "pii-rampart"
WORKS = """set -eu
test "$1" = --runtime && test -n "$PIP_NO_INDEX" && test -d "$PIP_FIND_LINKS" && test -d "$PACKS"
mkdir -p .venv/bin
printf '#!/bin/sh\\ntest "$1" = models\\n' > .venv/bin/appliance
chmod +x .venv/bin/appliance
"""


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    file = tmp_path_factory.mktemp("key") / "key"
    return file, bundle.make_key(file, "hospital-it")


def program(folder: Path, set_up: str = WORKS) -> Path:
    """A clone of a small program whose set-up does what it says, and a directory with its only wheel."""
    wheels = folder / "wheels-at-hand"
    wheels.mkdir(parents=True)
    wheel = wheels / "tiny_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("tiny_thing.py", "")
        said = "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\nLicense-Expression: MIT\n"
        made.writestr("tiny_thing-1.0.dist-info/METADATA", said)
        made.writestr(
            "tiny_thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr("tiny_thing-1.0.dist-info/RECORD", "")
    locked = f"tiny-thing==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
    clone = folder / "clone"
    (clone / "deploy" / "requirements").mkdir(parents=True)
    for name in ("torch", "runtime", "cuda"):
        (clone / "deploy" / "requirements" / f"{name}.txt").write_text(locked)
    (clone / "deploy" / "setup.sh").write_text(set_up)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], cwd=clone, check=True)
    return clone


def built(folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch, set_up: str = WORKS) -> Path:
    monkeypatch.setattr(bundle, "CLONE", program(folder, set_up))
    to = folder / "bundle"
    bundle.build(settings.load(folder), to, bundle.read_key(key), [], folder / "wheels-at-hand")
    return to


@pytest.fixture
def whole(tmp_path: Path, key: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    return built(tmp_path / "first", key[0], monkeypatch)


def test_a_bundle_holds_program_wheels_and_a_list_of_contents(whole: Path, key: tuple[Path, str]) -> None:
    facts = release.verify(whole, key[1])
    assert facts["built by"] == "hospital-it"
    (listed,) = json.loads((whole / "sbom.json").read_text())["components"]
    assert (listed["name"], listed["version"]) == ("tiny-thing", "1.0")
    assert listed["licenses"] == [{"license": {"name": "MIT"}}]
    assert (whole / "program" / "deploy" / "setup.sh").read_text() == WORKS


def test_packs_go_along_as_the_manifest_has_them(tmp_path: Path, packs: Path) -> None:
    bundle._copy_packs(packs, tmp_path / "packs", [PACK])
    assert {path.name for path in (tmp_path / "packs" / PACK).rglob("*.onnx")}


def test_it_verifies_and_installs_with_python_alone(whole: Path, key: tuple[Path, str], tmp_path: Path) -> None:
    call = [sys.executable, "-S", "-E", str(whole / "release.py")]
    bare = {"PATH": os.environ["PATH"]}
    told = subprocess.run([*call, "verify", "--key", key[1]], env=bare, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "built by: hospital-it" in told.stdout
    to = ["--to", str(tmp_path / "opt")]
    told = subprocess.run(
        [*call, "install", "--key", key[1], *to], env=bare, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "opt" / "current" / ".venv" / "bin" / "appliance").exists()
    assert not (whole / "__pycache__").exists(), "a verified bundle is not written to"


def flip(file: str) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        content = bytearray((folder / file).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / file).write_bytes(content)

    return work


def relist(folder: Path) -> None:
    flip("program/deploy/setup.sh")(folder)
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    manifest["files"]["program/deploy/setup.sh"][1] = release.sha256(folder / "program" / "deploy" / "setup.sh")
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))


def sign_again(folder: Path) -> None:
    relist(folder)
    bundle.make_key(folder.parent / "other", "hospital-it")
    bundle.seal(folder, bundle.read_key(folder.parent / "other"), "0" * 40)


ALTERED: dict[str, Callable[[Path], None]] = {
    "a bit of a wheel": flip("wheels/tiny_thing-1.0-py3-none-any.whl"),
    "a bit of the program": flip("program/deploy/setup.sh"),
    "a bit of the list": flip("MANIFEST.json"),
    "a bit of the note": flip("BUNDLE"),
    "a file that went": lambda folder: (folder / "sbom.json").unlink(),
    "a file that came": lambda folder: (folder / "wheels" / "more.whl").touch(),
    "a link": lambda folder: (folder / "more").symlink_to("/etc"),
    "a list to match": relist,
    "a key to match": sign_again,
}


@pytest.mark.parametrize("what", ALTERED)
def test_what_was_altered_is_refused_before_any_of_it_runs(
    whole: Path, key: tuple[Path, str], tmp_path: Path, what: str
) -> None:
    ALTERED[what](whole)
    with pytest.raises(release.Refused) as refused:
        release.install(whole, key[1], tmp_path / "opt")
    assert refused.value.code == 4
    assert not (tmp_path / "opt").exists()


def test_a_certificate_of_something_else_is_no_bundle(whole: Path, key: tuple[Path, str]) -> None:
    text = bundle.read_key(key[0]).sign_statement("appliance erasure certificate v1\nmanifest: 00\n")
    (whole / "BUNDLE").write_text(text)
    with pytest.raises(release.Refused, match="something else"):
        release.verify(whole, key[1])


def test_upgrade_and_rollback_switch_whole_releases(
    whole: Path, key: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "opt"
    first = release.install(whole, key[1], to)
    assert first["previous"] is None
    assert release.install(whole, key[1], to)["previous"] is None, "the same again is no change"
    second = release.install(built(tmp_path / "second", key[0], monkeypatch, WORKS + "# newer\n"), key[1], to)
    assert second["previous"] == first["release"]
    assert str(release.current(to)) == second["release"]
    assert release.rollback(to)["release"] == first["release"]
    assert release.rollback(to)["release"] == second["release"]


def test_a_release_that_fails_leaves_the_one_in_use(
    whole: Path, key: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "opt"
    first = release.install(whole, key[1], to)
    for number, set_up in enumerate(("exit 1\n", WORKS.replace("= models", "= nothing"))):
        worse = built(tmp_path / f"worse-{number}", key[0], monkeypatch, set_up)
        with pytest.raises(release.Refused, match="was not installed"):
            release.install(worse, key[1], to)
        assert str(release.current(to)) == first["release"]
        assert len(list((to / "releases").iterdir())) == 1
    with pytest.raises(release.Refused, match="no release before"):
        release.rollback(to)


def test_a_release_that_was_cut_off_is_made_again(whole: Path, key: tuple[Path, str], tmp_path: Path) -> None:
    to = tmp_path / "opt"
    made = Path(release.install(whole, key[1], to)["release"])
    (made / release.COMPLETE).unlink()
    (made / "half").touch()
    release.install(whole, key[1], to)
    assert not (made / "half").exists()


def test_a_bundle_for_another_machine_is_refused(
    whole: Path, key: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "machine", lambda: "riscv64 glibc-2 python3.11")
    with pytest.raises(release.Refused, match="the bundle is for"):
        release.install(whole, key[1], tmp_path / "opt")


def test_only_what_a_commit_holds_is_built(
    tmp_path: Path, key: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = program(tmp_path)
    monkeypatch.setattr(bundle, "CLONE", clone)
    (clone / "new").touch()
    with pytest.raises(UsageError, match="changes"):
        bundle.build(settings.load(tmp_path), tmp_path / "bundle", bundle.read_key(key[0]), [], tmp_path)
    assert not (tmp_path / "bundle").exists()


def test_a_key_file_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path, key: tuple[Path, str]) -> None:
    assert key[0].stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="is there already"):
        bundle.make_key(key[0], "x")
    (tmp_path / "bad").write_text("x " + base64.b64encode(b"short").decode())
    with pytest.raises(UsageError, match="no signing key"):
        bundle.read_key(tmp_path / "bad")


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_the_program_itself_is_built_and_installed_without_network(tmp_path: Path, key: tuple[Path, str]) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
    call = [sys.executable, "-m", "appliance.cli.main", "bundle"]
    to = tmp_path / "bundle"
    subprocess.run([*call, "build", str(to), "--key", str(key[0])], cwd=clone, check=True)
    without_network = ["unshare", "--user", "--map-root-user", "--net"]
    install = [
        sys.executable,
        "-S",
        "-E",
        str(to / "release.py"),
        "install",
        "--key",
        key[1],
        "--to",
        str(tmp_path / "opt"),
    ]
    subprocess.run([*without_network, *install], env={"PATH": os.environ["PATH"]}, check=True)
    program = tmp_path / "opt" / "current" / ".venv" / "bin" / "appliance"
    told = subprocess.run(
        [*without_network, str(program), "models", "verify", "--json"], capture_output=True, check=True
    )
    assert all(each["verified"] for each in json.loads(told.stdout)["packs"])

"""Set-up from a bare clone: every failure says what to do, and a second run does nothing."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up program, told that the clone is an empty directory."""
    spec = importlib.util.spec_from_file_location("deploy_setup", REPOSITORY / "deploy" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    for name, value in (("ROOT", tmp_path), ("VENV", venv), ("PYTHON", venv / "bin" / "python")):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module, "DONE", venv / "setup-done.json")
    return module


def test_without_python_311_it_says_how_to_get_it(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("dirname", "sh"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    script = (REPOSITORY / "deploy" / "setup.sh").read_text().replace("/usr/bin/python3.11", "/nowhere/python3.11")
    (tmp_path / "setup.sh").write_text(script.replace("/usr/local/bin/python3.11", "/nowhere/python3.11"))
    ran = subprocess.run(
        ["/bin/sh", str(tmp_path / "setup.sh")], env={"PATH": str(tools)}, text=True, capture_output=True
    )
    assert ran.returncode == 5
    assert "apt-get install python3.11" in ran.stderr


def test_a_full_disk_is_said_before_anything_is_made(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**9))
    with pytest.raises(setup.SetupFailed, match=r"1\.0 GB are free"):
        setup.make_environment()
    assert not setup.VENV.exists()


def test_a_python_without_venv_says_which_package_is_missing(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup.sys, "executable", "/bin/false")
    with pytest.raises(setup.SetupFailed) as failed:
        setup.make_environment()
    assert "python3.11-venv" in failed.value.advice


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("ERROR: Could not find a version that satisfies", "PIP_FIND_LINKS"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the locked one"),
        ("OSError: [Errno 28] No space left on device", "Free at least"),
    ],
)
def test_a_failed_installation_says_what_to_do(setup: ModuleType, output: str, words: str) -> None:
    script = f"print('Location x is ignored'); print({output!r}); raise SystemExit(1)"
    with pytest.raises(setup.SetupFailed) as failed:
        setup.run([sys.executable, "-c", script], "installing", setup.INDEX_ADVICE)
    assert words in failed.value.advice
    assert "is ignored" not in failed.value.output


def test_a_step_that_is_done_is_not_done_again(setup: ModuleType) -> None:
    setup.VENV.mkdir()
    did: list[str] = []
    done: dict[str, str] = {}
    for state in ("a", "a", "b"):
        setup.step(done, "one", lambda state=state: state, "doing", lambda: did.append("x"))
    assert len(did) == 2


def test_the_locked_requirements_are_pinned_by_hash() -> None:
    for name in ("torch", "runtime", "dev", "cuda"):
        text = (REPOSITORY / "deploy" / "requirements" / f"{name}.txt").read_text()
        entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert entries
        assert all("==" in line and line.endswith("\\") for line in entries)
        assert text.count("--hash=sha256:") >= len(entries)


def test_a_second_set_up_does_nothing_until_a_pack_is_touched(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []
    weights = setup.VENV / "share" / "appliance" / "packs" / "one" / "model.gguf"

    def make() -> None:
        (setup.VENV / "bin").mkdir(parents=True)
        setup.PYTHON.touch()

    def fetch(directory: str) -> None:
        did.append("packs")
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.write_text("x")

    monkeypatch.setattr(setup, "make_environment", make)
    monkeypatch.setattr(setup, "fetch_packs", fetch)
    for name in ("install_torch", "install_locked", "install_program"):
        monkeypatch.setattr(setup, name, lambda name=name: did.append(name))
    (tmp_path / "appliance" / "weights").mkdir(parents=True)
    (tmp_path / "appliance" / "weights" / "packs.yaml").touch()
    (tmp_path / "pyproject.toml").touch()
    for expected in (4, 4):
        setup.set_up("", tests=False)
        assert len(did) == expected
    (weights.parents[1] / "two").mkdir()
    (weights.parents[1] / "two" / "more.gguf").write_text("y")
    setup.set_up("", tests=False)
    assert len(did) == 4
    weights.write_text("z!")
    setup.set_up("", tests=False)
    assert did[4:] == ["packs"]

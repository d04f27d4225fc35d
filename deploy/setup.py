"""Build `.venv` with everything the appliance needs, from hash-locked requirements; `make setup` runs this.

1. a virtual environment with pip;
2. torch: its CPU build from the wheel directory that pip's configuration names (`PIP_FIND_LINKS`), else the
   package index's build and the CUDA libraries which that one needs;
3. the locked requirements of the program, then of tests and linters;
4. the program itself, editable;
5. the default model packs, checked by digest (`--packs DIR` takes them from a directory);
6. with `--tests`: from the operating system's packages Chromium for the browser tests, slapd for those of LDAP and
   PostgreSQL, and from npm, into `.venv`, the OpenID Connect provider that sign-in is proved against.

Each step that is done is remembered by a digest of its input, so a second run does nothing. Standard
library only: it runs before anything is installed.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "deploy" / "requirements"
DONE = VENV / "setup-done.json"
NEEDED_BYTES = 5_000_000_000
CUDA_BYTES = 9_000_000_000
TAIL_LINES = 12


class SetupFailed(Exception):
    """A step failed; the message says what, the advice what to do."""

    def __init__(self, message: str, advice: str, output: str = "") -> None:
        super().__init__(message)
        self.advice = advice
        self.output = output


def say(text: str) -> None:
    """One line of progress, on standard error."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def digest(*paths: Path) -> str:
    """SHA-256 of the content of files, in order."""
    hasher = hashlib.sha256()
    for path in paths:
        hasher.update(path.read_bytes())
    return hasher.hexdigest()


def run(command: list[str], what: str, advice: str) -> None:
    """Run a quiet command in the clone; raise SetupFailed with the end of its output when it fails."""
    ran = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if ran.returncode == 0:
        return
    lines = [line for line in ran.stdout.splitlines() if line.strip() and "is ignored" not in line]
    output = "\n".join(lines[-TAIL_LINES:])
    if "No space left" in ran.stdout:
        raise SetupFailed(f"{what}: the disk is full", "Free at least 5 GB here and run make setup again")
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in ran.stdout:
        advice = "The package index gave a file that is not the locked one. Ask its administrator before going on"
    raise SetupFailed(f"{what} failed", advice, output)


def pip(*arguments: str) -> list[str]:
    """The command line of the environment's pip; its configuration stays the site's own."""
    return [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]


def locked(name: str) -> list[str]:
    """Arguments that install one locked requirements file, and nothing that is not in it."""
    return ["--no-deps", "--require-hashes", "-r", str(REQUIREMENTS / name)]


INDEX_ADVICE = (
    "Check the network and pip's index (pip config list), or point pip at a directory of wheels: "
    "PIP_NO_INDEX=1 PIP_FIND_LINKS=/path/to/wheels make setup"
)


def make_environment() -> None:
    """Step 1. An environment that is there and works is kept; pip then installs what is missing in it."""
    works = [str(PYTHON), "-m", "pip", "--version"]
    if PYTHON.exists() and subprocess.run(works, capture_output=True, check=False).returncode == 0:
        return
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise SetupFailed(
            f"{free / 1e9:.1f} GB are free here and set-up needs {NEEDED_BYTES / 1e9:.0f} GB",
            "Free space, or clone elsewhere",
        )
    venv_advice = "On Debian or Ubuntu: apt-get install python3.11-venv"
    run([sys.executable, "-c", "import venv, ensurepip"], "Python's venv module is missing: set-up", venv_advice)
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "making .venv", venv_advice)
    run(works, "pip in .venv", venv_advice)


def install_torch() -> None:
    """Step 2. Pip prefers the index's CUDA build where both are offered, so the wheel directory is asked first."""
    try:
        run(pip("--no-index", *locked("torch.txt")), "torch from a wheel directory", "")
    except SetupFailed:
        run(pip(*locked("torch.txt")), "installing torch", INDEX_ADVICE)
    version = "from importlib.metadata import version; print(version('torch'))"
    found = subprocess.run([str(PYTHON), "-c", version], text=True, capture_output=True, check=True).stdout
    if "+cpu" not in found:
        if shutil.disk_usage(ROOT).free < CUDA_BYTES:
            raise SetupFailed(
                f"this torch needs {CUDA_BYTES / 1e9:.0f} GB for its CUDA libraries, which are not free here",
                "Free space, or put torch's CPU wheel into a directory and set PIP_FIND_LINKS to it",
            )
        say("  this torch is the CUDA build: installing the libraries it needs")
        run(pip(*locked("cuda.txt")), "installing the CUDA libraries", INDEX_ADVICE)


def install_locked(runtime: bool) -> None:
    """Step 3."""
    run(pip(*locked("runtime.txt")), "installing the program's requirements", INDEX_ADVICE)
    if not runtime:
        run(pip(*locked("dev.txt")), "installing the requirements of tests and linters", INDEX_ADVICE)


def install_program() -> None:
    """Step 4."""
    command = pip("--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
    run(command, "installing the program", "Report this")


def fetch_packs(directory: str) -> None:
    """Step 5. Its progress bar goes to the terminal."""
    command = [str(PYTHON), "-m", "appliance.weights", *([directory] if directory else [])]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SetupFailed("the model packs are not complete", "See above; what was fetched is kept")


def packs_state(before: str = "") -> str:
    """Names, sizes and times of the packs' files, cheap to compare; equal to `before` while its files are untouched."""
    folder = VENV / "share" / "appliance" / "packs"
    files = sorted(path for path in folder.glob("[!.]*/**/*") if path.is_file())
    stats = {path.relative_to(folder).as_posix(): [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
    known = json.loads(before) if before else {}
    return before if known and known.items() <= stats.items() else json.dumps(stats) if stats else ""


def packs_here(done: dict[str, str], manifest: str) -> str:
    """The state of the packs step: the manifest's digest and the files; packs that were added since do not matter."""
    known, _, files = done.get("packs", "").partition(" ")
    return f"{manifest} {state}" if (state := packs_state(files if known == manifest else "")) else ""


def install_browser() -> None:
    """Step 6. Says what is missing and goes on: only the browser tests need it."""
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    hint = "run as root: apt-get install chromium fonts-dejavu-core"
    if not shutil.which("apt-get"):
        return say("the browser tests need Chromium: install it (on Debian, " + hint + ")")
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if not sudo or subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode:
            return say("the browser tests need Chromium; " + hint)
        command = ["sudo", "-n", *command]
    say("installing Chromium for the browser tests")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for attempt in (command, [*command[: command.index("apt-get")], "apt-get", "update"], command):
        ran = subprocess.run(attempt, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode == 0 and attempt is command:
            return None
    return say("Chromium could not be installed (" + (ran.stderr.strip().splitlines() or ["?"])[-1] + "); " + hint)


def install_directory() -> None:
    """Step 6: slapd. Its tests skip without it; nothing is started by installing it for long enough to matter."""
    if not shutil.which("slapd") and not Path("/usr/sbin/slapd").exists():
        install_packages("LDAP", "slapd", "ldap-utils")


def install_database() -> None:
    """Step 6: PostgreSQL. Its tests start a server of their own and skip without; no cluster is made for it."""
    if not shutil.which("initdb") and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        install_packages("PostgreSQL", "postgresql")


def install_packages(tests: str, *names: str) -> None:
    """Install packages of the operating system that some tests need, where that can be done; else say so."""
    wanted = " ".join(names)
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return say(f"the {tests} tests need {names[0]} and skip without; run as root: apt-get install {wanted}")
    command = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for attempt in (command, ["apt-get", "update"], command):
        ran = subprocess.run(attempt, env=environment, capture_output=True, check=False)
        if ran.returncode == 0 and attempt is command:
            return None
    return say(f"{names[0]} could not be installed: the {tests} tests skip")


def install_provider() -> None:
    """Step 6: npm's oidc-provider, at the locked versions, without running any of its scripts."""
    folder = VENV / "share" / "oidc-provider"
    if (folder / "node_modules" / "oidc-provider").is_dir():
        return
    if not shutil.which("npm"):
        return say("the OpenID Connect tests need Node and npm, and skip without")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "tests" / "access" / "oidc-provider" / name, folder / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
        say("npm's oidc-provider could not be installed: the tests against a real provider skip")


def remembered() -> dict[str, str]:
    """What earlier runs finished, by step."""
    try:
        found = json.loads(DONE.read_text("utf-8"))
        return found if PYTHON.exists() else {}
    except (FileNotFoundError, ValueError):
        return {}


def step(done: dict[str, str], name: str, state: Callable[[], str], title: str, work: Callable[[], None]) -> None:
    """Do one step unless its state is the remembered one; remember the state it leaves."""
    if done.get(name) == state() != "":
        return
    say(title)
    started = time.monotonic()
    work()
    done[name] = state()
    DONE.write_text(json.dumps(done, indent=1), "utf-8")
    say(f"  done in {time.monotonic() - started:.0f} s")


def set_up(packs: str, tests: bool, runtime: bool = False) -> None:
    """All steps in order."""
    done = remembered()
    inputs = {name: REQUIREMENTS / f"{name}.txt" for name in ("torch", "cuda", "runtime", "dev")}
    step(done, "venv", lambda: "made", "making .venv", make_environment)
    with (VENV / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        torch = lambda: digest(inputs["torch"], inputs["cuda"])  # noqa: E731
        rest = lambda: digest(inputs["runtime"], *([] if runtime else [inputs["dev"]]))  # noqa: E731
        step(done, "torch", torch, "installing torch", install_torch)
        step(done, "locked", rest, "installing the locked requirements (some minutes)", lambda: install_locked(runtime))
        step(done, "program", lambda: digest(ROOT / "pyproject.toml"), "installing the program", install_program)
        manifest = digest(ROOT / "appliance" / "weights" / "packs.yaml")
        step(done, "packs", lambda: packs_here(done, manifest), "fetching model packs", lambda: fetch_packs(packs))
    if tests:
        install_browser()
        install_directory()
        install_database()
        install_provider()


def main() -> int:
    """Run the steps; every failure says what to do. Exit codes are the program's: 1 failed, 5 something is missing."""
    parser = argparse.ArgumentParser(description="Build .venv with everything the appliance needs.")
    parser.add_argument("--packs", default=os.environ.get("PACKS", ""), metavar="DIR", help="take model packs from DIR")
    parser.add_argument("--tests", action="store_true", help="install Chromium for the browser tests as well")
    parser.add_argument("--runtime", action="store_true", help="leave out what only tests and linters need")
    options = parser.parse_args()
    try:
        set_up(options.packs, options.tests, options.runtime)
    except SetupFailed as failure:
        if failure.output:
            print(failure.output, file=sys.stderr)
        say(f"{failure}.\n  {failure.advice}.")
        return 5
    except OSError as error:
        say(f"{error.filename or 'a file'} cannot be used ({error.strerror}).\n  Free space or correct its owner.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

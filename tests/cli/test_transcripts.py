"""Bad input at the command line, as readable transcripts: `transcripts/*.txt`, after those of age.

    # a comment
    @ home                            a stage direction: a method of `Stage`, with its arguments
    $ appliance parse missing.pdf     a command; `< FILE` gives it standard input, `NAME=VALUE` before it a variable
    $$ appliance serve                a command in a process of its own
    a line of standard output
    ! a line of standard error
    [3]                               the exit code

`...` in an expected line stands for anything, `DIR` for the directory of the test. Commands run in this process
through `appliance.cli.main.run`, as the program runs them, unless the line begins with `$$`.
"""

import io
import os
import random
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from appliance import settings, weights
from appliance.assembly.local import LocalServer
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance, initialise
from appliance.cli import main
from appliance.storage import home as homes

TRANSCRIPTS = sorted(Path(__file__).with_name("transcripts").glob("*.txt"))


@dataclass
class Stage:
    """What a transcript needs to be there, made in the directory `here`; undone at the end."""

    here: Path
    variables: dict[str, str] = field(default_factory=dict)
    closers: list[Callable[[], object]] = field(default_factory=list)

    def home(self) -> None:
        """A new home `h`."""
        initialise(settings.load(self.here / "h", insecure_plain_key_file=True))
        self.variables["APPLIANCE_INSECURE_PLAIN_KEY_FILE"] = "1"

    def served(self) -> None:
        """The home `h`, owned by a running server, with the user `nurse` who may read the collection `ward`."""
        self.home()
        appliance = Appliance.open(settings.load(self.here / "h", insecure_plain_key_file=True, compose=False))
        for name, arguments in (
            ("user.add", {"login": "nurse", "password": "long enough for a test"}),
            ("collection.create", {"name": "ward"}),
            ("collection.create", {"name": "secret"}),
            ("grant.add", {"collection": "ward", "principal": "user:nurse"}),
        ):
            list(perform(appliance, name, arguments))
        server = LocalServer(self.here / "h", lambda verb, arguments, uid: perform(appliance, verb, arguments, uid))
        self.closers += [appliance.close, server.close]
        _ = appliance.asking  # models are loaded here, not during a command

    def owned(self) -> None:
        """The home `h`, in the hands of another process that is no server."""
        self.closers.append(homes.HomeLock(self.here / "h").release)

    def newer(self) -> None:
        """The home `h` as a version of the future left it."""
        (self.here / "h" / "version").write_text("99\n")

    def text(self, name: str, content: str = "") -> None:
        """A file with this text (escapes as in Python)."""
        (self.here / name).write_bytes(content.encode().decode("unicode_escape").encode())

    def large(self, name: str, megabytes: str) -> None:
        """A file of words, so many megabytes long."""
        (self.here / name).write_bytes(b"warfarin " * (int(megabytes) * 1_000_000 // 9))

    def encrypted(self, name: str) -> None:
        """A PDF that asks for a password."""
        canvas = Canvas(str(self.here / name), encrypt=StandardEncryption("secret", canPrint=0))
        canvas.drawString(72, 720, "Warfarin 3 mg daily")
        canvas.save()

    def program(self, name: str) -> None:
        """An executable under this name."""
        (self.here / name).write_bytes(b"\x7fELF\x02\x01\x01" + random.Random(1).randbytes(9000))

    def pack(self, name: str, changed: str = "") -> None:
        """A directory of packs with one pack, one byte of its weights `changed`."""
        shutil.copytree(settings.load().packs / name, self.here / "packs" / name)
        if changed:
            weights_file = self.here / "packs" / name / weights.pack(name).files[0].path
            with weights_file.open("r+b") as file:
                file.seek(50_000_000)
                byte = file.read(1)[0]
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte ^ 1]))
        self.variables["APPLIANCE_PACKS"] = str(self.here / "packs")

    def flip(self, name: str, after: str) -> None:
        """One bit of a file, behind the first place where these words stand."""
        path = next((self.here).glob(name))
        content = bytearray(path.read_bytes())
        content[content.index(after.encode()) + len(after) + 2] ^= 1
        path.write_bytes(content)

    def port(self) -> None:
        """A port that somebody listens on; `PORT` in a command is its number."""
        taken = socket.create_server(("127.0.0.1", 0))
        self.variables["PORT"] = str(taken.getsockname()[1])
        self.closers.append(taken.close)

    def close(self) -> None:
        """Undo what has to be undone."""
        for close in reversed(self.closers):
            close()


@dataclass
class Step:
    """One command of a transcript, what stands before it, and what it should say."""

    command: str
    """Without its first `$`."""
    stage: list[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int | None = None


def steps(text: str) -> Iterator[Step]:
    """The commands of a transcript. ValueError for a command without an exit code."""
    stage: list[str] = []
    step: Step | None = None
    for line in [*text.splitlines(), "$"]:
        if line.startswith("$"):
            if step is not None:
                if step.code is None:
                    raise ValueError(f"no exit code after {step.command}")
                yield step
            step, stage = Step(line[1:].strip(), stage), []
        elif line.startswith("@"):
            stage.append(line[1:].strip())
        elif re.fullmatch(r"\[\d+\]", line) and step is not None:
            step.code = int(line[1:-1])
        elif line.startswith("! ") and step is not None:
            step.err.append(line[2:])
        elif line and not line.startswith("#") and step is not None:
            step.out.append(line)


def agrees(expected: list[str], said: str) -> bool:
    """Whether the lines that were said are those expected, `...` standing for anything; empty lines aside."""
    pattern = re.escape("\n".join(expected)).replace(r"\.\.\.", ".*")
    lines = "\n".join(line.rstrip() for line in said.split("\n") if line.strip())
    return re.fullmatch(pattern, lines, re.DOTALL) is not None


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An empty stage, and the current directory on it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    made = Stage(tmp_path)
    yield made
    made.close()


def marked(path: Path) -> object:
    """A transcript as a parameter of the test."""
    return pytest.param(path, id=path.stem)


@pytest.mark.parametrize("path", map(marked, TRANSCRIPTS))
def test_the_program_says_what_the_transcript_says(
    path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in steps(path.read_text("utf-8")):
        for direction in step.stage:
            name, *arguments = shlex.split(direction)
            getattr(stage, name)(*arguments)
        for name, value in stage.variables.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = perform_command(step.command.removeprefix("$"), stage, monkeypatch, fresh=step.command.startswith("$"))
        said = capsys.readouterr()
        out, err = (text.replace(str(stage.here), "DIR") for text in said)
        told = f"$ {step.command}\n{out[:2000]}\n!\n{err[:2000]}\n[{code}]"
        assert code == step.code, told
        assert agrees(step.out, out), told
        assert agrees(step.err, err), told
        assert "Traceback" not in err


def perform_command(command: str, stage: Stage, monkeypatch: pytest.MonkeyPatch, *, fresh: bool) -> int:
    """Run a line of a transcript, in a `fresh` process or in this one; returns its exit code."""
    line, _, source = command.partition(" < ")
    words = [os.path.expandvars(word) if word.startswith("$") else word for word in shlex.split(line)]
    with monkeypatch.context() as patch:
        while re.fullmatch(r"[A-Z_]+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            patch.setenv(name, value)
            if not value:
                patch.delenv(name)
        assert words.pop(0) == "appliance"
        content = (stage.here / source.strip()).read_bytes() if source else b""
        if fresh:
            program = [sys.executable, "-m", "appliance.cli.main", *words]
            ran = subprocess.run(program, input=content, capture_output=True, check=False, timeout=120)
            sys.stdout.write(ran.stdout.decode())
            sys.stderr.write(ran.stderr.decode())
            return ran.returncode
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        return main.run(words)


def test_there_are_transcripts_and_each_has_a_command() -> None:
    assert len(TRANSCRIPTS) >= 8
    assert all(list(steps(path.read_text("utf-8"))) for path in TRANSCRIPTS)


@pytest.mark.parametrize(
    ("expected", "said", "same"),
    [
        (["appliance: no ... here."], "appliance: no file x here.\n", True),
        (["appliance: no ... here."], "appliance: no file x.\n", False),
        ([], "", True),
        ([], "something", False),
        (["one"], "one\ntwo\n", False),
    ],
)
def test_a_transcript_that_differs_fails(expected: list[str], said: str, same: bool) -> None:
    assert agrees(expected, said) is same


def test_a_command_without_its_exit_code_is_no_transcript() -> None:
    with pytest.raises(ValueError, match="exit code"):
        list(steps("$ appliance doctor\nfine\n"))

"""How a command speaks: one JSON object on standard output with `--json`, plain text without; everything
else on standard error."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from appliance.assembly import terminal
from appliance.errors import ApplianceError, UsageError

UNWRAPPED = 1000
"""Columns of a table that goes to a file or another program: whole values stay in one line."""


def name_shown(name: str) -> str:
    """A file's name on one line of a terminal: control characters and bytes that are no UTF-8 written out."""
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in name)


class Output:
    """Where a command's words go. `json` says which of the two forms was asked for."""

    def __init__(self) -> None:
        self.json = False
        self.console = Console(highlight=False, markup=False, soft_wrap=True)
        self.errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

    def emit(self, result: dict[str, Any]) -> bool:
        """Print `result` if JSON was asked for; True when that was all that is to be printed."""
        if self.json:
            text = json.dumps(result, ensure_ascii=False)
            if any("\ud800" <= ch <= "\udfff" for ch in text):  # bytes of a file name that are no UTF-8
                text = json.dumps(result)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        return self.json

    def say(self, text: str = "") -> None:
        """A line of the plain form."""
        if not self.json:
            self.console.print(text)

    def note(self, text: str) -> None:
        """A line of progress, on standard error."""
        self.errors.print(text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
        """A table of the plain form."""
        if self.json:
            return
        table = Table(title=title or None, title_justify="left", box=None, padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        whole = Console(width=UNWRAPPED, highlight=False, markup=False)
        (self.console if self.console.is_terminal else whole).print(table)

    def fail(self, error: ApplianceError) -> int:
        """Say what went wrong and what to do, in one line; returns the exit code."""
        if self.json:
            told = {"code": error.code, "message": error.message, "advice": error.advice}
            sys.stdout.write(json.dumps({"error": told}, ensure_ascii=False) + "\n")
        return terminal.report(error)


output = Output()


def sure(question: str, yes: bool) -> None:
    """Ask before what cannot be undone. Raises UsageError when the answer is no, or nobody is there to answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this cannot be undone, and nobody is there to confirm it", "Add --yes if you are sure")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was deleted", "Answer y to delete")

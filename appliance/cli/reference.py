"""The reference pages, made from the program: `python -m appliance.cli.reference --write | --check`.

`docs/settings.md` is made from the fields of `settings.Settings`, `docs/commands.md` from the tree of commands and
the error tree, `docs/audit-events.md` from the events. A setting, command, argument or option without a
description, or a page that is not what would be written now, fails the check (and the test-suite).
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument
from typer.main import get_command

from appliance import errors
from appliance.audit.events import render_reference
from appliance.cli.main import app
from appliance.errors import ApplianceError, UsageError
from appliance.settings import ENVIRONMENT_PREFIX, Settings

DOCS = Path(__file__).parents[2] / "docs"
COMPUTED = {
    "home": "`$APPLIANCE_HOME`, else `~/.appliance`",
    "packs": "`share/appliance/packs` in the virtual environment",
}
"""Defaults that depend on the machine, in words."""
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
MEANINGS = {0: "done", 1: "failed", 2: "usage", 3: "refused", 4: "integrity", 5: "unavailable"}


class Undocumented(Exception):
    """Something that a user meets has no description."""


def pages() -> dict[str, str]:
    """Every generated page of `docs/`, by name. Raises Undocumented."""
    return {
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "audit-events.md": render_reference(),
    }


def settings_page() -> str:
    """The text of `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Generated from `appliance/settings.py` by `python -m appliance.cli.reference --write`; do not edit.",
        "",
        "A value comes from, the later the stronger: the default below, `settings.toml` in the home, the environment",
        f"(`{ENVIRONMENT_PREFIX}` and the name in capitals; lists separated by commas). Settings are read once, at",
        "start: an unknown name or a value out of range stops the program with exit code 2. A change needs a restart.",
        "",
        "```toml",
        "# settings.toml",
        "port = 8443",
        'allowed_networks = ["127.0.0.0/8", "10.20.0.0/24"]',
        "```",
        "",
    ]
    for name, field in Settings.model_fields.items():
        if not field.description:
            raise Undocumented(f"the setting {name} has no description")
        lines += [f"## {name}", "", field.description, ""]
        lines.append(f"`{ENVIRONMENT_PREFIX}{name.upper()}`, {_kind(field)}. Default: {_default(name, field)}.")
        lines.append("")
    return "\n".join(lines)


def commands_page() -> str:
    """The text of `docs/commands.md`."""
    lines = [
        "# Commands",
        "",
        "Generated from the program by `python -m appliance.cli.reference --write`; do not edit.",
        "",
        "Every command takes `--json` (one JSON object on standard output and nothing else there; progress and",
        "errors go to standard error) and `--home DIR` (default `$APPLIANCE_HOME`, else `~/.appliance`), anywhere",
        "before `--`. A command that works on a home runs in the server that owns the home, through its local socket,",
        "or by itself when no server runs.",
        "",
        "## Exit codes",
        "",
        "| code | meaning | raised for |",
        "|---|---|---|",
        *exit_codes(),
        "",
    ]
    for words, command in leaves(get_command(app), ("appliance",)):
        lines += _command(words, command)
    return "\n".join(lines)


def exit_codes() -> Iterator[str]:
    """A row of the table for each exit code, from the error tree."""
    kinds = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, ApplianceError)]
    for code, meaning in MEANINGS.items():
        reasons = [_first_line(kind.__doc__) for kind in kinds if kind.exit_code == code and kind is not ApplianceError]
        yield f"| {code} | {meaning} | {' '.join(reasons)} |"


def leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below `command` that does something, with the words it is called by."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    if not command.help:
        raise Undocumented(f"{' '.join(words)} has no description")
    if words and command.invoke_without_command:
        yield words, command
    for name, each in inner.items():
        yield from leaves(each, (*words, name))


def _command(words: tuple[str, ...], command: Any) -> list[str]:
    name = " ".join(words)
    if not command.help:
        raise Undocumented(f"{name} has no description")
    parameters = [each for each in command.params if each.name != "help"]
    lines = [f"## {name}", "", " ".join(command.help.split()), ""]
    lines += ["```", " ".join([name, *(_usage(each) for each in parameters)]), "```", ""]
    if parameters:
        lines += ["| | | |", "|---|---|---|"]
    for each in parameters:
        if not each.help:
            raise Undocumented(f"{_shown(each)} of {name} has no description")
        lines.append(f"| `{_shown(each)}` | {each.help} | {_preset(each)} |")
    return [*lines, ""] if parameters else lines


def _shown(parameter: Any) -> str:
    if isinstance(parameter, TyperArgument):
        return str(parameter.name).upper()
    names = "`, `".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag else f"{names} {_type(parameter)}"


def _usage(parameter: Any) -> str:
    if isinstance(parameter, TyperArgument):
        text = str(parameter.name).upper() + ("..." if parameter.nargs == -1 else "")
    else:
        text = parameter.opts[0] if parameter.is_flag else f"{parameter.opts[0]} {_type(parameter)}"
        text += "..." if parameter.multiple else ""
    return text if parameter.required else f"[{text}]"


def _type(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    inner = getattr(annotation, "__args__", (annotation,))[0]
    return {int: "N", float: "X", Path: "FILE"}.get(inner, "TEXT")


def _preset(parameter: Any) -> str:
    if parameter.required:
        return "required"
    flag = getattr(parameter, "is_flag", False)
    told = "" if flag or parameter.default in (None, "", ()) else f"default `{parameter.default}`"
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    bounds = [f"{word} {value}" for word, value in (("at least", low), ("at most", high)) if value is not None]
    repeated = ["may be repeated"] if getattr(parameter, "multiple", False) else []
    return ", ".join(filter(None, [told, *bounds, *repeated]))


def _kind(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    choices = getattr(annotation, "__args__", ())
    if choices and all(isinstance(each, str) for each in choices):
        return "one of " + ", ".join(f"`{each}`" for each in choices)
    text = str(annotation.__name__ if isinstance(annotation, type) and not choices else annotation)
    words = {"int": "whole number", "float": "number", "bool": "true or false", "str": "text", "Path": "path"}
    plain = "list of " * ("tuple" in text) + next(said for word, said in words.items() if word in text)
    limits = [
        f"{word} {getattr(each, name)}"
        for each in field.metadata
        for name, word in BOUNDS.items()
        if getattr(each, name, None) is not None
    ]
    return ", ".join([plain.replace("list of path", "list of paths").replace("list of text", "list of texts"), *limits])


def _default(name: str, field: FieldInfo) -> str:
    if field.default_factory is not None or field.default is PydanticUndefined:
        if name not in COMPUTED:
            raise Undocumented(f"the default of {name} is computed and nowhere said in words")
        return COMPUTED[name]
    value: Any = field.default
    if value in (None, "", ()):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n\n")[0].replace("\n", " ")


def main(arguments: list[str]) -> int:
    """Write (`--write`) or check (`--check`) the generated pages of docs/; returns the exit code."""
    if arguments not in (["--write"], ["--check"]):
        sys.stderr.write("Usage: python -m appliance.cli.reference --write | --check\n")
        return UsageError.exit_code
    writes = arguments == ["--write"]
    stale = {name: text for name, text in pages().items() if _read(DOCS / name) != text}
    for name, text in stale.items():
        if writes:
            (DOCS / name).write_text(text, "utf-8")
        sys.stderr.write(f"docs/{name} {'written' if writes else 'is not what the program says now'}\n")
    return 1 if stale and not writes else 0


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

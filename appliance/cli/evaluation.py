"""`appliance eval redaction | retrieval | answers | groundedness | injection`: measured on your own data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.output import output

evaluation = typer.Typer(no_args_is_help=True, help="Measure redaction, retrieval and answers on labelled data.")

Data = Annotated[Path, typer.Argument(help="JSON Lines, see docs/developer.md.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(evaluation, name="eval")


def show(result: dict[str, Any], indent: str = "") -> None:
    """A nested result as indented lines."""
    for name, value in result.items():
        if isinstance(value, dict):
            output.say(f"{indent}{name}:")
            show(value, indent + "  ")
        else:
            output.say(f"{indent}{name}: {value:.4f}" if isinstance(value, float) else f"{indent}{name}: {value}")


def finish(result: dict[str, Any]) -> None:
    """Print a result in the form asked for."""
    if not output.emit(result):
        show(result)

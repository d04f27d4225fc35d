"""`appliance cost`: a month of answers on this machine beside the same tokens at an API's prices."""

from typing import Annotated

import typer

from appliance.cli.context import context
from appliance.cli.output import output


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(cost)


def cost(month: Annotated[str, typer.Option(help="A month, as 2026-01; default: this one.")] = "") -> None:
    """What a month of answers took: tokens, seconds, estimated energy; and what an API would charge for the tokens.
    Power and prices are settings."""
    result = context.result("cost", month=month)
    if output.emit(result):
        return
    output.table(
        ("", result["month"]),
        [(name.replace("_", " "), str(value)) for name, value in result.items() if name not in ("month", "prices")],
    )

"""`appliance init | serve | doctor | bench`: the home directory and the service."""

from typing import Annotated

import typer

from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(init)
    app.command()(serve)
    app.command()(doctor)
    app.command()(demo)
    app.command()(bench)


def init() -> None:
    """Create the home directory: key ring, database, audit log, policies."""
    from appliance.assembly.parts import initialise

    settings = context.settings()
    made = initialise(settings)
    if not output.emit(made):
        output.say(f"Created {made['home']}. The master key comes from: {made['master_key']}.")
        output.say("Next: `appliance user add LOGIN`, `appliance collection create NAME`, `appliance grant add`.")


def serve(
    port: Annotated[int | None, typer.Option(help="Port of the web page.")] = None,
    host: Annotated[str | None, typer.Option(help="Address of the web page.")] = None,
) -> None:
    """Serve the web page and the local socket until stopped."""
    from appliance.web.server import serve as serve_forever

    overrides = {name: value for name, value in (("port", port), ("host", host)) if value is not None}
    settings = context.settings(**overrides)
    serve_forever(settings, ready=show_address)


def show_address(address: str) -> None:
    """Say where the page is, once questions can be put."""
    if not output.emit({"address": address}):
        output.say(f"Serving {address}")


def doctor(
    what: Annotated[str, typer.Argument(help="egress, storage, models, audit, sandbox or all")] = "all",
) -> int:
    """Check the appliance; exit code 1 when a check fails."""
    from appliance.assembly.health import AREAS, examine

    if what not in AREAS:
        raise UsageError(f"unknown check {what}", f"Use one of {', '.join(AREAS)}")
    checks = examine(context, what)
    if not output.emit({"checks": checks}):
        for check in checks:
            output.say(f"{'ok  ' if check['ok'] else 'FAIL'}  {check['name']}: {check['detail']}")
    return 0 if all(check["ok"] for check in checks) else 1


def demo(
    exit_after: Annotated[bool, typer.Option("--exit", help="Stop after the three answers.")] = False,
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 8080,
) -> int:
    """Ingest the sample documents, ask three questions, then serve the page."""
    from appliance.cli.demonstration import demonstrate

    return demonstrate(exit_after=exit_after, port=port)


def bench(
    name: Annotated[str, typer.Argument(help="demo")] = "demo",
    limit: Annotated[int, typer.Option(help="Questions asked a sector; 0 for all.")] = 0,
) -> int:
    """Measure, and print figures as ratios against what they are measured beside."""
    from appliance.cli.benchmark import run

    return run(name, limit)

"""`appliance init | serve | doctor | bench`: the home directory and the service."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import UsageError
from appliance.storage import home as homes

ARENAS = "2"
"""Of the C library's allocator: each thread's own keeps what it freed, which is a tenth of the server's memory."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(init)
    app.command()(serve)
    app.command()(worker)
    app.command()(doctor)
    app.command()(demo)
    app.command()(bench)


def init() -> None:
    """Create the home directory: key ring, database, audit log, policies."""
    from appliance.assembly.parts import initialise

    settings = context.settings()
    made = initialise(settings)
    if output.emit(made):
        return
    if made["status"] == "exists":
        output.say(f"{made['home']} is there already; nothing was changed.")
    else:
        output.say(f"Created {made['home']}. The master key comes from: {made['master_key']}.")
        output.say("Next: `appliance user add LOGIN`, `appliance collection create NAME`, `appliance grant add`.")


def serve(
    port: Annotated[int | None, typer.Option(help="Port of the web page.")] = None,
    host: Annotated[str | None, typer.Option(help="Address of the web page.")] = None,
) -> None:
    """Serve the web page and the local socket until stopped."""
    chosen = {"APPLIANCE_HOST": host, "APPLIANCE_PORT": port}
    become_server({name: str(value) for name, value in chosen.items() if value is not None})


def worker(
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is left to do.")] = False,
) -> None:
    """Work on documents beside a server whose records are on PostgreSQL, until stopped. Start as many as you like."""
    become("appliance.assembly.worker", {}, ["--once"] if once else [])


def become_server(variables: dict[str, str]) -> NoReturn:
    """Turn this process into `python -m appliance.web`: a fresh one, shut in before anything is loaded."""
    become("appliance.web", variables, [])


def become(module: str, variables: dict[str, str], arguments: list[str]) -> NoReturn:
    """Turn this process into `python -m MODULE`."""
    settings = context.settings()
    homes.check(settings.home)
    context.close()
    environment = {"MALLOC_ARENA_MAX": ARENAS, **os.environ, **variables, "APPLIANCE_HOME": str(settings.home)}
    form = ["--json"] if output.json else []
    os.execve(sys.executable, [sys.executable, "-m", module, *form, *arguments], environment)


def doctor(
    what: Annotated[str, typer.Argument(help="egress, models, sandbox, database, storage, audit or all")] = "all",
    repair: Annotated[
        bool, typer.Option("--repair", help="With `storage`: make catalog, index, originals and pages agree first.")
    ] = False,
) -> int:
    """Check the appliance; exit code 1 when a check fails."""
    from appliance.assembly.health import AREAS, examine

    if what not in AREAS:
        raise UsageError(f"unknown check {what}", f"Use one of {', '.join(AREAS)}")
    if repair and what != "storage":
        raise UsageError("only the storage can be repaired", "Use `appliance doctor storage --repair`")
    checks = examine(context, what, repair)
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
    name: Annotated[str, typer.Argument(help="demo, ask, audit, ingest or redaction")] = "demo",
    limit: Annotated[int, typer.Option(help="Questions a sector, records checked or files taken in; 0 for all.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File for every question with its result.")] = None,
) -> int:
    """Measure, and print figures as ratios against what they are measured beside."""
    from appliance.cli.benchmark import run

    return run(name, limit, out)

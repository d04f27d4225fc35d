"""`appliance sync`: a collection that stays in step with a folder."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.documents import REFUSED, progress_line, show_ingested
from appliance.cli.output import output
from appliance.errors import ApplianceError, UsageError

SETTLED_SECONDS = 2.0
"""A watched file that changed less than this ago may still be written."""


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(sync)


def sync(
    folder: Annotated[Path, typer.Argument(help="The folder; what lies below it, hidden files left out.")],
    collection: Annotated[str, typer.Option(help="Collection to keep in step; made if it does not exist.")],
    profile: Annotated[str, typer.Option(help="Redaction profile of a collection made now.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    delete_many: Annotated[
        bool, typer.Option("--delete-many", help="Delete although most files went at once, or their mount did.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, looking again and again, until stopped.")] = False,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks when watching.")] = 10.0,
) -> int:
    """Keep a collection in step with a folder: add, change, move and delete what the folder did."""
    if watch and dry_run:
        raise UsageError("a dry run is one look", "Leave --watch or --dry-run out")
    arguments = {
        "folder": str(folder.absolute()), "collection": collection, "profile": profile, "dry_run": dry_run,
        "delete_many": delete_many, "settled_seconds": SETTLED_SECONDS if watch else 0.0,
    }  # fmt: skip
    if not watch:
        result = _once(arguments)
        _show(result)
        return 1 if any(each["status"] in REFUSED for each in result["documents"]) else 0
    output.note(f"Watching {folder}, every {every:g} s. Stop with Ctrl-C.")
    while True:
        try:
            result = _once(arguments)
            if any(result[part] for part in ("new", "changed", "moved", "deleted", "kept")):
                _show(result)
        except UsageError:
            raise
        except ApplianceError as error:
            output.note(f"{error} Trying again.")
        time.sleep(every)


def _once(arguments: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for event in context.run("sync", arguments):
        if "stage" in event:
            output.note(progress_line(event))
        result = event
    return result


def _show(result: dict[str, Any]) -> None:
    if output.emit(result):
        return
    for part, done in (("new", "new"), ("changed", "changed"), ("moved", "moved")):
        for place in result[part]:
            output.note(f"{done}: {place}")
    if result["documents"]:
        show_ingested(result["documents"])
    would = "Would be: " if result["dry_run"] else ""
    counts = ", ".join(f"{len(result[part])} {part}" for part in ("new", "changed", "moved", "deleted"))
    output.say(f"{would}{counts}, {result['unchanged']} unchanged.")
    if result["kept"]:
        output.say(f"{len(result['kept'])} are kept although their files are not there: {result['why_kept']}.")

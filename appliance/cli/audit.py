"""`appliance audit verify | checkpoint | export | report | replay`: the log and its proofs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.audit.log import directories
from appliance.audit.verification import verify_devices
from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import IntegrityFailure

audit = typer.Typer(no_args_is_help=True, help="The audit log and its proofs.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(audit, name="audit")


@audit.command("verify")
def verify(
    anchor: Annotated[Path | None, typer.Option(help="A checkpoint kept elsewhere to verify against.")] = None,
) -> int:
    """Verify every record, the tree and the checkpoints; exit code 4 when something was changed."""
    from appliance.cli.documents import read_text

    result = verified(read_text(str(anchor)) if anchor else None)
    if not output.emit(result):
        if result["ok"]:
            output.say(f"The log is whole: {result['records']} records, root {result['root']}.")
        else:
            output.say(f"The log was changed. {result['first_error']}")
    return 0 if result["ok"] else 4


def verified(anchor: str | None) -> dict[str, Any]:
    """What verification found. A log that was changed does not open, so it is then read as an outsider reads it."""
    try:
        return context.result("audit.verify", anchor=anchor)
    except IntegrityFailure:
        found = verify_devices(directories(context.settings()), anchor=anchor)
        if found.ok:  # something else of the home was changed
            raise
        return asdict(found)


@audit.command("checkpoint")
def checkpoint(
    out: Annotated[Path | None, typer.Option(help="File to write it to, for example on a USB stick.")] = None,
) -> None:
    """Sign the log as it is now. Kept elsewhere, it proves later that nothing before it was changed."""
    result = context.result("audit.checkpoint")
    if out is not None:
        out.write_text(result["checkpoint"])
    if not output.emit(result):
        output.say(result["checkpoint"])


@audit.command("export")
def export(out: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Write the log to one file that check.py verifies without the appliance."""
    result = context.result("audit.export", out=str(out.absolute()))
    if not output.emit(result):
        output.say(
            f"Wrote {result['records']} records to {result['path']}. Verify with: python check.py {result['path']}"
        )


@audit.command("report")
def report(
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = "",
) -> None:
    """Questions by person, purpose and outcome between two days. Reading the log is itself recorded."""
    result = context.result("audit.report", since=since, until=until)
    if not output.emit(result):
        rows = [(r["actor"], r["purpose"], r["status"], r["count"]) for r in result["questions"]]
        output.table(("person", "purpose", "outcome", "questions"), rows)


@audit.command("replay")
def replay(
    record: Annotated[str, typer.Argument(help="Id or number of the answer's record, from its receipt.")],
    user: Annotated[str, typer.Option("--as", help="Login of who replays; they need the right to audit.")] = "",
    purpose: Annotated[str, typer.Option(help="Purpose of use: audit.")] = "",
    rerun: Annotated[bool, typer.Option(help="Run the model again too.")] = True,
) -> int:
    """Re-create an answer from its sealed record: the prompt byte for byte, and the model's text. Exit code 4 when
    the recorded prompt is not the one whose digest stands in the log. Recorded before anything is shown."""
    result = context.result("audit.replay", record=record, user=user, purpose=purpose or "operations", rerun=rerun)
    if not output.emit(result):
        output.say(f"Record {result['index']} ({result['record']}), {result['time']}: {result['status']}")
        output.say(f"Question: {result['question']}")
        output.say(f"Answer: {result['answer'].get('text', '')}")
        names = {"kept": "prompt, against its digest", "rebuilt": "prompt, built again", "text": "text, run again"}
        output.table(
            ("what", "is", ""), [(name, result[key]["state"], result[key]["why"]) for key, name in names.items()]
        )
        for line in [*result["rebuilt"]["difference"], *result["text"]["difference"]]:
            output.say(line)
    return 4 if result["kept"]["state"] == "different" else 0

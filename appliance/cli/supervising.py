"""`appliance supervise | emergency`: questions reviewed by a supervisor, and broken glass."""

from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.output import output

supervise = typer.Typer(no_args_is_help=True, help="Draw questions, review each once, pack the evidence.")
emergency = typer.Typer(no_args_is_help=True, help="Emergency access: break the glass, and review who did.")

User = Annotated[str, typer.Option("--as", help="Login of who acts.")]
Note = Annotated[str, typer.Option(help="What the reviewer says; kept encrypted.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(supervise, name="supervise")
    app.add_typer(emergency, name="emergency")


@supervise.command("draw")
def draw(
    basis: Annotated[str, typer.Option(help="random, or risk: the riskiest first.")] = "random",
    count: Annotated[int, typer.Option(help="How many questions.")] = 10,
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--to", help="Day after the last, YYYY-MM-DD.")] = "",
    person: Annotated[str, typer.Option(help="Login of who asked.")] = "",
    purpose: Annotated[str, typer.Option(help="Purpose of use.")] = "",
    status: Annotated[str, typer.Option(help="answered, abstained, refused, failed, interrupted, no outcome")] = "",
    collection: Annotated[str, typer.Option(help="Collection asked in.")] = "",
    user: User = "",
) -> None:
    """Draw questions that were not drawn before; the draw is recorded with its seed."""
    filters = {"since": since, "until": until, "person": person, "purpose": purpose, "status": status}
    given = {name: value for name, value in {**filters, "collection": collection}.items() if value}
    result = context.result("supervision.draw", basis=basis, count=count, filters=given, user=user)
    _listed(result, result["drawn"])


@supervise.command("list")
def list_(user: User = "") -> None:
    """List what was drawn, to be reviewed first."""
    result = context.result("supervision.list", user=user)
    _listed(result, result["reviews"])


def _listed(result: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    if not output.emit(result):
        cells = [
            (
                r["record"],
                r["time"][:19],
                r["person"],
                r["purpose"],
                ", ".join(r["signs"]),
                r["finding"] or "to be reviewed",
            )
            for r in rows
        ]
        output.table(("question", "asked (UTC)", "by", "purpose", "signs", "finding"), cells)


@supervise.command("show")
def show(record: Annotated[str, typer.Argument(help="Id of the question, as listed.")], user: User = "") -> None:
    """Show a drawn question with its answer and evidence; that is recorded."""
    result = context.result("supervision.show", record=record, user=user)
    if not output.emit(result):
        output.say(f"{result['person']}, {result['time']}, for {result['purpose']}: {result['question']}")
        output.say(f"Answer: {result['answer'].get('text', '')}")
        for quote in result["quotes"]:
            output.say(f"  | {quote}")


@supervise.command("review")
def review(
    record: Annotated[str, typer.Argument(help="Id of the question, as listed.")],
    finding: Annotated[str, typer.Option(help="no concern, concern, or to be investigated")],
    note: Note = "",
    user: User = "",
) -> None:
    """Note what was found. Each question once, and never one's own."""
    result = context.result("supervision.review", record=record, finding=finding, note=note, user=user)
    if not output.emit(result):
        output.say(f"{result['record']}: {result['finding']}")


@supervise.command("pack")
def pack(
    out: Annotated[Path, typer.Argument(help="JSON file to write; a PDF of the same name lies beside it.")],
    record: Annotated[list[str] | None, typer.Option(help="Id of a question; all reviewed ones by default.")] = None,
    user: User = "",
) -> None:
    """Pack reviewed questions with their proofs, for `check.py` and for people."""
    result = context.result("supervision.pack", out=str(out.absolute()), records=record or [], user=user)
    if not output.emit(result):
        output.say(
            f"Wrote {result['records']} records to {result['path']} and {result['pdf']}, sha256 {result['sha256']}."
        )


@emergency.command("open")
def open_(
    code: Annotated[str, typer.Option(help="ETREAT, BTG, THREAT or DISASTER")],
    reason: Annotated[str, typer.Option(help="What the emergency is; kept encrypted.")],
    minutes: Annotated[int, typer.Option(help="At most 60.")] = 60,
    user: User = "",
) -> None:
    """Break the glass: access at once, for the purpose emergency. A second person reviews it within 24 hours."""
    result = context.result("emergency.open", code=code, reason=reason, minutes=minutes, user=user)
    if not output.emit(result):
        output.say(f"Open until {result['until'][:19]} UTC. Somebody else reviews it by {result['due'][:19]} UTC.")


@emergency.command("end")
def end(user: User = "") -> None:
    """End one's own emergency access."""
    result = context.result("emergency.end", user=user)
    if not output.emit(result):
        output.say("Emergency access has ended.")


@emergency.command("list")
def list_emergencies(user: User = "") -> None:
    """List emergency accesses, to be reviewed first."""
    result = context.result("emergency.list", user=user)
    if not output.emit(result):
        rows = [
            (
                e["id"],
                e["person"],
                e["code"],
                e["opened"][:19],
                "OVERDUE" if e["overdue"] else e["finding"] or e["due"][:19],
            )
            for e in result["emergencies"]
        ]
        output.table(("access", "who", "code", "opened (UTC)", "finding, or due"), rows)


@emergency.command("review")
def review_emergency(
    access: Annotated[str, typer.Argument(help="Id of the access, as listed.")],
    finding: Annotated[str, typer.Option(help="justified, not justified, or to be investigated")],
    note: Note = "",
    user: User = "",
) -> None:
    """Review somebody else's emergency access, once."""
    result = context.result("emergency.review", emergency=access, finding=finding, note=note, user=user)
    if not output.emit(result):
        output.say(f"{result['id']}: {result['finding']}")

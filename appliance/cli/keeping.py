"""`appliance hold | erase | retention | backup | restore`: what must stay, what must go, and what brings it back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import Unavailable, UsageError

hold = typer.Typer(no_args_is_help=True, help="Legal holds: what must not be erased.")
erase = typer.Typer(no_args_is_help=True, help="Forget a document or a person, with a signed certificate.")
retention = typer.Typer(no_args_is_help=True, help="How long what is kept: policies/retention.yaml.")

Reason = Annotated[str, typer.Option(help="Why: request, retention, withdrawn ... It stands in the log; no names.")]
Out = Annotated[Path | None, typer.Option(help="File to write the certificate to.")]
Passphrase = Annotated[Path, typer.Option("--passphrase-file", help="File that holds the backup's passphrase.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(hold, name="hold")
    app.add_typer(erase, name="erase")
    app.add_typer(retention, name="retention")
    app.command("backup")(backup)
    app.command("restore")(restore)


@hold.command("place")
def hold_place(
    kind: Annotated[str, typer.Argument(help="document, collection or person")],
    target: Annotated[str, typer.Argument(help="Id of the document or collection; a person's surrogate.")],
    reason: Annotated[str, typer.Option(help="Why; kept encrypted.")],
) -> None:
    """Forbid every erasure of a document, a collection or a person until the hold is lifted."""
    result = context.result("hold.place", kind=kind, target=target, reason=reason)
    if not output.emit(result):
        output.say(f"Hold {result['id']} stands on {result['kind']} {result['target']}.")


@hold.command("lift")
def hold_lift(identifier: Annotated[str, typer.Argument(metavar="HOLD", help="Id of the hold.")]) -> None:
    """Lift a hold."""
    result = context.result("hold.lift", hold=identifier)
    if not output.emit(result):
        output.say(f"Lifted {result['id']}.")


@hold.command("list")
def hold_list() -> None:
    """List the holds, those in force first."""
    result = context.result("hold.list")
    if not output.emit(result):
        shown = ("id", "kind", "target", "placed", "lifted", "reason")
        rows = [tuple(each[name] or "in force" for name in shown) for each in result["holds"]]
        output.table(("hold", "on", "target", "placed", "lifted", "reason"), rows)


@erase.command("document")
def erase_document(
    document: Annotated[str, typer.Argument(help="Id of the document.")], reason: Reason = "request", out: Out = None
) -> int:
    """Forget a document for good. Exit code 3 while a legal hold stands, 4 when something of it is still found."""
    return _erased(context.result("erase.document", document=document, reason=reason), out)


@erase.command("person")
def erase_person(
    surrogate: Annotated[str, typer.Argument(help="Surrogate of the person, for example [PERSON:k7f2m4qa].")],
    collection: Annotated[str, typer.Option(help="Collection; needed where several know the surrogate.")] = "",
    reason: Reason = "request",
    out: Out = None,
) -> int:
    """Forget who a surrogate stands for, the originals that name them, and the sealed records about them."""
    return _erased(context.result("erase.person", surrogate=surrogate, collection=collection, reason=reason), out)


def _erased(result: dict[str, Any], out: Path | None) -> int:
    if out is not None:
        out.write_text(result["certificate"], "utf-8")
    if not output.emit(result):
        output.say(result["certificate"])
        for folder in result["backups_not_reached"]:
            output.note(f"{folder} could not be told: restore from there with --erasures of this home")
    return 0 if result["clean"] else 4


@retention.command("show")
def retention_show() -> None:
    """Show the schedule and what it would erase now."""
    _applied(context.result("retention.show"), "due")


@retention.command("apply")
def retention_apply() -> None:
    """Carry the schedule out now; the service does so once a day."""
    _applied(context.result("retention.apply"), "done")


def _applied(result: dict[str, Any], key: str) -> None:
    if not output.emit(result):
        rows = [(each["class"], each["days"], each["erased"], each["held"]) for each in result[key]]
        output.table(("class", "days", "to erase" if key == "due" else "erased", "kept by a hold"), rows)


def backup(file: Annotated[Path, typer.Argument(help="File to write.")], passphrase_file: Passphrase) -> None:
    """Write an encrypted backup of the home, consistent while it serves."""
    result = context.result("backup", to=str(file.absolute()), passphrase=passphrase_of(passphrase_file))
    if not output.emit(result):
        output.say(f"Wrote {result['files']} files, {result['bytes']:,} bytes, sha256 {result['sha256']}.")


def restore(
    file: Annotated[Path, typer.Argument(help="Backup to restore into --home, which must be new or empty.")],
    passphrase_file: Passphrase,
    erasures: Annotated[list[Path] | None, typer.Option(help="erasures.jsonl of the old home.")] = None,
    anchor: Annotated[Path | None, typer.Option(help="A checkpoint that the backup's log must contain.")] = None,
) -> None:
    """Make a home from a backup: verified, and without what was erased since."""
    from appliance.upkeep.restore import restore as run

    settings = context.settings()
    note = anchor.read_text("utf-8") if anchor else None
    done = run(
        file, settings.home, passphrase_of(passphrase_file).encode(), erased=tuple(erasures or ()), anchor=note,
        overrides=context.overrides,
    )  # fmt: skip
    result = {"home": str(settings.home), "files": done.files, "records": done.records, "erased_again": done.erased}
    if not output.emit(result):
        output.say(f"Restored {done.files} files and {done.records} records; {done.erased} erasures carried out again.")


def passphrase_of(file: Path) -> str:
    """The passphrase in a file, without the line's end. Raises Unavailable, or UsageError when it is empty."""
    try:
        text = file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("the passphrase file cannot be read", "Check its path") from error
    if not text:
        raise UsageError("the passphrase file is empty", "Put a passphrase of 12 characters or more into it")
    return text

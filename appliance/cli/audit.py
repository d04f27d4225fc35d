"""`appliance audit`: the log and its proofs, anchors, reports, accountings and replays."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.audit.log import directories
from appliance.audit.verification import verify_devices
from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import IntegrityFailure, UsageError

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
    paper: Annotated[Path | None, typer.Option("--print", help="PDF to write: one page with a QR code.")] = None,
    code: Annotated[bool, typer.Option("--qr", help="Show it as a QR code here, to be photographed.")] = False,
) -> None:
    """Sign the log as it is now. Kept elsewhere, it proves later that nothing before it was changed."""
    result = context.result("audit.checkpoint")
    if out is not None:
        out.write_text(result["checkpoint"])
    if paper is not None:
        from appliance.audit.paper import print_checkpoint

        print_checkpoint(result["checkpoint"], result["key"], paper)
    if not output.emit(result):
        output.say(result["checkpoint"])
        if code:
            import segno

            segno.make(result["checkpoint"], error="m", micro=False).terminal(compact=True)


@audit.command("anchor")
def anchor(
    place: Annotated[
        list[Path] | None, typer.Argument(help="Folder of a share or stick; else anchor_folders.")
    ] = None,
) -> None:
    """Compare the log with the checkpoints kept outside, then add one. Exit code 4 when the log is older or altered."""
    result = context.result("audit.anchor", places=[str(each.absolute()) for each in place or ()])
    if not output.emit(result):
        rows = [(a["place"], a["records"], a["compared"], a["cosigned"]) for a in result["anchors"]]
        output.table(("place", "records", "compared with", "witnesses"), rows)


@audit.command("witness")
def witness(
    key_file: Annotated[Path, typer.Option("--key", help="The witness's own file; keep it on its machine.")],
    place: Annotated[Path | None, typer.Argument(help="Folder in which the appliance anchors.")] = None,
    log_key: Annotated[Path | None, typer.Option(help="The log's verifier.pub, from your first visit.")] = None,
    new: Annotated[str, typer.Option(help="Make a new witness of this name.")] = "",
) -> None:
    """Cosign the checkpoint in a folder, on another machine: only if it continues what was signed before."""
    from appliance.audit.witness import Witness

    if new:
        made = Witness.create(key_file, new)
        if not output.emit({"verifier": str(made.verifier)}):
            output.say(f"Add this to witnesses in settings.toml: {made.verifier}")
        return
    if place is None or log_key is None:
        raise UsageError(
            "a witness needs the folder and the log's key", "witness FOLDER --key FILE --log-key verifier.pub"
        )
    done = Witness(key_file).serve(place, read_note(log_key))
    if not output.emit({"origin": done.origin, "records": done.size}):
        output.say(f"Signed {done.size} records of {done.origin}.")


def read_note(file: Path) -> str:
    """A small text file. Raises UsageError when it cannot be read."""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read", "Check the path") from error


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
    name: Annotated[
        str, typer.Argument(help="hipaa, gdpr, sec-17a-4, ai-act, dora; else who asked what.")
    ] = "",
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = "",
    out: Annotated[Path | None, typer.Option(help="PDF to write.")] = None,
) -> int:
    """A compliance report: each line names the records that bear it out, checked now; exit code 4 when one does not.
    Reading the log is itself recorded."""
    if name:
        return _compliance(context.result("audit.compliance", name=name, since=since, until=until), out)
    result = context.result("audit.report", since=since, until=until)
    if not output.emit(result):
        rows = [(r["actor"], r["purpose"], r["status"], r["count"]) for r in result["questions"]]
        output.table(("person", "purpose", "outcome", "questions"), rows)
    return 0


def _compliance(result: dict[str, Any], out: Path | None) -> int:
    if out is not None:
        from appliance.audit.report_page import as_pdf

        out.write_bytes(as_pdf(result))
    if not output.emit(result):
        output.say(f"{result['title']}, {result['log_records']} records, root {result['root']}")
        rows = [
            (line["control"], line["state"], line["count"], line["why"] or ", ".join(map(str, line["records"][-5:])))
            for line in result["lines"]
        ]
        output.table(("control", "state", "records", "why, or the newest records"), rows)
    return 0 if result["ok"] else 4


@audit.command("disclosures")
def disclosures(
    surrogate: Annotated[str, typer.Argument(help="The person's surrogate, for example [PERSON:k7f2m4qa].")] = "",
    name: Annotated[str, typer.Option(help="Or their name, for who may find people by name; `-` reads it.")] = "",
    collection: Annotated[str, typer.Option(help="Collection to look in; all by default.")] = "",
    user: Annotated[str, typer.Option("--as", help="Login of who asks; they need the right to audit.")] = "",
    purpose: Annotated[str, typer.Option(help="Purpose of use.")] = "operations",
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = "",
) -> None:
    """Who saw a person's data, when and for what: the accounting of disclosures (45 CFR 164.528)."""
    wanted = sys.stdin.readline().strip() if name == "-" else name
    result = context.result(
        "audit.disclosures", surrogate=surrogate, name=wanted, collection=collection, user=user, purpose=purpose,
        since=since, until=until,
    )  # fmt: skip
    if not output.emit(result):
        rows = [
            (d["time"][:19], d["person"], d["purpose"], d["what"], d["document"][:40], d["record"])
            for d in result["disclosures"]
        ]
        output.table(("when (UTC)", "who", "purpose", "what", "document or versions", "record"), rows)
        output.say(f"{len(rows)} disclosures, {result['in_the_clear']} of them by name.")


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

"""`appliance ingest | parse | redact | redact-batch | documents`: what goes in."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.output import name_shown, output, sure
from appliance.errors import ApplianceError, NotFound, UsageError

REFUSED = ("failed", "quarantined")
document = typer.Typer(help="The documents of a collection: list, delete.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(ingest)
    app.add_typer(document, name="documents")
    app.command()(parse)
    app.command()(redact)
    app.command("redact-batch")(redact_batch)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders to walk.")],
    collection: Annotated[str, typer.Option(help="Collection to add to; made if it does not exist.")],
    profile: Annotated[str, typer.Option(help="Redaction profile of a collection made now.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when everything is published (always so for now).")
    ] = True,
) -> int:
    """Add documents: parsed in a sandbox, redacted, indexed, published."""
    found = expand(paths)
    arguments = {
        "paths": [str(file.absolute()) for file, _ in found], "places": [place for _, place in found],
        "collection": collection, "profile": profile,
    }  # fmt: skip
    result: dict[str, Any] = {}
    for event in context.run("ingest", arguments):
        if "stage" in event:
            output.note(progress_line(event))
        result = event
    if not output.emit(result):
        show_ingested(result["documents"])
    refused = sum(document["status"] in REFUSED for document in result["documents"])
    return 1 if refused else 0


def progress_line(event: dict[str, Any]) -> str:
    """A file's stage in a line; after its last one, how fast it goes and how long it takes."""
    line = f"[{event['position']}/{event['total']}] {name_shown(event['path'])}: {event['stage']}"
    if "done" not in event or event["total"] == 1:
        return line
    rate = f"{event['done']} of {event['total']} done, {event['files_a_second']:.1f} files/s"
    pages = f", {event['pages_a_second']:.1f} pages/s" if event["pages_a_second"] else ""
    minutes, seconds = divmod(round(event["seconds_left"]), 60)
    left = f", {minutes}:{seconds:02} left" if event["done"] < event["total"] else ""
    return f"{line}  ({rate}{pages}{left})"


def show_ingested(documents: list[dict[str, Any]]) -> None:
    """The table of what was found and redacted in each document."""
    output.table(("document", "status", "pages", "chunks", "redacted"), list(outcome_rows(documents)))


def outcome_rows(documents: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """A row for each document, and below it those of the files that were in it."""
    for d in documents:
        redacted = ", ".join(f"{count} {name}" for name, count in d["entities"].items())
        yield name_shown(Path(d["path"]).name), d["status"], d["pages"], d["chunks"], redacted or d["reason"]
        yield from outcome_rows(d.get("attachments", []))


@document.callback(invoke_without_command=True)
def documents(
    ctx: typer.Context,
    collection: Annotated[str, typer.Option(help="Collection to list.")] = "",
) -> None:
    """List the documents of a collection and their status, or delete some."""
    if ctx.invoked_subcommand is not None:
        return
    if not collection:
        raise UsageError("say which collection to list", "Use --collection; `appliance collection list` shows them")
    result = context.result("document.list", collection=collection)
    if not output.emit(result):
        rows = [(d["title"], d["status"], d["pages"], d["reason"], d["id"]) for d in result["documents"]]
        output.table(("document", "status", "pages", "reason", "id"), rows)


@document.command("label")
def label(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="Id of the document.")],
    classification: Annotated[int | None, typer.Option(help="Clearance needed to read it, 0 to 100.")] = None,
    compartment: Annotated[list[str] | None, typer.Option(help="Compartments, all of them; or `none`.")] = None,
    need_to_know: Annotated[
        list[str] | None, typer.Option(help="user:LOGIN or group:NAME, all of them: only they read it. Or `none`.")
    ] = None,
    consent_withdrawn: Annotated[
        bool | None, typer.Option("--consent-withdrawn/--consent-given", help="Whether consent was withdrawn.")
    ] = None,
) -> None:
    """Tell one document apart: who may read it, beside what its collection says. Obeyed by the next question."""
    result = context.result(
        "document.label", document=identifier, classification=classification, consent_withdrawn=consent_withdrawn,
        compartments=_none_or(compartment), need_to_know=_none_or(need_to_know),
    )  # fmt: skip
    if not output.emit(result):
        said = ", ".join(f"{name} {value}" for name, value in sorted(result["attributes"].items()))
        output.say(f"{result['id']}: {said} ({len(result['versions'])} versions changed)")


def _none_or(given: list[str] | None) -> list[str] | None:
    return [] if given == ["none"] else given or None


@document.command("delete")
def delete(
    ids: Annotated[list[str], typer.Argument(help="Ids as `appliance documents --collection NAME` lists them.")],
    reason: Annotated[str, typer.Option(help="For the audit log; no name and no text of it.")] = "deleted",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where nobody can answer.")] = False,
) -> None:
    """Delete documents with all their versions, for good: only a backup has them afterwards."""
    sure(f"Delete {len(ids)} {'document' if len(ids) == 1 else 'documents'} for good?", yes)
    result = context.result("document.delete", documents=ids, reason=reason)
    if not output.emit(result):
        rows = [(d["id"], d["versions"], d["keys_destroyed"], f"{d['seconds']:.2f} s") for d in result["documents"]]
        output.table(("deleted", "versions", "keys destroyed", "in"), rows)


def parse(file: Annotated[Path, typer.Argument(help="The file.")]) -> None:
    """Show what the parser reads in a file that you can read anyway: unredacted, to the terminal only."""
    from appliance.assembly.standalone import parse_file

    require_file(file)
    result = parse_file(context.settings(), file)
    if not output.emit(result):
        for block in result["blocks"]:
            output.say(f"[{block['page']}] {block['kind']}: {block['text']}")
        for warning in result["warnings"]:
            output.note(f"warning: {warning}")


def redact(
    file: Annotated[str, typer.Argument(help="A text file, or `-` for standard input.")],
    profile: Annotated[str, typer.Option(help="Redaction profile.")] = "",
) -> None:
    """Redact a text with surrogates of this run only, and list what was found."""
    from appliance.assembly.standalone import redact_text

    result = redact_text(context.settings(), read_text(file), profile)
    if not output.emit(result):
        output.say(result["text"])


def redact_batch(
    source: Annotated[Path, typer.Argument(help='JSON Lines of {"id", "text"}')],
    target: Annotated[Path, typer.Argument(help="JSON Lines to write.")],
    profile: Annotated[str, typer.Option(help="Redaction profile.")] = "",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
) -> None:
    """Redact many texts."""
    from appliance.assembly.standalone import redact_many

    require_file(source)
    result = redact_many(context.settings(), source, target, profile, workers, output.note)
    if not output.emit(result):
        output.say(f"{result['documents']} texts, {result['chars_per_second']:,.0f} characters a second.")


def expand(paths: list[Path]) -> list[tuple[Path, str]]:
    """The files named or below the folders named, sorted, each with its path below its folder; hidden files are left
    out of folders. Links, devices and pipes are among them: intake refuses each with its reason.

    Raises NotFound for a path that is not there and UsageError when a folder holds no file.
    """
    found: list[tuple[Path, str]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if (p.is_symlink() or not p.is_dir()) and not hidden(p, path))
            if not inside:
                raise UsageError(f"{path} holds no files", "Name a folder with documents")
            found += [(file, str(file.relative_to(path))) for file in inside]
        elif path.exists():
            found.append((path, ""))
        else:
            raise NotFound(f"there is no file {path}", "Check the path")
    return found


def hidden(path: Path, root: Path) -> bool:
    """Whether a part of `path` below `root` starts with a dot."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def require_file(path: Path) -> None:
    """Raise NotFound unless `path` is there, UsageError when it is a folder."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "Name a file")
    if not path.exists():
        raise NotFound(f"there is no file {path}", "Check the path")


def read_text(file: str) -> str:
    """The text of a file or of standard input. Bytes that are not UTF-8 become replacement characters."""
    try:
        if file == "-":
            return sys.stdin.buffer.read().decode("utf-8", "replace")
        require_file(Path(file))
        return Path(file).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise ApplianceError(f"{file} cannot be read ({error.strerror})", "Check its permissions") from error


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file. Raises UsageError naming the line that is not one."""
    require_file(path)
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"line {number} of {path} is not JSON", "Correct the file") from error
        if not isinstance(row, dict):
            raise UsageError(f"line {number} of {path} is not an object", "Correct the file")
        rows.append(row)
    return rows

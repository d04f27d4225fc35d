"""`appliance review list | show | decide | add | retry`: what detection was unsure of, decided by a person.

`show` prints text of documents that nobody has published yet: it goes to the terminal and is kept nowhere.
"""

from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.output import output

review = typer.Typer(no_args_is_help=True, help="Documents that wait for a reviewer.")

Version = Annotated[str, typer.Argument(help="Version of the document, as `appliance review list` shows it.")]
As = Annotated[str, typer.Option("--as", help="Login of the reviewer; default: your own login.")]
Purpose = Annotated[str, typer.Option(help="Purpose of use.")]
Type = Annotated[str, typer.Option("--type", help="Type of identifier, for example PERSON.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(review, name="review")


@review.command("list")
def list_(as_: As = "", purpose: Purpose = "operations") -> None:
    """List the documents that wait, and why."""
    result = context.result("review.list", user=as_, purpose=purpose)
    if not output.emit(result):
        rows = [
            (d["version"], d["collection_title"], d["kind"], d["waiting"], d["reason"]) for d in result["documents"]
        ]
        output.table(("version", "collection", "kind", "spans", "because"), rows)
        for each in result["collections"]:
            if each["outdated"]:
                output.say(f"{each['title']}: {each['outdated']} documents are on an older text of {each['profile']}.")


@review.command("show")
def show(
    version: Version,
    as_: As = "",
    purpose: Purpose = "operations",
    page: Annotated[int, typer.Option(min=1, help="Page whose blocks are shown with --json.")] = 1,
) -> None:
    """Show the spans of a document that wait, in their context. The view is recorded."""
    result = context.result("review.show", version=version, user=as_, purpose=purpose, page=page)
    if not output.emit(result):
        output.say(f"{result['name']}, under {result['profile']}. {result['reason']}")
        for item in result["items"]:
            again = f", {len(item['same'])} more like it" if item["same"] else ""
            output.say(f"\n[{item['id']}] {item['type']} {item['score']:.2f}, page {item['page']}{again}")
            output.say(f"    ...{words(item['before'])}>>{item['text']}<<{words(item['after'])}...")
            output.say(f"    {'; '.join(item['why'])}")


@review.command("decide")
def decide(
    version: Version,
    decision: Annotated[str, typer.Argument(help="accept (it identifies somebody) or reject")],
    items: Annotated[list[int], typer.Argument(help="Numbers of the spans.")],
    type_: Type = "",
    as_: As = "",
    purpose: Purpose = "operations",
) -> int:
    """Decide on spans. With the last one the document is published, or held again, with the decisions in force."""
    result = context.result(
        "review.decide", version=version, items=items, decision=decision, type=type_, user=as_, purpose=purpose
    )
    if not output.emit(result):
        output.say(_told(result["document"]) if result["document"] else f"{result['waiting']} spans still wait.")
    return 1 if result["document"] and result["document"]["status"] == "failed" else 0


@review.command("add")
def add(
    version: Version,
    block: Annotated[int, typer.Argument(help="Number of the block, from `show --json`.")],
    start: Annotated[int, typer.Argument(help="First character.")],
    end: Annotated[int, typer.Argument(help="Character behind the last.")],
    type_: Annotated[str, typer.Option("--type", help="Type of identifier, for example PERSON.")],
    as_: As = "",
    purpose: Purpose = "operations",
) -> None:
    """Mark an identifier that detection missed; `retry` redacts the document with it."""
    result = context.result(
        "review.add", version=version, block=block, start=start, end=end, type=type_, user=as_, purpose=purpose
    )
    if not output.emit(result):
        output.say(f"Marked as span {result['id']}.")


@review.command("retry")
def retry(version: Version, as_: As = "", purpose: Purpose = "operations") -> int:
    """Send a document on its way again: after spans were added, or a fault was mended."""
    result = context.result("review.retry", version=version, user=as_, purpose=purpose)
    if not output.emit(result):
        output.say(_told(result))
    return 1 if result["status"] in ("failed", "quarantined") else 0


def words(pieces: list[dict[str, Any]]) -> str:
    """Pieces of a block as one line, the type in the place of what is covered."""
    return "".join(f"[{p['covered']}]" if p["covered"] else p["text"] for p in pieces).replace("\n", " ")


def _told(document: dict[str, Any]) -> str:
    return f"The document is {document['status']}." + (f" {document['reason']}" if document["reason"] else "")

"""`appliance policy check | test`: redaction profiles and access policies."""

from typing import Annotated

import typer

from appliance.cli.context import context
from appliance.cli.output import output

policy = typer.Typer(no_args_is_help=True, help="Redaction profiles and access policies.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(policy, name="policy")


@policy.command("check")
def check() -> None:
    """Load every policy, say its digest, and refuse what is wrong."""
    from appliance.assembly.standalone import check_policies

    result = check_policies(context.settings())
    if not output.emit(result):
        output.table(("policy", "digest"), [(p["name"], p["digest"]) for p in result["policies"]])


@policy.command("test")
def try_on(
    text: Annotated[str, typer.Argument(help="A text file, or `-` for standard input.")],
    profile: Annotated[str, typer.Option(help="Redaction profile.")] = "",
) -> None:
    """Show what a redaction profile does to a text of your own, and why."""
    from appliance.assembly.standalone import redact_text
    from appliance.cli.documents import read_text

    result = redact_text(context.settings(), read_text(text), profile)
    if not output.emit(result):
        output.say(result["text"])
        rows = [(e["start"], e["end"], e["type"], f"{e['score']:.2f}", e["recognizer"]) for e in result["entities"]]
        output.table(("start", "end", "type", "score", "because of"), rows)

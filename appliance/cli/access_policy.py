"""`appliance policy access-diff | access-test | access-propose | access-approve | access-reject | access-list`."""

from pathlib import Path
from typing import Annotated

import typer

from appliance.cli.context import context
from appliance.cli.output import output
from appliance.cli.people import collection, password_from
from appliance.cli.policy import policy

Folder = Annotated[str, typer.Argument(help="Folder with *.cedar files and their schema; default: the home's own.")]
Digest = Annotated[str, typer.Argument(help="Digest of the proposal, or its first digits.")]
Who = Annotated[str, typer.Option("--as", help="Who you are; your password is asked for.")]
Code = Annotated[str, typer.Option(help="Code of your authenticator app, if you have one.")]
Secret = Annotated[
    Path | None, typer.Option("--password-file", help="File holding your password; `-` is standard input.")
]


def register(app: typer.Typer) -> None:
    """These commands stand under `policy` and `collection`, which their own files add."""


@policy.command("access-diff")
def difference(folder: Folder = "") -> None:
    """Say who would gain and lose what if these access policies came into force."""
    result = context.result("policy.access-diff", folder=_absolute(folder))
    if output.emit(result):
        return
    for line in result["summary"]:
        output.say(line[0].upper() + line[1:] + ".")
    rows = [
        (c["login"], c["right"], c["purpose"], ", ".join(c["gains"]), ", ".join(c["loses"])) for c in result["changes"]
    ]
    if rows:
        output.table(("login", "right", "purpose", "gains", "loses"), rows)


@policy.command("access-test")
def tried(
    cases: Annotated[Path, typer.Argument(help="YAML: a list of who, purpose, right, collection, expect.")],
    folder: Annotated[str, typer.Option(help="Folder of the policies to try; default: the home's own.")] = "",
) -> int:
    """Try access policies on cases of your own. Exit code 1 when one is decided otherwise than it expects."""
    result = context.result("policy.access-test", cases=str(cases.absolute()), folder=_absolute(folder))
    if not output.emit(result):
        output.table(
            ("case", "who", "right", "collection", "purpose", "expected", "decided"),
            [
                (c["case"], c["who"], c.get("right", "read"), c["collection"], c["purpose"], c["expect"], c["decided"])
                for c in result["cases"]
            ],
        )
    return 0 if result["ok"] else 1


@policy.command("access-propose")
def propose(who: Who, folder: Folder = "", password_file: Secret = None, code: Code = "") -> None:
    """Put access policies forward; they hold once somebody else has approved them."""
    result = context.result(
        "policy.access-propose", login=who, password=password_from(password_file), code=code, folder=_absolute(folder)
    )
    if not output.emit(result):
        output.say(f"Proposed. Somebody else runs: appliance policy access-approve {result['digest'][:12]} --as LOGIN")


@policy.command("access-approve")
def approve(digest: Digest, who: Who, password_file: Secret = None, code: Code = "") -> None:
    """Bring proposed access policies into force at once; not by whoever proposed them."""
    secret = password_from(password_file)
    result = context.result("policy.access-approve", digest=digest, login=who, password=secret, code=code)
    if not output.emit(result):
        output.say(f"In force: {result['digest']}.")


@policy.command("access-reject")
def reject(digest: Digest, who: Who, password_file: Secret = None, code: Code = "") -> None:
    """Take a proposal off the table."""
    secret = password_from(password_file)
    result = context.result("policy.access-reject", digest=digest, login=who, password=secret, code=code)
    if not output.emit(result):
        output.say("Rejected.")


@policy.command("access-list")
def list_policies() -> None:
    """List the access policies there were, those in force and those that wait."""
    result = context.result("policy.access-list")
    if output.emit(result):
        return
    output.table(
        ("digest", "status", "proposed by", "decided by", "when"),
        [
            (p["digest"][:12], p["status"], p["proposed_by"], p["approved_by"], p["approved"] or p["proposed"])
            for p in result["policies"]
        ],
    )
    if result["files"] != result["in_force"]:
        output.say("The files of the home differ from what is in force: see `appliance policy access-diff`.")


@collection.command("change")
def change(
    name: Annotated[str, typer.Argument(help="Name of the collection.")],
    classification: Annotated[int | None, typer.Option(help="Clearance needed to read, 0 to 100.")] = None,
    compartment: Annotated[list[str] | None, typer.Option(help="Compartments, all of them; may be repeated.")] = None,
    consent_withdrawn: Annotated[
        bool | None, typer.Option("--consent-withdrawn/--consent-given", help="Whether consent was withdrawn.")
    ] = None,
) -> None:
    """Change what access policies know of a collection; obeyed by the next question, for what it holds already."""
    result = context.result(
        "collection.change", collection=name, classification=classification, compartments=compartment,
        consent_withdrawn=consent_withdrawn,
    )  # fmt: skip
    if not output.emit(result):
        output.say(f"{name}: {result['attributes']}")


def _absolute(folder: str) -> str:
    return str(Path(folder).absolute()) if folder else ""

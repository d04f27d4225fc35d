"""`appliance leakrate sample | list | show | mark | report`: how much redaction still leaves, with a bound."""

from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.output import output

leakrate = typer.Typer(no_args_is_help=True, help="What redaction still leaves, measured on a sample, and certified.")

Sample = Annotated[str, typer.Argument(help="Id of the sample.")]
As = Annotated[str, typer.Option("--as", help="Login of the reviewer; default: your own login.")]
Purpose = Annotated[str, typer.Option(help="Purpose of use.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(leakrate, name="leakrate")


@leakrate.command("sample")
def sample(
    collection: Annotated[str, typer.Argument(help="Collection to draw from.")],
    size: Annotated[int, typer.Option("-n", "--size", min=1, help="Blocks to draw.")] = 300,
) -> None:
    """Draw a simple random sample of a collection's published blocks."""
    result = context.result("leakrate.sample", collection=collection, size=size)
    if not output.emit(result):
        output.say(f"Drew {result['size']} of {result['population']} blocks as sample {result['id']}.")


@leakrate.command("list")
def list_(as_: As = "", purpose: Purpose = "operations") -> None:
    """List the samples of the collections you may review."""
    result = context.result("leakrate.list", user=as_, purpose=purpose)
    if not output.emit(result):
        rows = [(s["id"], s["collection_title"], s["marked"], s["size"], s["with_miss"]) for s in result["samples"]]
        output.table(("sample", "collection", "searched", "of", "with a miss"), rows)


@leakrate.command("show")
def show(
    sample: Sample,
    block: Annotated[int, typer.Option(min=0, help="Number of a block; 0: the next that nobody searched.")] = 0,
    as_: As = "",
    purpose: Purpose = "operations",
) -> None:
    """Show a block of a sample: redacted text, to be searched for what is still readable."""
    result = context.result("leakrate.show", sample=sample, block_number=block, user=as_, purpose=purpose)
    if not output.emit(result):
        _say(result)


@leakrate.command("mark")
def mark(
    sample: Sample,
    block: Annotated[int, typer.Argument(help="Number of the block.")],
    missed: Annotated[list[str] | None, typer.Option("--missed", help="Type that is still readable.")] = None,
    as_: As = "",
    purpose: Purpose = "operations",
) -> None:
    """Say what is still readable in a block (nothing, unless --missed), and show the next."""
    result = context.result(
        "leakrate.mark", sample=sample, block_number=block, missed=missed or [], user=as_, purpose=purpose
    )
    if not output.emit(result):
        _say(result)


@leakrate.command("report")
def report(
    sample: Sample,
    out: Annotated[Path | None, typer.Option(help="File for the signed certificate.")] = None,
) -> None:
    """Sign the leak-rate certificate of a sample that was searched whole. check.py verifies it offline."""
    result = context.result("leakrate.report", sample=sample)
    if out is not None:
        out.write_text(result["certificate"], "utf-8")
    if output.emit(result):
        return
    rates = result["per_1000_blocks"]
    named = {
        "any direct identifier": rates["any_direct_identifier"], "any identifier": rates["any_identifier"],
        **rates["by_type"],
    }  # fmt: skip
    rows = [(name, rate["blocks"], rate["observed"], rate["upper_95"]) for name, rate in named.items()]
    output.say(f"{result['sample_blocks']} of {result['population_blocks']} blocks were searched.")
    output.table(("per 1,000 blocks", "blocks with a miss", "observed", "at most (95%)"), rows)
    output.say(f"Certificate {result['sha256']}" + (f" in {out}." if out else "; --out FILE keeps it."))


def _say(result: dict[str, Any]) -> None:
    block = result["block"]
    if block is None:
        output.say(f"All {result['size']} blocks are searched.")
        return
    output.say(f"[{block['ordinal']}] of {result['size']}, {result['marked']} searched. {block['title']}")
    output.say(f"    {block['text']}")

"""`appliance models list | fetch | verify | import`: the model packs."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from appliance import weights
from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import IntegrityFailure, UsageError

models = typer.Typer(no_args_is_help=True, help="Model packs: files with a digest, a licence and a source.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(models, name="models")


@models.command("list")
def list_packs() -> None:
    """List every known pack, and which are here."""
    show([describe(pack, verified=None) for pack in weights.manifest(context.settings().packs)])


@models.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Packs; default: those the settings need.")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="Directory that holds them, for an air gap.")] = None,
    mirror: Annotated[str, typer.Option(help="The site's own mirror of the package index.")] = "",
) -> None:
    """Fetch packs at set-up: from a directory, a mirror, or the package index. Nothing is ever fetched later."""
    settings = context.settings()
    wanted = names or list(weights.defaults())
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=output.errors, transient=False) as progress:
        tasks: dict[str, Any] = {}

        def report(name: str, done: int, total: int) -> None:
            task = tasks.setdefault(name, progress.add_task(name, total=total))
            progress.update(task, completed=done, total=total)

        weights.fetch(settings.packs, wanted, source, mirror, report)
    show([describe(weights.pack(name, settings.packs), verified=True) for name in wanted])


@models.command()
def verify(names: Annotated[list[str] | None, typer.Argument(help="Packs; default: all that are here.")] = None) -> int:
    """Hash every file of every pack that is here against the manifest; exit code 4 when one differs."""
    packs = context.settings().packs
    known = [weights.pack(name, packs) for name in names] if names else list(weights.manifest(packs))
    rows, bad = [], False
    for pack in known:
        if not names and not weights.is_present(packs, pack.name):
            continue
        try:
            weights.verify(packs, pack.name)
            rows.append(describe(pack, verified=True))
        except IntegrityFailure as error:
            bad = True
            rows.append({**describe(pack, verified=False), "reason": str(error)})
    show(rows)
    if bad:
        output.note("\n".join(f"appliance: {row['reason']}" for row in rows if "reason" in row))
    return IntegrityFailure.exit_code if bad else 0


@models.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A GGUF, safetensors or ONNX file, or a folder with one model.")],
    name: Annotated[str, typer.Option(help="Name of the pack; default: the file's.")] = "",
    use: Annotated[str, typer.Option(help="generation, embedding, ner or reranking")] = "generation",
    licence: Annotated[str, typer.Option(help="Its licence, as the publisher states it.")] = "",
    sha256: Annotated[str, typer.Option(help="The publisher's digest, checked if given.")] = "",
) -> None:
    """Take in a site's own model and record its digest. Pickled weights are refused."""
    if not file.exists():
        raise UsageError(f"there is no file {file}", "Check the path")
    pack = weights.import_pack(context.settings().packs, file, name, use, licence, sha256)  # type: ignore[arg-type]
    show([describe(pack, verified=True)])


def describe(pack: weights.Pack, verified: bool | None) -> dict[str, Any]:
    """A pack as the command-line contract has it. `verified` is None where nothing was hashed."""
    return {
        "name": pack.name,
        "use": pack.use,
        "bytes": pack.bytes,
        "sha256": weights.digest(pack),
        "licence": pack.licence,
        "source": pack.source,
        "present": weights.is_present(context.settings().packs, pack.name),
        "verified": verified,
    }


def show(rows: list[dict[str, Any]]) -> None:
    """The packs in the form asked for."""
    if not output.emit({"packs": rows}):
        said = {True: "verified", False: "CHANGED", None: ""}
        output.table(
            ("pack", "use", "MB", "licence", "here", ""),
            [
                (r["name"], r["use"], f"{r['bytes'] / 1e6:.0f}", r["licence"], "yes" if r["present"] else "no",
                 said[r["verified"]])
                for r in rows
            ],
        )  # fmt: skip

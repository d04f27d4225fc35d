"""`appliance models list | fetch | verify | import | use | approve | changes`: the model packs, and which composes."""

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


As = Annotated[str, typer.Option("--as", help="Login of the administrator who acts; default: you, of the box.")]


@models.command()
def use(
    name: Annotated[str, typer.Argument(help="The pack, or the endpoint's name of the model.")],
    golden: Annotated[str, typer.Option(help="Golden questions; default: the setting golden_questions.")] = "",
    as_: As = "",
) -> int:
    """Measure a model on the golden questions beside the one in force, and put it in force: now, or when a second
    administrator approves."""
    change: dict[str, Any] = {}
    file = str(Path(golden).absolute()) if golden else ""
    for event in context.run("models.use", {"name": name, "golden": file, "user": as_}):
        if "question" in event:
            output.note(f"{event['model']}: question {event['question']} of {event['of']}")
        change = event
    return show_changes([change])


@models.command()
def approve(change: Annotated[str, typer.Argument(help="The change's id.")], as_: As = "") -> int:
    """Approve a measured change as a second person: it is in force from the next question on."""
    return show_changes([context.result("models.approve", change=change, user=as_)])


@models.command()
def changes() -> int:
    """Every change of what composes, with its scores and those of what it replaced."""
    found = context.result("models.changes")["changes"]
    if output.emit({"changes": found}):
        return 0
    return show_changes(found)


def show_changes(rows: list[dict[str, Any]]) -> int:
    """Changes in the form asked for."""
    if output.json and rows:
        output.emit(rows[0])
        return 0
    for row in rows:
        output.say(f"{row['id']}  {row['model']}  {row['status'].replace('_', ' ')}  {row['created'][:16]}")
        names = list(row["scores"])
        output.table(
            ("score", "this model", "before"),
            [(name, str(row["scores"][name]), str(row["scores_before"].get(name, ""))) for name in names],
        )
        if row["status"] == "measured":
            output.say(f"A second administrator puts it in force: appliance models approve {row['id']} --as LOGIN")
    return 0


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

"""`appliance eval redaction | retrieval | answers | groundedness | injection`: measured on your own data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.documents import read_rows, require_file
from appliance.cli.output import output

evaluation = typer.Typer(no_args_is_help=True, help="Measure redaction, retrieval and answers on labelled data.")

Data = Annotated[Path, typer.Argument(help="JSON Lines, see docs/developer.md.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(evaluation, name="eval")


def show(result: dict[str, Any], indent: str = "") -> None:
    """A nested result as indented lines."""
    for name, value in result.items():
        if isinstance(value, dict):
            output.say(f"{indent}{name}:")
            show(value, indent + "  ")
        else:
            output.say(f"{indent}{name}: {value:.4f}" if isinstance(value, float) else f"{indent}{name}: {value}")


def finish(result: dict[str, Any]) -> None:
    """Print a result in the form asked for."""
    if not output.emit(result):
        show(result)


@evaluation.command()
def redaction(
    data: Data,
    profile: Annotated[str, typer.Option(help="Redaction profile.")] = "",
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Recall, precision and F2 by type; the share of documents that keep a direct identifier; speed."""
    from appliance.assembly.standalone import open_detector
    from appliance.evaluation.redaction import evaluate
    from appliance.redaction.policy import load_profile

    settings = context.settings()
    rows = read_rows(data)
    chosen = load_profile(settings.policies, profile or settings.redaction_profile)
    finish(evaluate(open_detector(settings), chosen, rows, workers))


@evaluation.command()
def retrieval(
    directory: Annotated[Path, typer.Argument(help="A folder in BEIR layout.")],
    limit: Annotated[int | None, typer.Option(help="Only so many questions.")] = None,
) -> None:
    """nDCG@10, recall@10 and @100, MRR, milliseconds a query, texts a second."""
    from appliance.evaluation.retrieval import evaluate
    from appliance.search.embedding import open_embedder

    settings = context.settings()
    finish(evaluate(directory, open_embedder(settings), settings, limit=limit))


@evaluation.command()
def answers(
    data: Data,
    predictions: Annotated[Path | None, typer.Option(help="JSON Lines to write each answer to.")] = None,
    compose: Annotated[bool, typer.Option(help="Let the language model compose.")] = True,
    plain: Annotated[bool, typer.Option(help="Measure the nearest passages to the same model beside it.")] = False,
) -> None:
    """Accuracy, F1, abstention, citation precision and recall, share of unsupported sentences."""
    from appliance.assembly.engines import open_engine
    from appliance.evaluation.answers import evaluate
    from appliance.evaluation.plain import measure
    from appliance.search.embedding import open_embedder

    settings = context.settings()
    rows = read_rows(data)
    embedder = open_embedder(settings)
    engine = open_engine(settings) if compose and settings.compose else None
    result = evaluate(rows, engine, embedder.encode, settings, predictions_path=predictions)
    if plain and engine is not None:
        result["plain"] = measure(rows, engine, embedder.encode)
    finish(result)


@evaluation.command()
def groundedness(data: Data) -> None:
    """Balanced accuracy and F1 of the verifier on labelled claims."""
    from appliance.evaluation.groundedness import evaluate
    from appliance.search.embedding import open_embedder

    finish(evaluate(read_rows(data), open_embedder(context.settings()).encode))


@evaluation.command()
def injection(
    data: Data,
    steered: Annotated[bool, typer.Option(help="Ask about each attack document, with the language model.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many attack documents.")] = None,
) -> None:
    """Detection rate and false alarms on texts that try to steer the model; with --steered, whether they do."""
    from appliance.assembly.engines import open_engine
    from appliance.evaluation import injection, steering
    from appliance.search.embedding import open_embedder

    rows = read_rows(data)
    found = injection.evaluate(rows)
    if steered:
        settings = context.settings()
        engine = open_engine(settings) if settings.compose else None
        found |= {"steering": steering.evaluate(rows, engine, open_embedder(settings).encode, settings, limit)}
    finish(found)


@evaluation.command()
def documents(manifest: Annotated[Path, typer.Argument(help="JSON Lines of files and what they must hold.")]) -> None:
    """Share of files in which every known string is found, refusals by reason, crashes."""
    from contextlib import closing

    from appliance.documents.sandbox import Sandbox
    from appliance.evaluation.documents import evaluate

    require_file(manifest)
    settings = context.settings()
    with closing(Sandbox(settings)) as sandbox:
        finish(evaluate(manifest, settings, sandbox))


@evaluation.command()
def abstention(
    golden: Annotated[Path, typer.Argument(help="Golden questions, as in sample_docs/ground_truth.json.")],
    write: Annotated[Path | None, typer.Option(help="Write the fitted weights here.")] = None,
) -> None:
    """Fit the decision to abstain on golden questions of this home; figures are cross-validated by collection."""
    import json

    from appliance.cli import fitting

    require_file(golden)
    questions = json.loads(golden.read_text("utf-8"))["questions"]
    content, reached = fitting.fit(list(fitting.cases(context.appliance(context.settings()), questions)))
    if write is not None:
        fitting.write(content, write)
    finish(reached)

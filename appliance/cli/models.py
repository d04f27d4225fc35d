"""`appliance models list | fetch | verify | import`: the model packs."""

import typer

models = typer.Typer(no_args_is_help=True, help="Model packs: files with a digest, a licence and a source.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(models, name="models")

"""`appliance bundle key | build | verify | install | rollback`: carry the appliance to a machine without network."""

from pathlib import Path
from typing import Annotated, Any

import typer

from appliance import weights
from appliance.audit import check
from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import ApplianceError, IntegrityFailure, Unavailable
from appliance.upkeep import bundle, release

bundles = typer.Typer(no_args_is_help=True, help="Signed bundles: everything an air-gapped machine needs.")

Folder = Annotated[Path, typer.Argument(metavar="BUNDLE", help="Directory of the bundle.")]
Key = Annotated[str, typer.Option(help="The builder's public key, or a file that holds it.")]
To = Annotated[Path, typer.Option("--to", help="Directory that holds the releases.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(bundles, name="bundle")


@bundles.command("key")
def make_key(
    file: Annotated[Path, typer.Argument(help="New file for the secret half; keep it off line.")],
    name: Annotated[str, typer.Option(help="Who builds, for example hospital-it.")],
) -> None:
    """Make the key that signs bundles, and print its public half."""
    public = bundle.make_key(file, name)
    if not output.emit({"key": public}):
        output.say(public)


@bundles.command()
def build(
    to: Annotated[Path, typer.Argument(metavar="BUNDLE", help="New directory.")],
    key: Annotated[Path, typer.Option(help="File of `bundle key`, which signs.")],
    pack: Annotated[list[str] | None, typer.Option(help="Model pack; repeat it. Default: those of set-up.")] = None,
    wheels: Annotated[Path | None, typer.Option(help="Directory of wheels; default: pip's index.")] = None,
) -> None:
    """Build a bundle from this clone: program, wheels, model packs, list of contents, and what installs them."""
    built = bundle.build(context.settings(), to, bundle.read_key(key), pack or list(weights.defaults()), wheels)
    result = {"bundle": str(to), "files": built.files, "bytes": built.bytes, "commit": built.commit}
    if not output.emit({**result, "manifest": built.digest, "starts": built.starts}):
        output.say(f"Built {to}: {built.files} files, {built.bytes / 1e9:.2f} GB, of commit {built.commit[:12]}.")
        output.say("Tell who installs it, by another way than the bundle: your public key, and the SHA-256 of")
        for name, digest in built.starts.items():
            output.say(f"  {digest}  {name}")


@bundles.command()
def verify(folder: Folder, key: Key) -> None:
    """Check every file of a bundle against its signature. Exit code 4 when one differs."""
    found = _told(release.verify, folder, check.text_or_file(key))
    if not output.emit({"ok": True, **found}):
        output.say(f"Whole: {found['files']} files, {found['bytes'] / 1e9:.2f} GB, built by {found['built by']}.")


@bundles.command()
def install(folder: Folder, key: Key, to: To = Path("/opt/appliance")) -> None:
    """Verify a bundle and install it beside the release in use, then switch to it. Back up and stop `serve` before."""
    found = _told(release.install, folder, check.text_or_file(key), to)
    if not output.emit(found):
        output.say(f"In use from now on: {found['release']}. Start `serve` again.")


@bundles.command()
def rollback(to: To = Path("/opt/appliance")) -> None:
    """Use the release before again. A home that the newer one has opened needs its backup too."""
    found = _told(release.rollback, to)
    if not output.emit(found):
        output.say(f"In use from now on: {found['release']}. Start `serve` again.")


def _told(work: Any, *arguments: Any) -> dict[str, Any]:
    """Do it; what is refused becomes an error of the program, with its exit code."""
    try:
        found: dict[str, Any] = work(*arguments)
    except release.Refused as refused:
        kinds = {release.DIFFERS: IntegrityFailure, release.MISSING: Unavailable}
        raise kinds.get(refused.code, ApplianceError)(str(refused), refused.advice) from None
    return found

"""`appliance user | collection | grant`: who there is, what there is, who may see it."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from appliance.cli.context import context
from appliance.cli.output import output, sure
from appliance.errors import UsageError

user = typer.Typer(no_args_is_help=True, help="Accounts.")
collection = typer.Typer(no_args_is_help=True, help="Collections of documents.")
grant = typer.Typer(no_args_is_help=True, help="Who may read, add to, or find people by name in a collection.")

Login = Annotated[str, typer.Argument(help="Name the person signs in with.")]
Collection = Annotated[str, typer.Argument(help="Name of the collection.")]
Groups = Annotated[list[str] | None, typer.Option(help="Group the person belongs to.")]
Compartments = Annotated[list[str] | None, typer.Option(help="Compartment, for need to know.")]
PasswordFile = Annotated[Path | None, typer.Option(help="File holding the password; `-` is standard input.")]
Principal = Annotated[str, typer.Argument(help="user:LOGIN or group:NAME")]
Right = Annotated[str, typer.Option(help="read, write, identify, reveal or review")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(user, name="user")
    app.add_typer(collection, name="collection")
    app.add_typer(grant, name="grant")


@user.command("add")
def user_add(
    login: Login,
    name: Annotated[str, typer.Option(help="Name shown on the page.")] = "",
    group: Groups = None,
    role: Annotated[
        list[str] | None, typer.Option(help="reader, editor, administrator, auditor, privacy_officer")
    ] = None,
    clearance: Annotated[int, typer.Option(help="0 (public) upwards.")] = 0,
    compartment: Compartments = None,
    password_file: PasswordFile = None,
) -> None:
    """Add an account; asks for the password unless a file gives it."""
    result = context.result(
        "user.add", login=login, name=name or login, groups=group or [], roles=role or ["reader"],
        clearance=clearance, compartments=compartment or [], password=password_from(password_file),
    )  # fmt: skip
    if not output.emit(result):
        output.say(f"Added {result['login']}.")


@user.command("list")
def user_list() -> None:
    """List the accounts."""
    result = context.result("user.list")
    if not output.emit(result):
        output.table(
            ("login", "name", "groups", "roles"),
            [(u["login"], u["name"], ", ".join(u["groups"]), ", ".join(u["roles"])) for u in result["users"]],
        )


@user.command("password")
def user_password(login: Login, password_file: PasswordFile = None) -> None:
    """Set a new password."""
    result = context.result("user.password", login=login, password=password_from(password_file))
    if not output.emit(result):
        output.say(f"The password of {login} is changed.")


@user.command("remove")
def user_remove(login: Login) -> None:
    """End an account and its sessions."""
    result = context.result("user.remove", login=login)
    if not output.emit(result):
        output.say(f"{login} can no longer sign in.")


@user.command("check-directory")
def user_check_directory() -> None:
    """Ask the directory who has left and whose groups changed, and follow it. Run it from a timer."""
    result = context.result("user.check-directory")
    if not output.emit(result):
        output.say(f"{result['checked']} asked about; left: {', '.join(result['left']) or 'nobody'}.")


@user.command("reset-factors")
def user_reset_factors(login: Login) -> None:
    """Forget an account's second factors and end its sessions: the phone or the key is lost."""
    context.result("user.reset-factors", login=login)
    if not output.emit({"login": login}):
        output.say(f"{login} signs in with the password alone and can set up a second factor again.")


@collection.command("create")
def collection_create(
    name: Collection,
    title: Annotated[str, typer.Option(help="Title shown on the page.")] = "",
    profile: Annotated[str, typer.Option(help="Redaction profile; default from the settings.")] = "",
    classification: Annotated[int, typer.Option(help="Clearance needed to read.")] = 0,
    compartment: Compartments = None,
) -> None:
    """Create a collection. Nobody can read it until a grant is added."""
    result = context.result(
        "collection.create", name=name, title=title or name, profile=profile,
        classification=classification, compartments=compartment or [],
    )  # fmt: skip
    if not output.emit(result):
        output.say(f"Created {name}, redacted under {result['profile']}. Next: `appliance grant add {name} ...`.")


@collection.command("list")
def collection_list() -> None:
    """List the collections and how many documents each publishes."""
    result = context.result("collection.list")
    if not output.emit(result):
        output.table(
            ("collection", "title", "profile", "documents"),
            [(c["name"], c["title"], c["profile"], c["documents"]) for c in result["collections"]],
        )


@collection.command("delete")
def collection_delete(
    name: Collection,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where nobody can answer.")] = False,
) -> None:
    """Delete a collection with every document in it, for good: only a backup has them afterwards."""
    sure(f"Delete {name} and every document in it, for good?", yes)
    result = context.result("collection.delete", collection=name)
    if not output.emit(result):
        output.say(f"Deleted {name}: {result['documents']} documents, {result['keys_destroyed']} keys destroyed.")


@grant.command("add")
def grant_add(
    collection: Collection,
    principal: Principal,
    right: Right = "read",
    purpose: Annotated[list[str] | None, typer.Option(help="Only for this purpose of use; may be repeated.")] = None,
) -> None:
    """Let somebody read, add to, or find people by name in a collection."""
    result = context.result(
        "grant.add", collection=collection, principal=principal, right=right, purposes=purpose or []
    )
    if not output.emit(result):
        output.say(f"{principal} may {right} {collection}.")


@grant.command("remove")
def grant_remove(collection: Collection, principal: Principal, right: Right = "read") -> None:
    """Take a right away; obeyed by the next question."""
    result = context.result("grant.remove", collection=collection, principal=principal, right=right)
    if not output.emit(result):
        output.say("Removed." if result["removed"] else "There was no such grant.")


@grant.command("list")
def grant_list(collection: Collection) -> None:
    """List the grants on a collection."""
    result = context.result("grant.list", collection=collection)
    if not output.emit(result):
        rows = [(g["principal"], g["right"], ", ".join(g["purposes"]) or "every purpose") for g in result["grants"]]
        output.table(("principal", "right", "purposes"), rows)


def password_from(file: Path | None) -> str:
    """The password in a file, or asked for at the terminal. Raises UsageError without either."""
    if file is None:
        if not sys.stdin.isatty():
            raise UsageError("no password given", "Use --password-file FILE, or `-` for standard input")
        return getpass.getpass("Password: ")
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the password file cannot be read", "Check its path") from error
    return text.rstrip("\r\n")

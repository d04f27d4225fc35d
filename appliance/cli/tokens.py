"""`appliance token create | list | revoke`: what programs sign in with."""

from typing import Annotated

import typer

from appliance.cli.context import context
from appliance.cli.output import output

token = typer.Typer(no_args_is_help=True, help="API tokens, for programs that ask on somebody's behalf.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(token, name="token")


@token.command("create")
def create(
    login: Annotated[str, typer.Argument(help="The account that the token acts as.")],
    scope: Annotated[list[str], typer.Option(help="ask, read, write, audit or scim; may be repeated.")],
    days: Annotated[int, typer.Option(help="Days until it expires, at most 366.")] = 90,
    purpose: Annotated[str, typer.Option(help="What it is for, in a few words.")] = "",
) -> None:
    """Make a token. It is printed once: keep it where passwords are kept."""
    result = context.result("token.create", login=login, scopes=scope, days=days, purpose=purpose)
    if not output.emit(result):
        output.say(result["token"])
        output.say(f"Valid until {result['expires']}. Use: Authorization: Bearer TOKEN. It is not shown again.")


@token.command("list")
def list_tokens(login: Annotated[str, typer.Argument(help="Only this account's.")] = "") -> None:
    """List tokens, without their secrets."""
    result = context.result("token.list", login=login)
    if not output.emit(result):
        output.table(
            ("token", "login", "scopes", "for", "expires", "status"),
            [
                (t["id"], t["login"], ", ".join(t["scopes"]), t["purpose"], t["expires"], t["status"])
                for t in result["tokens"]
            ],
        )


@token.command("revoke")
def revoke(identifier: Annotated[str, typer.Argument(help="The token's id, from `token list`.")]) -> None:
    """End a token; the next request is refused and streams it started are cut."""
    result = context.result("token.revoke", token=identifier)
    if not output.emit(result):
        output.say(f"The token {result['id']} of {result['login'] or 'an ended account'} is revoked.")

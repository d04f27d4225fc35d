"""Operations on API tokens, second factors and leavers: JSON in, JSON events out (see `assembly/operations.py`)."""

from collections.abc import Callable, Iterator
from typing import Any

from appliance.access import factors, ldap
from appliance.access.tokens import Token
from appliance.assembly.parts import Appliance
from appliance.assembly.providers import directory_of
from appliance.audit.events import TokenChanged, UserChanged
from appliance.errors import UsageError

Events = Iterator[dict[str, Any]]


def token_create(
    appliance: Appliance, operator: str, login: str, scopes: list[str], days: int = 90, purpose: str = ""
) -> Events:
    """A new token; its text is told here and never again."""
    text, made = appliance.tokens.create(login, frozenset(scopes), days, purpose)
    event = TokenChanged(
        token=made.id, person=made.person, change="created", scopes=sorted(made.scopes), expires=made.expires
    )
    appliance.log.append(event, actor=operator)
    yield {"token": text, **_token(appliance, made)}


def token_list(appliance: Appliance, operator: str, login: str = "") -> Events:
    """Every token, without its secret."""
    yield {"tokens": [_token(appliance, each) for each in appliance.tokens.all(login)]}


def token_revoke(appliance: Appliance, operator: str, token: str) -> Events:
    """The end of a token."""
    ended = appliance.tokens.revoke(token)
    appliance.log.append(TokenChanged(token=ended.id, person=ended.person, change="revoked"), actor=operator)
    yield _token(appliance, ended)


def factors_reset(appliance: Appliance, operator: str, login: str) -> Events:
    """No second factor any more, and no session: the phone or the key is lost."""
    who = appliance.people.by_login(login)
    factors.reset(appliance.database, who.id)
    appliance.log.append(UserChanged(person=who.id, change="changed", changed=["second factors"]), actor=operator)
    yield {"login": login}


def directory_check(appliance: Appliance, operator: str) -> Events:
    """Ask the directory about everybody who signs in by it: who has left is ended here, whose groups changed is
    changed. For a timer. Raises Unavailable, and changes nobody, while the directory cannot be reached."""
    directory = directory_of(appliance.settings)
    if directory is None:
        raise UsageError("no directory is set", "Set ldap_url and ldap_base")
    left, checked = [], 0
    for who in appliance.joining.of("ldap"):
        known, checked = ldap.is_there(directory, who.login), checked + 1
        if known is not None:
            appliance.joining.admit(known, "ldap")
            continue
        appliance.people.deactivate(who.login)
        appliance.log.append(UserChanged(person=who.id, change="disabled"), actor=operator)
        left.append(who.login)
    yield {"checked": checked, "left": left}


def _token(appliance: Appliance, token: Token) -> dict[str, Any]:
    logins = {each.id: each.login for each in appliance.people.everyone()}
    now = appliance.clock.now().isoformat(timespec="seconds")
    status = "revoked" if token.revoked else "expired" if token.expires <= now else "valid"
    return {
        "id": token.id,
        "login": logins.get(token.person, ""),
        "scopes": sorted(token.scopes),
        "purpose": token.purpose,
        "created": token.created,
        "expires": token.expires,
        "status": status if token.person in logins else "account ended",
    }


OPERATIONS: dict[str, Callable[..., Events]] = {
    "token.create": token_create,
    "token.list": token_list,
    "token.revoke": token_revoke,
    "user.check-directory": directory_check,
    "user.reset-factors": factors_reset,
}

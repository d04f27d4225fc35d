"""Who acts: the operating system's user of a caller, and the person that they act as."""

import pwd
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from appliance.access.grants import Person, Purpose, ReviewGrant
from appliance.assembly.parts import Appliance
from appliance.errors import NotFound, UsageError

Events = Iterator[dict[str, Any]]
"""What an operation yields: JSON objects, the last of them the result."""


def os_user(uid: int) -> str:
    """The operating system's name for a user id, as records hold it."""
    try:
        return f"os:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"os:{uid}"


def person(appliance: Appliance, operator: str, login: str) -> Person:
    """The person that an operator acts as; without a login, the account named like the operator.

    Raises NotFound for an unknown login, UsageError when none was given and none fits.
    """
    if login:
        return replace(appliance.people.by_login(login), operator=operator)
    try:
        return replace(appliance.people.by_login(operator.removeprefix("os:")), operator=operator)
    except NotFound as error:
        raise UsageError("say who asks", "Use --as LOGIN; `appliance user list` shows the accounts") from error


def purpose_of(name: str) -> Purpose:
    """A purpose of use by name. Raises UsageError."""
    try:
        return Purpose(name)
    except ValueError as error:
        raise UsageError(f"unknown purpose {name[:40]}", f"Use one of {', '.join(Purpose)}") from error


def reviewer(appliance: Appliance, operator: str, user: str, purpose: str) -> tuple[ReviewGrant, Person]:
    """What a person may review for a purpose, and that person. Raises as `person` and `purpose_of`."""
    who = person(appliance, operator, user)
    return appliance.access.reviewable(who, purpose_of(purpose)), who


def names_of(appliance: Appliance, ids: Iterable[str]) -> dict[str, str]:
    """Logins by id; who has no account any more, or is the system, as the log knows them."""
    known = {who.id: who.login for who in appliance.people.everyone()}
    return {each: known.get(each, each) for each in ids}


def name_of(appliance: Appliance, identifier: str) -> str:
    """One login."""
    return names_of(appliance, {identifier})[identifier]

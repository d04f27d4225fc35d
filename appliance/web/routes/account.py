"""A person's own account: which second factors it has, and setting one up."""

from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from appliance.access.sessions import Session
from appliance.assembly.parts import Appliance
from appliance.audit.events import UserChanged
from appliance.errors import Refused
from appliance.web import bodies
from appliance.web.dependencies import COOKIE, Changing, SignedIn, TheAppliance

router = APIRouter(prefix="/api/account")
MAX_BODY_BYTES = 64 * 1024


class Code(BaseModel):
    """A code of the authenticator app."""

    code: Annotated[str, Field(max_length=20)]


class Made(BaseModel):
    """What the browser says of a passkey it made, and the ticket of the offer."""

    ticket: Annotated[str, Field(max_length=100)]
    credential: dict[str, Any]


async def code_of(request: Request, session: Changing) -> Code:
    """The code in the body."""
    return await bodies.read_json(request, Code, MAX_BODY_BYTES)


async def made_of(request: Request, session: Changing) -> Made:
    """The passkey in the body."""
    return await bodies.read_json(request, Made, MAX_BODY_BYTES)


@router.get("")
def account(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """Which second factors the account has, and which it could have."""
    return {
        "login": session.person.login,
        "name": session.person.name,
        "code": appliance.codes.has(session.person.id),
        "passkey": appliance.passkeys.has(session.person.id),
        "passkeys_on": appliance.passkeys.on,
    }


@router.post("/code/offer")
def offer_code(session: Changing, appliance: TheAppliance) -> dict[str, Any]:
    """A secret for an authenticator app, also as a picture: rows of modules, `1` is dark. Holds nothing yet."""
    _only_once(appliance.codes.has(session.person.id))
    secret, address = appliance.codes.offer(session.person)
    picture = segno.make(address, error="m", boost_error=False).matrix
    return {"secret": secret, "address": address, "picture": ["".join(str(bit & 1) for bit in row) for row in picture]}


@router.post("/code")
def enrol_code(
    request: Request, session: Changing, given: Annotated[Code, Depends(code_of)], appliance: TheAppliance
) -> dict[str, Any]:
    """Take the app into use, once it has shown a code."""
    _only_once(appliance.codes.has(session.person.id))
    attempt = appliance.people.attempt(session.person.id)
    appliance.codes.enrol(session.person, given.code)
    appliance.people.succeeded(session.person.id, attempt)
    return _enrolled(request, session, appliance, "code")


@router.post("/passkey/offer")
def offer_passkey(session: Changing, appliance: TheAppliance) -> dict[str, Any]:
    """What the browser needs to make a passkey."""
    options, challenge = appliance.passkeys.offer(session.person)
    return {"ticket": appliance.tickets.issue(session.person.id, challenge), "options": options}


@router.post("/passkey")
def enrol_passkey(
    request: Request, session: Changing, made: Annotated[Made, Depends(made_of)], appliance: TheAppliance
) -> dict[str, Any]:
    """Take a passkey into use."""
    ticket = appliance.tickets.use(made.ticket)
    if ticket.person != session.person.id:
        raise Refused("this offer was made to somebody else", "Begin again")
    appliance.passkeys.enrol(session.person, made.credential, ticket.challenge)
    appliance.tickets.spend(made.ticket)
    return _enrolled(request, session, appliance, "passkey")


def _only_once(enrolled: bool) -> None:
    if enrolled:
        raise Refused("this account has an authenticator app already", "Your administrator can reset it")


def _enrolled(request: Request, session: Session, appliance: Appliance, kind: str) -> dict[str, Any]:
    appliance.log.append(
        UserChanged(person=session.person.id, change="changed", changed=[f"second factor: {kind}"]),
        actor=session.person.id,
    )
    appliance.sessions.strengthen(request.cookies[COOKIE], f"password and {kind}")
    return {"enrolled": kind}

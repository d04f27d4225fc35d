"""Signing in and out, and who one is."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from appliance.access.grants import Purpose
from appliance.audit.events import SignIn, SignInFailed, SignOut
from appliance.errors import ApplianceError
from appliance.web import bodies
from appliance.web.dependencies import COOKIE, Changing, SignedIn, TheAppliance

router = APIRouter(prefix="/api")
MAX_BODY_BYTES = 16 * 1024


class Credentials(BaseModel):
    """What a person types to sign in."""

    login: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=1024)]


async def credentials_of(request: Request) -> Credentials:
    """The credentials in the body: the one body that is read of a stranger."""
    return await bodies.read_json(request, Credentials, MAX_BODY_BYTES)


@router.post("/sign-in")
def sign_in(
    credentials: Annotated[Credentials, Depends(credentials_of)],
    request: Request,
    response: Response,
    appliance: TheAppliance,
) -> dict[str, Any]:
    """Open a session. One refusal, of one text and one duration, for a wrong login and a wrong password."""
    source = request.client.host if request.client else "unknown"
    try:
        person = appliance.people.authenticate(credentials.login, credentials.password, source)
    except ApplianceError as error:
        appliance.log.append(SignInFailed(reason=error.code, address=source, login=credentials.login), actor="unknown")
        raise
    appliance.log.append(SignIn(address=source), actor=person.id)
    token = appliance.sessions.open(person)
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="strict", secure=appliance.settings.secure_cookies,
        max_age=appliance.settings.session_minutes * 60,
    )  # fmt: skip
    return {"signed_in": True}


@router.post("/sign-out")
def sign_out(request: Request, response: Response, session: Changing, appliance: TheAppliance) -> dict[str, Any]:
    """Close the session."""
    appliance.sessions.close(request.cookies[COOKIE])
    appliance.log.append(SignOut(), actor=session.person.id)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=appliance.settings.secure_cookies)
    return {"signed_in": False}


@router.get("/me")
def me(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """Who is signed in, what they may read for each purpose, and the token for changing requests."""
    known = {each.id: each for each in appliance.catalog.collections.all()}
    readable: dict[str, dict[str, Any]] = {}
    for purpose in Purpose:
        for identifier in appliance.access.readable(session.person, purpose).collections:
            entry = readable.setdefault(
                identifier, {"id": identifier, "title": known[identifier].title, "purposes": [], "write": False}
            )
            entry["purposes"].append(purpose.value)
    for identifier, entry in readable.items():
        entry["write"] = appliance.access.may_write(session.person, identifier)
    return {
        "login": session.person.login,
        "name": session.person.name,
        "csrf": session.csrf,
        "collections": sorted(readable.values(), key=lambda entry: entry["title"]),
        "max_document_bytes": appliance.settings.max_document_bytes,
        "max_question_chars": appliance.settings.max_question_chars,
        "may_audit": appliance.access.may(session.person, "audit"),
        "may_administer": appliance.access.may(session.person, "administer"),
    }

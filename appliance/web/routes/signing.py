"""Signing in and out, and who one is."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from appliance.access.grants import Person, Purpose
from appliance.assembly.parts import Appliance
from appliance.audit.events import SignIn, SignInFailed, SignOut
from appliance.errors import ApplianceError, NotFound, Refused
from appliance.web import bodies
from appliance.web.dependencies import COOKIE, Changing, SignedIn, TheAppliance

router = APIRouter(prefix="/api")
MAX_BODY_BYTES = 16 * 1024
FLOW_COOKIE = "appliance_openid"
FLOW_PATH = "/api/sign-in/openid"


class Credentials(BaseModel):
    """What a person types to sign in."""

    login: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=1024)]


class SecondFactor(BaseModel):
    """What a person shows after the password: a code, or what the browser says of a passkey."""

    ticket: Annotated[str, Field(max_length=100)]
    code: Annotated[str, Field(max_length=20)] = ""
    credential: dict[str, Any] = {}


async def credentials_of(request: Request) -> Credentials:
    """The credentials in the body: of a stranger, as the next."""
    return await bodies.read_json(request, Credentials, MAX_BODY_BYTES)


async def second_factor_of(request: Request) -> SecondFactor:
    """The second factor in the body."""
    return await bodies.read_json(request, SecondFactor, MAX_BODY_BYTES)


@router.get("/sign-in/methods")
def methods(appliance: TheAppliance) -> dict[str, Any]:
    """How one may sign in here, for the page: by password always, elsewhere by that name if it is set."""
    return {"openid": appliance.settings.oidc_name if appliance.openid else ""}


@router.post("/sign-in")
def sign_in(
    credentials: Annotated[Credentials, Depends(credentials_of)],
    request: Request,
    response: Response,
    appliance: TheAppliance,
) -> dict[str, Any]:
    """Open a session, or tell which second factor is wanted. One refusal, of one text and one duration, for a wrong
    login and a wrong password."""
    source = _source(request)
    try:
        person = appliance.people.authenticate(credentials.login, credentials.password, source)
    except ApplianceError as error:
        _failed(appliance, error, source, credentials.login)
        raise
    passkey, challenge = appliance.passkeys.ask(person.id) if appliance.passkeys.has(person.id) else (None, b"")
    has_code = appliance.codes.has(person.id)
    if has_code or passkey:
        ticket = appliance.tickets.issue(person.id, challenge)
        return {"signed_in": False, "second": {"ticket": ticket, "code": has_code, "passkey": passkey}}
    _open(appliance, response, person, "password", source)
    return {"signed_in": True}


@router.post("/sign-in/second")
def second(
    shown: Annotated[SecondFactor, Depends(second_factor_of)],
    request: Request,
    response: Response,
    appliance: TheAppliance,
) -> dict[str, Any]:
    """Open a session for whoever has given the password and now shows the second factor."""
    source = _source(request)
    attempt = appliance.people.attempt(source)
    try:
        ticket = appliance.tickets.use(shown.ticket)
        method = "passkey" if shown.credential else "code"
        right = (
            appliance.passkeys.check(ticket.person, shown.credential, ticket.challenge)
            if shown.credential
            else appliance.codes.check(ticket.person, shown.code)
        )
        if not right:
            raise Refused("the second factor is wrong", "Try again with the next code, or ask your administrator")
        person = appliance.people.by_id(ticket.person)
    except ApplianceError as error:
        _failed(appliance, error, source, "")
        raise
    appliance.tickets.spend(shown.ticket)
    appliance.people.succeeded(source, attempt)
    _open(appliance, response, person, f"password and {method}", source)
    return {"signed_in": True}


@router.get("/sign-in/openid")
def openid(appliance: TheAppliance) -> Response:
    """Send the browser to the identity provider. 404 where none is set."""
    if appliance.openid is None:
        raise NotFound("no such page")
    address, state = appliance.openid.begin()
    going = RedirectResponse(address, 303)
    going.set_cookie(
        FLOW_COOKIE, state, httponly=True, samesite="lax", secure=appliance.settings.secure_cookies, max_age=600,
        path=FLOW_PATH,
    )  # fmt: skip
    return going


@router.get("/sign-in/openid/answer")
def openid_answer(request: Request, appliance: TheAppliance) -> Response:
    """What the identity provider sends the browser back with. Ends on the page, signed in or with a problem."""
    if appliance.openid is None:
        raise NotFound("no such page")
    source = _source(request)
    back = RedirectResponse("/#signed-in", 303)
    try:
        attempt = appliance.people.attempt(source)
        known = appliance.openid.finish(dict(request.query_params), request.cookies.get(FLOW_COOKIE, ""))
        person = appliance.joining.admit(known, "oidc")
        appliance.people.succeeded(source, attempt)
        _open(appliance, back, person, "openid", source)
    except ApplianceError as error:
        _failed(appliance, error, source, "")
        back = RedirectResponse(f"/#not-signed-in-{error.code}", 303)
    back.delete_cookie(FLOW_COOKIE, path=FLOW_PATH)
    return back


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
        "must_enrol": appliance.settings.require_second_factor and session.method == "password",
        "collections": sorted(readable.values(), key=lambda entry: entry["title"]),
        "max_document_bytes": appliance.settings.max_document_bytes,
        "max_question_chars": appliance.settings.max_question_chars,
        "may_audit": appliance.access.may(session.person, "audit"),
        "may_approve": appliance.access.may(session.person, "approve"),
        "may_administer": appliance.access.may(session.person, "administer"),
    }


def _source(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _failed(appliance: Appliance, error: ApplianceError, source: str, login: str) -> None:
    appliance.log.append(SignInFailed(reason=error.code, address=source, login=login), actor="unknown")


def _open(appliance: Appliance, response: Response, person: Person, method: str, source: str) -> None:
    """Record the sign-in, then open its session and set its cookie."""
    appliance.log.append(SignIn(method=method, address=source), actor=person.id)
    token = appliance.sessions.open(person, method)
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="strict", secure=appliance.settings.secure_cookies,
        max_age=appliance.settings.session_minutes * 60,
    )  # fmt: skip

"""What routes may ask for: the appliance, who is signed in, and objects that this person may see.

Object authorisation by construction: a route gets a version of a document or a collection only through
`readable_version`, `readable_collection` or `writable_collection`, a conversation through `own_conversation`, which
give one answer, 404, for a missing, a foreign, an unpublished and a malformed id. A test fails for a route that
resolves an id itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Query, Request

from appliance.access.grants import Person, Purpose, ReadableScope, ReadGrant, ReviewGrant, WriteGrant
from appliance.access.sessions import Session, check_csrf
from appliance.assembly import leakage
from appliance.assembly.acting import purpose_of
from appliance.assembly.parts import Appliance
from appliance.documents.catalog import Version
from appliance.errors import NotFound, Refused, SecondFactorRequired, SignInRequired
from appliance.evaluation.leakrate import Sample
from appliance.upkeep import reviewing
from appliance.web.streaming import Streams

COOKIE = "appliance_session"
WHILE_ENROLLING = frozenset(
    {"/api/me", "/api/sign-out", "/api/account"} | {f"/api/account/{kind}{step}" for kind in ("code", "passkey")
                                                    for step in ("", "/offer")}
)
"""What somebody may do who has yet to set up the second factor that the site requires."""
TOKEN_SCOPES = {
    ("POST", "/api/ask"): "ask",
    ("POST", "/v1/chat/completions"): "ask",
    ("GET", "/v1/models"): "ask",
    ("GET", "/api/me"): "read",
    ("GET", "/api/collections/{collection}/documents"): "read",
    ("POST", "/api/collections/{collection}/documents"): "write",
    ("GET", "/api/versions/{version}"): "read",
    ("GET", "/api/versions/{version}/pages/{number}/image"): "read",
    ("GET", "/api/versions/{version}/pages/{number}/text"): "read",
} | {
    (method, f"/scim/v2/{path}"): "scim"
    for path, methods in {
        "Users": ("GET", "POST"), "Users/{scim_user}": ("GET", "PUT", "PATCH", "DELETE"),
        "Groups": ("GET", "POST"), "Groups/{scim_group}": ("GET", "PUT", "PATCH", "DELETE"),
        "ServiceProviderConfig": ("GET",), "ResourceTypes": ("GET",), "Schemas": ("GET",),
    }.items()
    for method in methods
}  # fmt: skip
"""Which routes an API token may be used for, and the scope it needs there; for all others it is refused."""
NO_SUCH_DOCUMENT = "no such document"


def the_appliance(request: Request) -> Appliance:
    """The open appliance behind this application."""
    return cast(Appliance, request.app.state.appliance)


TheAppliance = Annotated[Appliance, Depends(the_appliance)]


def the_streams(request: Request) -> Streams:
    """What carries the events of journeys in this application."""
    return cast(Streams, request.app.state.streams)


TheStreams = Annotated[Streams, Depends(the_streams)]


def signed_in(request: Request, appliance: TheAppliance) -> Session:
    """The session of the request's cookie, or the holder of its API token, and where they ask from. SignInRequired
    (401) without either."""
    session = bearer(request, appliance) if "authorization" in request.headers else with_cookie(request, appliance)
    place = appliance.places.of(request.client.host if request.client else "")
    return replace(session, person=replace(session.person, place=place))


def with_cookie(request: Request, appliance: Appliance) -> Session:
    """The session of the request's cookie. SignInRequired (401) without one, SecondFactorRequired (403) where the
    site wants a second factor first."""
    session = appliance.sessions.resolve(request.cookies.get(COOKIE))
    wanting = appliance.settings.require_second_factor and session.method == "password"
    if wanting and request.scope["route"].path not in WHILE_ENROLLING:
        raise SecondFactorRequired("set up a second factor first", "The page asks for it after you sign in")
    return session


def bearer(request: Request, appliance: Appliance) -> Session:
    """The holder of the request's API token (RFC 6750), which must have the scope that `TOKEN_SCOPES` names for
    this route. SignInRequired (401), or Refused (403) where the scope is lacking or no token may be used."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise SignInRequired("this needs an API token", "Send it as `Authorization: Bearer TOKEN`")
    scope = TOKEN_SCOPES.get((request.method, request.scope["route"].path), "")
    holder = appliance.tokens.verify(given.strip(), scope or "read")
    if not scope:
        raise Refused("no API token may do this", "Sign in on the page")
    return Session(holder.person, "", holder.token.id)


SignedIn = Annotated[Session, Depends(signed_in)]


def provisioner(session: SignedIn, appliance: TheAppliance) -> Session:
    """An administrator's API token for SCIM: nobody else sees any of it."""
    if not session.token:
        raise Refused("this needs an API token with the scope scim", "See docs/operator.md")
    appliance.access.require(session.person, "administer")
    return session


Provisioner = Annotated[Session, Depends(provisioner)]


def changing(session: SignedIn, x_csrf_token: Annotated[str | None, Header()] = None) -> Session:
    """The session of a request that changes something: it must carry the session's own token."""
    check_csrf(session, x_csrf_token)
    return session


Changing = Annotated[Session, Depends(changing)]


def standing(
    request: Request, session: Session, appliance: Appliance, purpose: Purpose, collection: str = ""
) -> Callable[[], None]:
    """A check that raises once whoever asked is signed out, deactivated or may no longer read all that they could
    read when this was called: for answers that take a while (`Streams.stream`)."""

    def readable(person: Person) -> frozenset[str]:
        return appliance.access.readable(person, purpose, collection or None).labels

    try:
        before = readable(session.person)
    except NotFound:
        before = frozenset()

    def check() -> None:
        person = signed_in(request, appliance).person
        if before and not before <= readable(person):
            raise Refused("what you may read has changed", "Ask again")

    return check


def purpose(purpose: Annotated[str, Query(max_length=40)] = Purpose.OPERATIONS.value) -> Purpose:
    """The purpose of use that the page states with every request."""
    return purpose_of(purpose)


ForPurpose = Annotated[Purpose, Depends(purpose)]


def readable_collection(
    collection: str, session: SignedIn, purpose: ForPurpose, appliance: TheAppliance
) -> ReadableScope:
    """What this person may read of the collection named in the path. NotFound (404) if that is nothing."""
    return appliance.access.readable(session.person, purpose, collection)


InCollection = Annotated[ReadableScope, Depends(readable_collection)]


def writable_collection(collection: str, session: Changing, appliance: TheAppliance) -> WriteGrant:
    """Permission to add to the collection named in the path. NotFound (404) as for reading, Refused (403) for
    whoever may read it only."""
    return appliance.access.writable(session.person, collection)


ToCollection = Annotated[WriteGrant, Depends(writable_collection)]


@dataclass(frozen=True, slots=True)
class ReadableVersion:
    """A published version of a document that this person may read now, and the grant that says so."""

    grant: ReadGrant
    version: Version
    person: Person


def readable_version(version: str, session: SignedIn, purpose: ForPurpose, appliance: TheAppliance) -> ReadableVersion:
    """The version named in the path, if this person may read it. NotFound (404) otherwise, whatever the reason."""
    scope = appliance.access.readable(session.person, purpose)
    try:
        found = appliance.catalog.version(version)
    except NotFound:
        found = None
    if found is None or found.label not in scope.labels or found.status not in ("published", "retired"):
        raise NotFound(NO_SUCH_DOCUMENT)
    grant = appliance.access.document(session.person, purpose, found.document, found.label)
    return ReadableVersion(grant, found, session.person)


Readable = Annotated[ReadableVersion, Depends(readable_version)]


def removable_version(found: Readable, session: Changing, appliance: TheAppliance) -> ReadableVersion:
    """The version named in the path, if this person may also delete its document. NotFound (404) as for reading,
    Refused (403) for whoever may read it only."""
    appliance.access.erase(session.person, found.version.label)
    return found


Removable = Annotated[ReadableVersion, Depends(removable_version)]


def classifiable_version(found: Readable, session: Changing, appliance: TheAppliance) -> ReadableVersion:
    """The version named in the path, if this person may also say who may read its document. NotFound (404) as for
    reading, Refused (403) for whoever may read it only."""
    appliance.access.require(session.person, "classify")
    return found


Classifiable = Annotated[ReadableVersion, Depends(classifiable_version)]


@dataclass(frozen=True, slots=True)
class Own:
    """A conversation of the person who asks for it."""

    id: str
    person: Person


def own_conversation(conversation: str, session: SignedIn, appliance: TheAppliance) -> Own:
    """The conversation named in the path, if it is this person's. NotFound (404) otherwise, whatever the reason."""
    return Own(appliance.conversations.get(session.person.id, conversation).id, session.person)


OwnConversation = Annotated[Own, Depends(own_conversation)]


def own_conversation_to_change(own: OwnConversation, session: Changing) -> Own:
    """The same for a request that changes something."""
    return own


OwnConversationToChange = Annotated[Own, Depends(own_conversation_to_change)]


@dataclass(frozen=True, slots=True)
class ReviewableVersion:
    """A version in quarantine that this person may review now, and the grant that says so."""

    grant: ReviewGrant
    version: Version
    person: Person


def reviewable_version(
    version: str, session: SignedIn, purpose: ForPurpose, appliance: TheAppliance
) -> ReviewableVersion:
    """The version in quarantine named in the path, if this person may review it. NotFound (404) otherwise."""
    grant = appliance.access.reviewable(session.person, purpose)
    return ReviewableVersion(grant, reviewing.version_of(appliance.catalog, grant, version), session.person)


OnDesk = Annotated[ReviewableVersion, Depends(reviewable_version)]


@dataclass(frozen=True, slots=True)
class MarkableSample:
    """A leak-rate sample that this person may search."""

    sample: Sample
    person: Person


def markable_sample(sample: str, session: SignedIn, purpose: ForPurpose, appliance: TheAppliance) -> MarkableSample:
    """The sample named in the path, if this person may review its collection. NotFound (404) otherwise."""
    grant = appliance.access.reviewable(session.person, purpose)
    return MarkableSample(leakage.granted(appliance, grant, sample), session.person)


OfSample = Annotated[MarkableSample, Depends(markable_sample)]


def scim_user(scim_user: str, session: Provisioner, appliance: TheAppliance) -> dict[str, Any]:
    """The user of that id whom SCIM manages. NotFound (404) for any other account too."""
    return appliance.provisioning.user(scim_user)


ScimUser = Annotated[dict[str, Any], Depends(scim_user)]


def scim_group(scim_group: str, session: Provisioner, appliance: TheAppliance) -> dict[str, Any]:
    """The group of that id. NotFound (404) if there is none."""
    return appliance.provisioning.group(scim_group)


ScimGroup = Annotated[dict[str, Any], Depends(scim_group)]

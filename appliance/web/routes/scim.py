"""Joiners and leavers: SCIM 2.0 (RFC 7644) for an identity provider with an API token of scope `scim`.

Errors have SCIM's own shape here. Versions are weak entity tags: a change with `If-Match` of an older one is 412.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from appliance.access.scim import GROUP, USER, Resource
from appliance.access.sessions import Session
from appliance.assembly.parts import Appliance
from appliance.audit.events import UserChanged
from appliance.errors import ApplianceError, PreconditionFailed, UsageError
from appliance.settings import MIB
from appliance.web import bodies
from appliance.web.dependencies import Provisioner, ScimGroup, ScimUser, TheAppliance

PREFIX = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0"
MAX_RESULTS = 200
router = APIRouter(prefix=PREFIX)
IfMatch = Annotated[str, Header(max_length=100)]


class Sent(BaseModel):
    """A resource or a patch as it is sent; what is made of it, `access/scim.py` decides."""

    model_config = ConfigDict(extra="allow")


async def sent_of(request: Request, session: Provisioner) -> Resource:
    """The body; nobody but a provisioner gets this far."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (MEDIA_TYPE, "application/json"):
        raise UsageError("the request is not SCIM's JSON", f"Send it as {MEDIA_TYPE}")
    return (await bodies.read_model(request, Sent, MIB)).model_dump()


Body = Annotated[Resource, Depends(sent_of)]


class Page(BaseModel):
    """Which of the results are wanted (RFC 7644, 3.4.2)."""

    filter: str = ""
    startIndex: int = 1
    count: int = MAX_RESULTS


Paging = Annotated[Page, Query()]


@router.get("/ServiceProviderConfig")
def configuration(session: Provisioner) -> Response:
    """What this service can do (RFC 7643, section 5)."""
    able, unable = {"supported": True}, {"supported": False}
    told = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], "patch": able, "etag": able,
        "bulk": {**unable, "maxOperations": 0, "maxPayloadSize": 0}, "sort": unable, "changePassword": unable,
        "filter": {**able, "maxResults": MAX_RESULTS},
        "authenticationSchemes": [{"type": "oauthbearertoken", "name": "API token", "description": "RFC 6750"}],
    }  # fmt: skip
    return _told(told)


@router.get("/ResourceTypes")
def resource_types(session: Provisioner) -> Response:
    """Users and groups."""
    schema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
    return _listed(
        [{"schemas": [schema], "id": name, "name": name, "endpoint": f"/{name}s", "schema": kind}
         for name, kind in (("User", USER), ("Group", GROUP))], Page(),
    )  # fmt: skip


@router.get("/Schemas")
def schemas(session: Provisioner) -> Response:
    """The attributes that are kept."""
    kept = {
        USER: ("User", ("userName", "displayName", "externalId", "active")),
        GROUP: ("Group", ("displayName", "externalId", "members")),
    }
    return _listed(
        [{"id": kind, "name": name, "attributes": [{"name": each, "multiValued": each == "members"} for each in names]}
         for kind, (name, names) in kept.items()], Page(),
    )  # fmt: skip


@router.get("/Users")
def users(page: Paging, session: Provisioner, appliance: TheAppliance) -> Response:
    """The accounts that SCIM manages, by a filter."""
    return _listed(appliance.provisioning.users(page.filter), page)


@router.post("/Users")
def create_user(given: Body, session: Provisioner, appliance: TheAppliance) -> Response:
    """A joiner."""
    made = appliance.provisioning.create_user(given)
    _record(appliance, session, made["id"], "created")
    return _one(made, 201)


@router.get("/Users/{scim_user}")
def user(user: ScimUser, if_none_match: IfMatch = "") -> Response:
    """One account."""
    return _one(user, known=if_none_match)


@router.put("/Users/{scim_user}")
def replace_user(
    user: ScimUser, given: Body, session: Provisioner, appliance: TheAppliance, if_match: IfMatch = ""
) -> Response:
    """An account as the provider now has it."""
    changed = appliance.provisioning.replace_user(user["id"], given, _revision(if_match))
    return _one(_changed(appliance, session, user, changed))


@router.patch("/Users/{scim_user}")
def patch_user(
    user: ScimUser, given: Body, session: Provisioner, appliance: TheAppliance, if_match: IfMatch = ""
) -> Response:
    """Parts of an account; `active` false ends its sessions at once."""
    changed = appliance.provisioning.patch_user(user["id"], _operations(given), _revision(if_match))
    return _one(_changed(appliance, session, user, changed))


@router.delete("/Users/{scim_user}")
def delete_user(user: ScimUser, session: Provisioner, appliance: TheAppliance, if_match: IfMatch = "") -> Response:
    """A leaver."""
    appliance.provisioning.delete_user(user["id"], _revision(if_match))
    _record(appliance, session, user["id"], "deleted")
    return Response(status_code=204)


@router.get("/Groups")
def groups(page: Paging, session: Provisioner, appliance: TheAppliance) -> Response:
    """The groups, by a filter."""
    return _listed(appliance.provisioning.groups(page.filter), page)


@router.post("/Groups")
def create_group(given: Body, session: Provisioner, appliance: TheAppliance) -> Response:
    """A new group."""
    made = appliance.provisioning.create_group(given)
    _membership(appliance, session, [], made)
    return _one(made, 201)


@router.get("/Groups/{scim_group}")
def group(group: ScimGroup, if_none_match: IfMatch = "") -> Response:
    """One group."""
    return _one(group, known=if_none_match)


@router.put("/Groups/{scim_group}")
def replace_group(
    group: ScimGroup, given: Body, session: Provisioner, appliance: TheAppliance, if_match: IfMatch = ""
) -> Response:
    """A group as the provider now has it."""
    changed = appliance.provisioning.replace_group(group["id"], given, _revision(if_match))
    _membership(appliance, session, group["members"], changed)
    return _one(changed)


@router.patch("/Groups/{scim_group}")
def patch_group(
    group: ScimGroup, given: Body, session: Provisioner, appliance: TheAppliance, if_match: IfMatch = ""
) -> Response:
    """Members added or removed."""
    changed = appliance.provisioning.patch_group(group["id"], _operations(given), _revision(if_match))
    _membership(appliance, session, group["members"], changed)
    return _one(changed)


@router.delete("/Groups/{scim_group}")
def delete_group(group: ScimGroup, session: Provisioner, appliance: TheAppliance, if_match: IfMatch = "") -> Response:
    """The end of a group; its members lose what it gave."""
    appliance.provisioning.delete_group(group["id"], _revision(if_match))
    _membership(appliance, session, group["members"], {"members": []})
    return Response(status_code=204)


def refused(error: ApplianceError) -> Response:
    """An error in SCIM's shape (RFC 7644, section 3.12)."""
    told = {"schemas": [f"{MESSAGES}:Error"], "status": str(error.http_status), "detail": str(error)}
    kinds = {400: "invalidValue", 409: "uniqueness"}
    if error.http_status in kinds:
        told["scimType"] = "invalidFilter" if "filter" in error.message else kinds[error.http_status]
    headers = {"WWW-Authenticate": "Bearer"} if error.http_status == 401 else {}
    return JSONResponse(told, error.http_status, headers, media_type=MEDIA_TYPE)


def _told(content: Resource, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(content, status, headers or {}, media_type=MEDIA_TYPE)


def _one(resource: Resource, status: int = 200, known: str = "") -> Response:
    version = resource["meta"]["version"]
    headers = {"ETag": version, "Location": resource["meta"]["location"]}
    return Response(status_code=304, headers=headers) if known == version else _told(resource, status, headers)


def _listed(resources: list[Resource], page: Page) -> Response:
    start, count = max(1, page.startIndex), max(0, min(page.count, MAX_RESULTS))
    shown = resources[start - 1 : start - 1 + count]
    told = {
        "schemas": [f"{MESSAGES}:ListResponse"], "totalResults": len(resources), "startIndex": start,
        "itemsPerPage": len(shown), "Resources": shown,
    }  # fmt: skip
    return _told(told)


def _operations(given: Resource) -> list[Any]:
    found = next((value for name, value in given.items() if name.lower() == "operations"), None)
    return found if isinstance(found, list) else []


def _revision(if_match: str) -> int | None:
    if if_match in ("", "*"):
        return None
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', if_match)
    if found is None:
        raise PreconditionFailed("somebody else has changed it meanwhile", "Read it again")
    return int(found[1])


def _changed(appliance: Appliance, session: Session, before: Resource, after: Resource) -> Resource:
    kept = ("userName", "displayName", "externalId", "active")
    names = [name for name in kept if before.get(name) != after.get(name)]
    change = "disabled" if before["active"] and not after["active"] else "changed"
    _record(appliance, session, after["id"], change, names)
    return after


def _membership(appliance: Appliance, session: Session, before: list[Resource], after: Resource) -> None:
    was, now = {each["value"] for each in before}, {each["value"] for each in after["members"]}
    for person in sorted(was ^ now):
        _record(appliance, session, person, "changed", ["groups"])


def _record(appliance: Appliance, session: Session, person: str, change: str, changed: list[str] | None = None) -> None:
    appliance.log.append(UserChanged(person=person, change=change, changed=changed or []), actor=session.person.id)

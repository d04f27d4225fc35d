"""Every route, asked by everybody, for what is theirs, what is somebody else's, what is missing and what is no id.

A route that is added fails here until its expectations stand in `ROUTES`, and until an authorising dependency
resolves each id of its path (CORRECTIONS, "the route test comes first"; invariant I3).
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount
from starlette.testclient import TestClient

from appliance.assembly import leakage
from appliance.web.application import application
from appliance.web.dependencies import (
    markable_sample,
    own_conversation,
    readable_collection,
    readable_version,
    reviewable_version,
    scim_group,
    scim_user,
    signed_in,
    writable_collection,
)
from tests.web import site
from tests.web.conftest import Client

RESOLVERS = {
    "version": {readable_version, reviewable_version},
    "sample": {markable_sample},
    "collection": {readable_collection, writable_collection},
    "conversation": {own_conversation},
    "scim_user": {scim_user},
    "scim_group": {scim_group},
}
"""The dependencies that may turn an id of a path into an object: each answers for the person who asks."""
POSITIONS = {"number"}
"""Path parameters that name no object of their own, but a place in one that a resolver gave."""
WITHOUT_A_SESSION = {
    ("GET", "/"), ("GET", "/oversight"), ("GET", "/review"), ("GET", "/healthz"), ("POST", "/api/sign-in"),
    ("GET", "/api/sign-in/methods"), ("POST", "/api/sign-in/second"), ("GET", "/api/sign-in/openid"),
    ("GET", "/api/sign-in/openid/answer"),
}  # fmt: skip
PEOPLE = (None, "bob", "nina", "edda", "ada", "otto", "rita")
"""A stranger, a reader with another grant, one with the grant, an editor, an administrator, an auditor, a reviewer."""


@dataclass(frozen=True)
class Expected:
    """What a route answers to those who may (by login), and to everybody else. `send` is the request's rest."""

    allowed: dict[str, int]
    others: int = 404
    send: dict[str, Any] = field(default_factory=dict)


SIGNED_IN = {login: 200 for login in PEOPLE if login}
READERS = {"nina": 200, "edda": 200}
QUESTION = {"question": "", "purpose": "treatment"}
AUDITORS = {"otto": 200, "rita": 200}
APPROVERS = {"ada": 200, "rita": 200}
NOT_THERE = dict.fromkeys(AUDITORS, 404)
MISSING_FINDING = {"record": "missing", "finding": "no concern"}
MISSING_REVIEW = {"record": "missing", "finding": "justified"}
MISSING_HOLD = {"kind": "document", "target": "missing", "reason": "a matter"}
BROKEN_GLASS = {"code": "ETREAT", "reason": "unconscious, no allergies known"}
TREATMENT = {"params": {"purpose": "treatment"}}
CHAT = {"model": "appliance", "messages": [{"role": "user", "content": ""}], "purpose": "treatment"}
MISSED = {"block": 0, "start": 0, "end": 1, "type": "PERSON"}
PROVIDER = {"ada": 200}  # with her token for SCIM, see `somebody`
SENT = {"userName": "jo", "displayName": "g", "Operations": [{"op": "add"}]}
OLDER = {"headers": {"If-Match": 'W/"77"'}, "json": SENT}
CHANGES = Expected({"ada": 412}, 403, OLDER)
ROUTES = {
    ("GET", "/"): Expected(SIGNED_IN, 200),
    ("GET", "/api/sign-in/methods"): Expected(SIGNED_IN, 200),
    ("POST", "/api/sign-in/second"): Expected({}, 403, {"json": {"ticket": "x", "code": "000000"}}),
    ("GET", "/api/sign-in/openid"): Expected({}),  # no identity provider is set here: see test_openid.py
    ("GET", "/api/sign-in/openid/answer"): Expected({}),
    ("GET", "/api/account"): Expected(SIGNED_IN),
    ("POST", "/api/account/code/offer"): Expected(SIGNED_IN),
    ("POST", "/api/account/code"): Expected(dict.fromkeys(SIGNED_IN, 403), send={"json": {"code": "wrong"}}),
    ("POST", "/api/account/passkey/offer"): Expected(dict.fromkeys(SIGNED_IN, 403)),  # off: no public_url is set
    ("POST", "/api/account/passkey"): Expected(
        dict.fromkeys(SIGNED_IN, 403), send={"json": {"ticket": "x", "credential": {}}}
    ),
    ("GET", "/scim/v2/ServiceProviderConfig"): Expected(PROVIDER, 403),
    ("GET", "/scim/v2/ResourceTypes"): Expected(PROVIDER, 403),
    ("GET", "/scim/v2/Schemas"): Expected(PROVIDER, 403),
    ("GET", "/scim/v2/Users"): Expected(PROVIDER, 403),
    ("POST", "/scim/v2/Users"): Expected({"ada": 400}, 403, {"json": {}}),
    ("GET", "/scim/v2/Users/{scim_user}"): Expected(PROVIDER, 403),
    ("PUT", "/scim/v2/Users/{scim_user}"): CHANGES,
    ("PATCH", "/scim/v2/Users/{scim_user}"): CHANGES,
    ("DELETE", "/scim/v2/Users/{scim_user}"): CHANGES,
    ("GET", "/scim/v2/Groups"): Expected(PROVIDER, 403),
    ("POST", "/scim/v2/Groups"): Expected({"ada": 400}, 403, {"json": {}}),
    ("GET", "/scim/v2/Groups/{scim_group}"): Expected(PROVIDER, 403),
    ("PUT", "/scim/v2/Groups/{scim_group}"): CHANGES,
    ("PATCH", "/scim/v2/Groups/{scim_group}"): CHANGES,
    ("DELETE", "/scim/v2/Groups/{scim_group}"): CHANGES,
    ("GET", "/healthz"): Expected(SIGNED_IN, 200),
    ("POST", "/api/sign-in"): Expected({}, 403, {"json": {"login": "nobody", "password": "wrong"}}),
    ("POST", "/api/sign-out"): Expected(SIGNED_IN),
    ("GET", "/api/me"): Expected(SIGNED_IN),
    ("GET", "/api/status"): Expected(SIGNED_IN),
    ("GET", "/oversight"): Expected(SIGNED_IN, 200),
    ("GET", "/api/oversight"): Expected(AUDITORS, 403),
    ("GET", "/api/oversight/questions"): Expected(AUDITORS, 403),
    ("POST", "/api/oversight/questions/draw"): Expected(AUDITORS, 403, {"json": {"basis": "random", "count": 1}}),
    ("POST", "/api/oversight/questions/open"): Expected(NOT_THERE, 403, {"json": {"record": "missing"}}),
    ("POST", "/api/oversight/questions/review"): Expected(NOT_THERE, 403, {"json": MISSING_FINDING}),
    ("POST", "/api/oversight/questions/pack"): Expected({"otto": 400, "rita": 400}, 403, {"json": {"records": ["x"]}}),
    ("GET", "/api/oversight/emergencies"): Expected(AUDITORS, 403),
    ("POST", "/api/oversight/emergencies/review"): Expected(NOT_THERE, 403, {"json": MISSING_REVIEW}),
    ("POST", "/api/oversight/disclosures"): Expected(AUDITORS, 403, {"json": {"surrogate": "[PERSON:aaaaaaaa]"}}),
    ("POST", "/api/oversight/report"): Expected(AUDITORS, 403, {"json": {"name": "dora"}}),
    ("GET", "/api/oversight/holds"): Expected(AUDITORS, 403),
    ("POST", "/api/oversight/holds"): Expected({"ada": 404}, 403, {"json": MISSING_HOLD}),
    ("POST", "/api/oversight/holds/lift"): Expected({"ada": 404}, 403, {"json": {"hold": "missing"}}),
    ("GET", "/api/policies"): Expected(APPROVERS, 403),
    ("POST", "/api/policies/approve"): Expected(dict.fromkeys(APPROVERS, 404), 403, {"json": {"digest": "0" * 64}}),
    ("POST", "/api/policies/reject"): Expected(dict.fromkeys(APPROVERS, 404), 403, {"json": {"digest": "0" * 64}}),
    ("GET", "/api/emergency"): Expected(SIGNED_IN),
    ("POST", "/api/emergency"): Expected({}, 403, {"json": BROKEN_GLASS}),
    ("POST", "/api/emergency/end"): Expected(SIGNED_IN),
    ("POST", "/api/ask"): Expected(SIGNED_IN, send={"json": QUESTION}),
    ("POST", "/v1/chat/completions"): Expected(dict.fromkeys(SIGNED_IN, 400), send={"json": CHAT}),
    ("GET", "/v1/models"): Expected(SIGNED_IN),
    ("GET", "/api/conversations"): Expected(SIGNED_IN),
    ("GET", "/api/conversations/{conversation}"): Expected({"nina": 200}),
    ("DELETE", "/api/conversations/{conversation}"): Expected({"nina": 200}),
    ("GET", "/api/collections/{collection}/documents"): Expected(READERS, send=TREATMENT),
    ("POST", "/api/collections/{collection}/documents"): Expected({"edda": 200, "nina": 403}, send={"content": b""}),
    ("GET", "/api/versions/{version}"): Expected(READERS, send=TREATMENT),
    ("DELETE", "/api/versions/{version}"): Expected({"edda": 400, "nina": 403}, send=TREATMENT),
    ("POST", "/api/versions/{version}/label"): Expected(
        {"edda": 403, "nina": 403}, send={**TREATMENT, "json": {"classification": 0}}
    ),
    ("GET", "/api/versions/{version}/pages/{number}/image"): Expected(READERS, send=TREATMENT),
    ("GET", "/api/versions/{version}/pages/{number}/text"): Expected(READERS, send=TREATMENT),
    ("GET", "/api/reveal"): Expected(SIGNED_IN),
    ("POST", "/api/reveal"): Expected(SIGNED_IN, send={"json": {"surrogates": []}}),
    ("GET", "/review"): Expected(SIGNED_IN, 200),
    ("GET", "/api/review"): Expected(SIGNED_IN),
    # what is published waits for nobody: see tests/web/test_review.py for what does
    ("GET", "/api/review/{version}"): Expected({}),
    ("POST", "/api/review/{version}/decisions"): Expected({}, send={"json": {"items": [1], "decision": "accept"}}),
    ("POST", "/api/review/{version}/missed"): Expected({}, send={"json": MISSED}),
    ("POST", "/api/review/{version}/retry"): Expected({}),
    ("GET", "/api/leakrate"): Expected(SIGNED_IN),
    ("GET", "/api/leakrate/{sample}"): Expected({"rita": 200}),
    ("POST", "/api/leakrate/{sample}/marks"): Expected({"rita": 200}, send={"json": {"block": 1, "missed": []}}),
}
WITH_IDS = sorted(route for route in ROUTES if "{" in route[1])
MALFORMED = ("x", "..%2f..%2fkeys", "%00", "null", "*", "' OR 1=1 --", "a" * 3000, "%F0%9F%97%9D")


def routes(app: FastAPI) -> Iterator[tuple[tuple[str, str], APIRoute]]:
    """Each method and path of the application, with its route."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            for method in route.methods - {"HEAD"}:
                yield (method, route.path), route


def dependencies(of: Dependant) -> Iterator[Dependant]:
    """A route's dependencies at any depth, the route itself first."""
    yield of
    for each in of.dependencies:
        yield from dependencies(each)


def unresolved(route: APIRoute) -> set[str]:
    """Path parameters of a route that reach any code but their resolver's."""
    found = set()
    for dependant in dependencies(route.dependant):
        for parameter in dependant.path_params:
            if parameter.name in POSITIONS and any(d.call is readable_version for d in dependencies(route.dependant)):
                continue
            if dependant.call not in RESOLVERS.get(parameter.name, set()):
                found.add(parameter.name)
    return found


def complaints(app: FastAPI) -> list[str]:
    """What is wrong with the routes of an application, before any is asked."""
    found = [f"{type(route).__name__} {route!r}" for route in app.routes if not isinstance(route, APIRoute | Mount)]
    found += [f"mounted: {route.path}" for route in app.routes if isinstance(route, Mount) and route.path != "/static"]
    known = dict(routes(app))
    found += [f"no expectations: {route}" for route in known.keys() - ROUTES.keys()]
    found += [f"expected, but gone: {route}" for route in ROUTES.keys() - known.keys()]
    for name, route in known.items():
        calls = {each.call for each in dependencies(route.dependant)}
        found += [f"{name} resolves {parameter} itself" for parameter in unresolved(route)]
        if name not in WITHOUT_A_SESSION and signed_in not in calls:
            found.append(f"{name} asks nobody to sign in")
        if any(each.body_params for each in dependencies(route.dependant)):
            found.append(f"{name} lets the framework read a body before it knows whose it is")
    return found


def test_every_route_has_expectations_and_resolves_its_ids_by_authorising_dependencies(app: FastAPI) -> None:
    assert complaints(app) == []


def test_a_route_that_is_added_carelessly_is_complained_about(app: FastAPI) -> None:
    careless = application(app.state.appliance)
    careless.add_api_route("/api/peek/{version}", lambda version: version)
    name = ("GET", "/api/peek/{version}")
    assert complaints(careless) == [
        f"no expectations: {name}", f"{name} resolves version itself", f"{name} asks nobody to sign in",
    ]  # fmt: skip


def person_of(app: FastAPI, login: str) -> str:
    """The id of an account."""
    return str(app.state.appliance.people.by_login(login).id)


def drawn(app: FastAPI, collection: str) -> str:
    """The id of a leak-rate sample of a collection."""
    return leakage.samples(app.state.appliance).draw(collection, 1, {}, "test").id


@pytest.fixture
def own(made: site.Made, app: FastAPI) -> dict[str, str]:
    """The ids of what a ward reader may see."""
    return {
        "conversation": app.state.appliance.conversations.begin(person_of(app, "nina"), "What is the dose?"),
        "collection": made.collections["ward"], "version": made.versions["hospital/anticoagulation-protocol.pdf"],
        "number": "1", "sample": drawn(app, made.collections["ward"]),
        "scim_user": app.state.appliance.provisioning.create_user({"userName": f"jo-{secrets.token_hex(4)}"})["id"],
        "scim_group": app.state.appliance.provisioning.create_group({"displayName": secrets.token_hex(4)})["id"],
    }  # fmt: skip


def somebody(client: Client, name: tuple[str, str], login: str | None) -> TestClient:
    """Who asks: by a cookie, except that an administrator provisions with a token of hers."""
    person = client(login)
    person.app.state.appliance.people._attempts.clear()  # the stranger's failures before
    if login == "ada" and name[1].startswith("/scim/"):
        tokens = person.app.state.appliance.tokens
        person.headers["Authorization"] = f"Bearer {tokens.create(login, frozenset({'scim'}), 1)[0]}"
    return person


@pytest.mark.parametrize("login", PEOPLE, ids=lambda login: login or "a stranger")
@pytest.mark.parametrize("name", sorted(ROUTES), ids=" ".join)
def test_a_route_answers_each_role_as_the_table_says(
    client: Client, own: dict[str, str], name: tuple[str, str], login: str | None
) -> None:
    expected = ROUTES[name]
    if login is None:
        status = expected.others if name in WITHOUT_A_SESSION else 401
    else:
        status = expected.allowed.get(login, expected.others)
    answer = somebody(client, name, login).request(name[0], name[1].format(**own), **expected.send)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("login", PEOPLE, ids=lambda login: login or "a stranger")
@pytest.mark.parametrize("name", WITH_IDS, ids=" ".join)
def test_foreign_and_missing_and_malformed_ids_get_one_answer(
    client: Client, app: FastAPI, made: site.Made, own: dict[str, str], name: tuple[str, str], login: str | None
) -> None:
    person = somebody(client, name, login)

    def answer(**ids: str) -> tuple[int, bytes, list[tuple[str, str]]]:
        got = person.request(name[0], name[1].format(**{**own, **ids}), **ROUTES[name].send)
        return got.status_code, got.content, sorted(got.headers.multi_items())

    parameter = next(each for each in RESOLVERS if f"{{{each}}}" in name[1])
    missing = answer(**{parameter: "0" * len(own[parameter])})
    theirs = {
        "collection": made.collections["bank"], "version": made.versions["bank/lending-intranet.html"],
        "conversation": app.state.appliance.conversations.begin(person_of(app, "bob"), "What is the rate?"),
        "sample": drawn(app, made.collections["bank"]),
        "scim_user": person_of(app, "nina"), "scim_group": "ward",
    }  # fmt: skip
    foreign = {parameter: theirs[parameter] if login != "bob" else own[parameter]}
    hidden = 403 if name[1].startswith("/scim/") and login != "ada" else 404
    assert missing[0] == (401 if login is None else hidden)
    assert answer(**foreign) == missing
    if "{number}" in name[1]:
        assert answer(**foreign, number="999") == answer(**foreign, number="x") == missing
        assert {answer(number=number)[0] for number in ("0", "-1", "999", "x", "1" * 300)} == {missing[0]}
    for malformed in MALFORMED:
        got = answer(**{parameter: malformed})
        assert got == missing or (got[0] in (404, 405) and "%2f" in malformed), malformed


def test_a_collection_that_is_foreign_or_missing_finds_the_same_nothing(client: Client, made: site.Made) -> None:
    """The stream names no difference either: status, reason and advice are the same."""
    person = client("nina")
    told = []
    for collection in (made.collections["bank"], "bank", "0123456789abcdef", "no such", "*"):
        body = {"question": "What is the rate?", "purpose": "treatment", "collection": collection}
        answer = person.post("/api/ask", json=body)
        assert made.collections["bank"] not in answer.text
        told.append(["".join(answer.text.partition('"receipt"')[0])])
    assert told[1:] == told[:-1]


def test_a_purpose_that_a_grant_does_not_name_opens_nothing(client: Client, own: dict[str, str]) -> None:
    path = f"/api/versions/{own['version']}"
    person = client("nina")
    assert person.get(path, params={"purpose": "treatment"}).status_code == 200
    assert person.get(path, params={"purpose": "research"}).status_code == 404
    assert person.get(path, params={"purpose": "curiosity"}).status_code == 400

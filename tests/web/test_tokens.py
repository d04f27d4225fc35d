"""API tokens on the wire: no cookie, no form token, the routes of their scopes and no others."""

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from appliance.access.tokens import SCOPES
from appliance.assembly.parts import Appliance
from appliance.web.dependencies import COOKIE, TOKEN_SCOPES
from tests.web.conftest import Client


def bearer(app: FastAPI, token: str) -> TestClient:
    """A program that sends this token."""
    made = TestClient(app, raise_server_exceptions=False)
    made.headers["Authorization"] = f"Bearer {token}"
    return made


@pytest.fixture
def token(appliance: Appliance):  # type: ignore[no-untyped-def]
    return lambda login, *scopes: appliance.tokens.create(login, frozenset(scopes), 1)[0]


def test_a_token_reads_what_its_person_reads_and_needs_no_form_token(app: FastAPI, token, made) -> None:
    program = bearer(app, token("nina", "read"))
    path = f"/api/collections/{made.collections['ward']}/documents"
    assert program.get(path, params={"purpose": "treatment"}).json()["documents"]
    foreign = f"/api/collections/{made.collections['bank']}/documents"
    assert program.get(foreign, params={"purpose": "treatment"}).status_code == 404


def test_a_token_asks_with_the_scope_for_it_only(app: FastAPI, token) -> None:
    question = {"question": "", "purpose": "treatment"}
    assert bearer(app, token("nina", "ask")).post("/api/ask", json=question).status_code == 200
    refused = bearer(app, token("nina", "read")).post("/api/ask", json=question)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "refused")


def test_routes_that_name_no_scope_refuse_every_token(app: FastAPI, token) -> None:
    program = bearer(app, token("ada", *SCOPES))
    assert program.post("/api/sign-out").status_code == 403
    assert program.get("/api/status").status_code == 403


def test_every_scope_that_a_route_names_is_one_and_the_route_exists(app: FastAPI) -> None:
    routes = {(method, route.path) for route in app.routes if isinstance(route, APIRoute) for method in route.methods}
    assert set(TOKEN_SCOPES.values()) <= SCOPES.keys()
    assert TOKEN_SCOPES.keys() <= routes


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer x", "Basic bmluYTpwdw==", "Bearer apl_0_0", "é"])
def test_a_wrong_token_is_nobody_even_beside_a_good_cookie(client: Client, given: str) -> None:
    person = client("nina")
    assert person.cookies[COOKIE]
    answer = person.get("/api/me", headers={"Authorization": given.encode()})
    assert answer.status_code == 401


def test_revoking_a_token_is_obeyed_by_the_next_request(app: FastAPI, appliance: Appliance) -> None:
    text, made = appliance.tokens.create("nina", frozenset({"read"}), 1)
    program = bearer(app, text)
    assert program.get("/api/me").status_code == 200
    appliance.tokens.revoke(made.id)
    assert program.get("/api/me").status_code == 401

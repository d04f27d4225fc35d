"""Signing in and out: cookies that scripts and other sites can't use, tokens on every change, ends that end."""

from http.cookies import SimpleCookie

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from starlette.testclient import TestClient

from appliance.access import people
from appliance.assembly.parts import Appliance
from appliance.storage import tables
from appliance.web import application as web
from appliance.web.dependencies import COOKIE
from tests.web import site
from tests.web.conftest import Client

NINA = {"login": "nina", "password": site.PASSWORD}


@pytest.fixture(autouse=True)
def _no_attempts_before(appliance: Appliance) -> None:
    appliance.people._attempts.clear()


def test_a_sign_in_sets_a_cookie_that_no_script_and_no_other_site_can_use(client: Client) -> None:
    person = client(None)
    answer = person.post("/api/sign-in", json=NINA)
    assert answer.json() == {"signed_in": True}
    morsel = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]
    assert morsel["httponly"] is True
    assert morsel["samesite"].lower() == "strict"
    assert (morsel["path"], morsel["domain"]) == ("/", "")
    assert len(morsel.value) >= 43, "256 random bits"
    assert person.get("/api/me").json()["name"] == "Nina Nurse"


def test_behind_tls_the_cookie_never_travels_in_clear(app: FastAPI, appliance: Appliance) -> None:
    before = appliance.settings
    appliance.settings = before.model_copy(update={"secure_cookies": True})
    try:
        answer = TestClient(web.application(appliance)).post("/api/sign-in", json=NINA)
    finally:
        appliance.settings = before
    assert SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]["secure"] is True
    assert answer.headers["Strict-Transport-Security"]


def test_a_wrong_login_and_a_wrong_password_get_one_answer(client: Client) -> None:
    stranger = client(None)
    wrong = stranger.post("/api/sign-in", json={**NINA, "password": "wrong"})
    unknown = stranger.post("/api/sign-in", json={"login": "nobody", "password": site.PASSWORD})
    assert wrong.status_code == 403
    assert wrong.json() == unknown.json()
    assert "Set-Cookie" not in wrong.headers


def test_the_eleventh_attempt_of_a_minute_is_refused_for_the_right_password_too(client: Client) -> None:
    stranger = client(None)
    for _ in range(people.ATTEMPTS):
        assert stranger.post("/api/sign-in", json={**NINA, "password": "wrong"}).status_code == 403
    refused = stranger.post("/api/sign-in", json=NINA)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert refused.json()["error"]["code"] == "too_many_requests"


def test_people_who_know_their_passwords_may_all_come_from_one_address(client: Client) -> None:
    for _ in range(people.ATTEMPTS + 1):
        assert client(None).post("/api/sign-in", json=NINA).status_code == 200


def test_each_attempt_is_recorded_without_the_password(client: Client, appliance: Appliance) -> None:
    before = appliance.log.size
    client(None).post("/api/sign-in", json={**NINA, "password": "a wrong password"})
    client(None).post("/api/sign-in", json=NINA)
    records = list(appliance.log.records(before))
    assert [record.kind for record in records] == ["sign_in_failed", "sign_in"]
    assert "a wrong password" not in repr(records)
    assert site.PASSWORD not in repr(records)


@pytest.mark.parametrize("path", ["/api/ask", "/api/sign-out", "/api/collections/ward/documents"])
@pytest.mark.parametrize("token", [None, "", "x", "another session's"])
def test_a_change_without_the_session_s_own_token_is_refused(client: Client, path: str, token: str | None) -> None:
    person = client("edda")
    if token == "another session's":
        token = client("nina").headers["X-CSRF-Token"]
    del person.headers["X-CSRF-Token"]
    headers = {} if token is None else {"X-CSRF-Token": token}
    answer = person.post(path, json={"question": "What?"}, headers=headers)
    assert answer.status_code == 403
    assert person.get("/api/me").status_code == 200, "the session stands"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""]
)
def test_a_form_of_another_site_cannot_sign_anybody_in(client: Client, kind: str) -> None:
    body = b'{"login": "nina", "password": "correct horse battery"}'
    answer = client(None).post("/api/sign-in", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


def test_a_stranger_cannot_make_the_service_read_much(client: Client) -> None:
    answer = client(None).post("/api/sign-in", json={"login": "nina", "password": "x" * 1_000_000})
    assert answer.status_code == 413
    assert client(None).post("/api/ask", content=b"x" * 1_000_000).status_code == 401
    assert client(None).post("/api/collections/ward/documents", content=b"x" * 1_000_000).status_code == 401


def test_signing_out_ends_the_session_on_the_server(client: Client) -> None:
    person = client("nina")
    token = person.cookies[COOKIE]
    assert person.post("/api/sign-out").json() == {"signed_in": False}
    person.cookies.set(COOKIE, token)
    assert person.get("/api/me").status_code == 401


def test_a_session_ends_by_time(client: Client, appliance: Appliance) -> None:
    person = client("otto")
    assert person.get("/api/me").status_code == 200
    otto = appliance.people.by_login("otto").id
    with appliance.database.transaction() as connection:
        over = update(tables.session).where(tables.session.c.person == otto).values(expires="2020-01-01T00:00:00+00:00")
        connection.execute(over)
    answer = person.get("/api/me")
    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "code": "sign_in_required", "message": "your session has ended", "advice": "Sign in again",
    }  # fmt: skip


def test_a_session_ends_with_the_account(client: Client, appliance: Appliance) -> None:
    appliance.people.create("tim", "Tim Temp", site.PASSWORD)
    person = client("tim")
    assert person.get("/api/me").status_code == 200
    appliance.people.deactivate("tim")
    assert person.get("/api/me").status_code == 401
    assert client(None).post("/api/sign-in", json={"login": "tim", "password": site.PASSWORD}).status_code == 403


def test_a_grant_taken_away_is_obeyed_by_the_next_request_of_an_open_session(
    client: Client, appliance: Appliance, made: site.Made
) -> None:
    appliance.people.create("gus", "Gus Guest", site.PASSWORD)
    appliance.rights.grant("ward", "user:gus", "read")
    person, path = client("gus"), f"/api/versions/{made.versions['hospital/transfusion-sop.md']}"
    assert person.get(path).status_code == 200
    appliance.rights.revoke("ward", "user:gus", "read")
    assert person.get(path).status_code == 404

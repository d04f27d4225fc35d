"""Second factors: codes that are good once, passkeys that are bound to the page, tickets that end, a reset."""

from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from appliance.access.passkeys import Passkeys
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.errors import UsageError
from tests.web import site
from tests.web.authenticator import SecurityKey
from tests.web.conftest import Client

ORIGIN = "https://ask.example"


@pytest.fixture
def login(appliance: Appliance, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """An account of its own, on a page whose address passkeys know."""
    appliance.people._attempts.clear()
    monkeypatch.setattr(appliance, "passkeys", Passkeys(appliance.database, ORIGIN))
    name = f"f{abs(hash(request.node.name)) % 10**9}"
    appliance.people.create(name, "Fay Factor", site.PASSWORD)
    yield name
    appliance.people.deactivate(name)


def code_for(secret: str, appliance: Appliance, later: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(appliance.clock.now().timestamp()) + 30 * later)


def with_code(person: TestClient, appliance: Appliance) -> str:
    secret = person.post("/api/account/code/offer").json()["secret"]
    wanted = code_for(secret, appliance)
    assert person.post("/api/account/code", json={"code": wanted}).json() == {"enrolled": "code"}
    return secret


def begin(app: FastAPI, login: str) -> tuple[TestClient, dict[str, Any]]:
    stranger = TestClient(app)
    answer = stranger.post("/api/sign-in", json={"login": login, "password": site.PASSWORD})
    assert answer.json()["signed_in"] is False
    assert "Set-Cookie" not in answer.headers
    return stranger, answer.json()["second"]


def test_a_code_is_asked_for_after_the_password_and_is_good_once(
    app: FastAPI, appliance: Appliance, client: Client, login: str
) -> None:
    secret = with_code(client(login), appliance)
    stranger, wanted = begin(app, login)
    assert (wanted["code"], wanted["passkey"]) == (True, None)
    fresh = code_for(secret, appliance, 1)  # the one of enrolment is used already
    for code in ("", "000000", "é", code_for(secret, appliance)):
        answer = stranger.post("/api/sign-in/second", json={"ticket": wanted["ticket"], "code": code})
        assert answer.status_code == 403
    assert stranger.post("/api/sign-in/second", json={"ticket": wanted["ticket"], "code": fresh}).status_code == 200
    assert stranger.get("/api/me").json()["login"] == login
    again, wanted = begin(app, login)
    assert again.post("/api/sign-in/second", json={"ticket": wanted["ticket"], "code": fresh}).status_code == 403


def test_a_ticket_ends_after_five_tries_and_with_its_sign_in(
    app: FastAPI, appliance: Appliance, client: Client, login: str
) -> None:
    secret = with_code(client(login), appliance)
    stranger, wanted = begin(app, login)
    for _ in range(5):
        stranger.post("/api/sign-in/second", json={"ticket": wanted["ticket"], "code": "000000"})
    right = {"ticket": wanted["ticket"], "code": code_for(secret, appliance, 1)}
    assert "Begin again" in stranger.post("/api/sign-in/second", json=right).text
    for ticket in ("", "x", "é"):
        assert stranger.post("/api/sign-in/second", json={**right, "ticket": ticket}).status_code == 403


def test_no_secret_of_an_app_stands_in_the_database(appliance: Appliance, client: Client, login: str) -> None:
    secret = with_code(client(login), appliance).encode()
    folder = appliance.settings.home
    assert not any(secret in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_passkey_signs_in_and_its_copies_forgeries_and_answers_to_others_do_not(
    app: FastAPI, client: Client, login: str
) -> None:
    person, key = client(login), SecurityKey(ORIGIN)
    offer = person.post("/api/account/passkey/offer").json()
    made = {"ticket": offer["ticket"], "credential": key.make(offer["options"])}
    assert person.post("/api/account/passkey", json=made).json() == {"enrolled": "passkey"}

    def attempt(use: SecurityKey, change: dict[str, Any] | None = None) -> int:
        stranger, wanted = begin(app, login)
        shown = use.use(wanted["passkey"]) | (change or {})
        return stranger.post("/api/sign-in/second", json={"ticket": wanted["ticket"], "credential": shown}).status_code

    assert attempt(key) == 200
    phishing = SecurityKey("https://ask.example.evil")
    phishing.id, phishing._key, phishing.uses = key.id, key._key, key.uses
    assert attempt(phishing) == 403
    forged = SecurityKey(ORIGIN)
    forged.id, forged.uses = key.id, 10
    assert attempt(forged) == 403
    copy = SecurityKey(ORIGIN)
    copy.id, copy._key, copy.uses = key.id, key._key, 0  # its counter is behind the original's
    assert attempt(copy) == 403
    assert attempt(key, {"id": "other"}) == 403
    assert attempt(key, {"response": {}}) == 403
    stranger, first = begin(app, login)
    _, other = begin(app, login)
    replayed = {"ticket": other["ticket"], "credential": key.use(first["passkey"])}
    assert stranger.post("/api/sign-in/second", json=replayed).status_code == 403


def test_an_offer_is_for_the_person_it_was_made_to(client: Client, login: str) -> None:
    offer = client(login).post("/api/account/passkey/offer").json()
    made = {"ticket": offer["ticket"], "credential": SecurityKey(ORIGIN).make(offer["options"])}
    assert client("nina").post("/api/account/passkey", json=made).status_code == 403


def test_an_administrator_resets_what_is_lost_and_that_is_recorded(
    app: FastAPI, appliance: Appliance, client: Client, login: str
) -> None:
    person = client(login)
    with_code(person, appliance)
    before = appliance.log.size
    list(perform(appliance, "user.reset-factors", {"login": login}))
    assert [record.kind for record in appliance.log.records(before)] == ["user_changed"]
    assert person.get("/api/me").status_code == 401
    answer = TestClient(app).post("/api/sign-in", json={"login": login, "password": site.PASSWORD})
    assert answer.json() == {"signed_in": True}


def test_where_a_second_factor_is_required_nothing_else_is_possible_before(
    appliance: Appliance, client: Client, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = appliance.settings.model_copy(update={"require_second_factor": True})
    monkeypatch.setattr(appliance, "settings", strict)
    person = client(login)
    assert person.get("/api/me").json()["must_enrol"] is True
    for method, path in (("GET", "/api/status"), ("POST", "/api/ask")):
        answer = person.request(method, path, json={"question": "What?"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "second_factor_required")
    with_code(person, appliance)
    assert person.get("/api/me").json()["must_enrol"] is False
    assert person.get("/api/status").status_code == 200


@pytest.mark.parametrize("address", ["http://ask.example", "http://127.0.0.1:8080", "ask.example"])
def test_passkeys_are_refused_where_browsers_would_not_keep_them(appliance: Appliance, address: str) -> None:
    with pytest.raises(UsageError):
        Passkeys(appliance.database, address)

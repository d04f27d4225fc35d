"""Signing in by way of a real provider through the service's own routes, and what does not get in."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from appliance.access.joining import GroupMap, Joining
from appliance.access.oidc import Issuer, OpenIdConnect
from appliance.assembly.parts import Appliance
from tests.access import provider as elsewhere
from tests.access.provider import Provider, sign_in
from tests.web import site

REDIRECT = "http://testserver/api/sign-in/openid/answer"
pytestmark = pytest.mark.skipif(not elsewhere.is_here(), reason=elsewhere.MISSING)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    running = elsewhere.start(REDIRECT)
    yield running
    running.stop()


@pytest.fixture
def browser(app: FastAPI, appliance: Appliance, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    issuer = Issuer(provider.url, "appliance", REDIRECT, secret="a-secret-of-the-appliance-that-is-long-enough")
    monkeypatch.setattr(appliance, "openid", OpenIdConnect(issuer, appliance.clock))
    groups = GroupMap({"ward-3": ["group:ward"]})
    monkeypatch.setattr(appliance, "joining", Joining(appliance.database, appliance.keys, appliance.people, groups))
    appliance.people._attempts.clear()
    return TestClient(app, follow_redirects=False)


def test_a_person_of_the_provider_signs_in_and_reads_what_their_groups_give(
    appliance: Appliance, browser: TestClient, made: site.Made
) -> None:
    going = browser.get("/api/sign-in/openid")
    assert going.status_code == 303
    before = appliance.log.size
    answer = sign_in(going.headers["Location"], "mallory")
    back = browser.get(f"/api/sign-in/openid/answer?{urlencode(answer)}")
    assert (back.status_code, back.headers["Location"]) == (303, "/#signed-in")
    me = browser.get("/api/me").json()
    assert (me["login"], me["name"], me["collections"]) == ("mallory", "Mallory", []), "`admins` means nothing here"
    assert [record.kind for record in appliance.log.records(before)] == ["sign_in"]
    again = browser.get(f"/api/sign-in/openid/answer?{urlencode(answer)}")
    assert again.headers["Location"] == "/#not-signed-in-refused"


def test_a_provider_s_word_does_not_take_over_a_local_account_nor_one_that_was_ended(
    appliance: Appliance, browser: TestClient
) -> None:
    def attempt(login: str) -> str:
        answer = sign_in(browser.get("/api/sign-in/openid").headers["Location"], login)
        return browser.get(f"/api/sign-in/openid/answer?{urlencode(answer)}").headers["Location"]

    assert attempt("nina") == "/#not-signed-in-refused", "nina is a local account"
    assert attempt("zoe") == "/#signed-in"
    appliance.people.deactivate("zoe")
    assert attempt("zoe") == "/#not-signed-in-refused"


def test_an_answer_without_the_cookie_of_its_flow_signs_nobody_in(app: FastAPI, browser: TestClient) -> None:
    answer = sign_in(browser.get("/api/sign-in/openid").headers["Location"], "mallory")
    victim = TestClient(app, follow_redirects=False)
    back = victim.get(f"/api/sign-in/openid/answer?{urlencode(answer)}")
    assert back.headers["Location"] == "/#not-signed-in-refused"
    assert victim.get("/api/me").status_code == 401

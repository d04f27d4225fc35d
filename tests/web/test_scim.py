"""Joiners and leavers by SCIM 2.0, as identity providers really send them; and what they must not be able to do."""

from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from starlette.testclient import TestClient

from appliance.access.grants import Purpose
from appliance.access.joining import GroupMap
from appliance.access.scim_filter import parse
from appliance.assembly.parts import Appliance
from appliance.errors import UsageError
from appliance.web.dependencies import COOKIE
from tests.web import site
from tests.web.conftest import Client

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def provider(app: FastAPI, appliance: Appliance) -> TestClient:
    made = TestClient(app, raise_server_exceptions=False, base_url="http://testserver/scim/v2")
    made.headers["Authorization"] = f"Bearer {appliance.tokens.create('ada', frozenset({'scim'}), 1)[0]}"
    forget_all(made)
    yield made
    forget_all(made)


def forget_all(provider: TestClient) -> None:
    for kind in ("Groups", "Users"):
        while resources := provider.get(f"/{kind}").json()["Resources"]:
            for each in resources:
                provider.delete(f"/{kind}/{each['id']}")


def joiner(provider: TestClient, login: str = "jo", **more: Any) -> dict[str, Any]:
    answer = provider.post("/Users", json={"userName": login, "externalId": f"x-{login}", "active": True, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def patch(provider: TestClient, path: str, *operations: dict[str, Any], **headers: str):  # type: ignore[no-untyped-def]
    return provider.patch(path, json={"schemas": [PATCH], "Operations": list(operations)}, headers=headers)


def test_a_joiner_in_a_group_reads_what_the_group_may_and_a_leaver_is_out_at_once(
    app: FastAPI, appliance: Appliance, provider: TestClient, made: site.Made
) -> None:
    user = joiner(provider, name={"formatted": "Jo Joiner"}, emails=[{"value": "jo@hospital.example"}])
    group = provider.post("/Groups", json={"displayName": "ward", "members": [{"value": user["id"]}]}).json()
    person = appliance.people.by_login("jo")
    assert (person.name, person.groups, person.roles) == ("Jo Joiner", {"ward"}, {"reader"})
    assert appliance.access.readable(person, Purpose.TREATMENT).collections == {made.collections["ward"]}
    browser = TestClient(app)
    browser.cookies.set(COOKIE, appliance.sessions.open(person, "openid"))
    assert browser.get("/api/me").status_code == 200
    answer = patch(provider, f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert answer.json()["active"] is False
    assert browser.get("/api/me").status_code == 401
    assert "hospital.example" not in repr(provider.get(f"/Users/{user['id']}").json())
    patch(provider, f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{user["id"]}"]'})
    assert provider.get(f"/Groups/{group['id']}").json()["members"] == []
    patch(provider, f"/Users/{user['id']}", {"op": "replace", "value": {"active": True}})
    assert appliance.people.by_login("jo").groups == frozenset()


def test_a_deleted_user_is_gone_and_the_login_is_free_for_another_person(
    appliance: Appliance, provider: TestClient
) -> None:
    first = joiner(provider)
    text, _ = appliance.tokens.create("jo", frozenset({"read"}), 1)
    assert provider.delete(f"/Users/{first['id']}").status_code == 204
    assert provider.get(f"/Users/{first['id']}").status_code == 404
    assert joiner(provider)["id"] != first["id"]
    with pytest.raises(Exception, match="not valid"):
        appliance.tokens.verify(text, "read")


def test_two_who_change_the_same_user_do_not_overwrite_each_other(provider: TestClient) -> None:
    user = joiner(provider)
    path, version = f"/Users/{user['id']}", user["meta"]["version"]
    rename = {"op": "replace", "path": "displayName", "value": "First"}
    assert patch(provider, path, rename, **{"If-Match": version}).status_code == 200
    late = patch(provider, path, {**rename, "value": "Second"}, **{"If-Match": version})
    assert (late.status_code, late.json()["status"]) == (412, "412")
    assert provider.get(path).json()["displayName"] == "First"
    assert provider.get(path, headers={"If-None-Match": provider.get(path).headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("filter_text", "found"),
    [
        ('userName eq "JO"', ["jo"]), ('externalId eq "x-al"', ["al"]),
        ('userName sw "a" or userName sw "j"', ["al", "jo"]), ('active eq true and not (userName eq "jo")', ["al"]),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName co "o"', ["jo"]),
        ('name.formatted pr and userName ne "al"', ["jo"]), ("title pr", []), ('userName eq "nina"', []),
    ],
)  # fmt: skip
def test_filters_find_what_they_say_among_the_provider_s_own_users(
    provider: TestClient, filter_text: str, found: list[str]
) -> None:
    for login in ("jo", "al"):
        joiner(provider, login)
    answer = provider.get("/Users", params={"filter": filter_text}).json()
    assert [each["userName"] for each in answer["Resources"]] == found
    assert answer["totalResults"] == len(found)


def test_lists_come_in_pages(provider: TestClient) -> None:
    for number in range(3):
        joiner(provider, f"p{number}")
    answer = provider.get("/Users", params={"startIndex": 2, "count": 1}).json()
    assert (answer["totalResults"], [each["userName"] for each in answer["Resources"]]) == (3, ["p1"])


@pytest.mark.parametrize(
    "filter_text", ["userName", "userName eq", 'userName eq "', "(" * 5000, 'a eq "b" extra', "and", "a eq {}"]
)
def test_a_malformed_filter_is_refused_in_scim_s_words(provider: TestClient, filter_text: str) -> None:
    answer = provider.get("/Users", params={"filter": filter_text})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@limits(max_examples=200, deadline=None)
@given(text=st.text(alphabet='ab ()[]"\\.eqandornotpr:1', max_size=60))
def test_any_text_is_a_filter_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        parse(text)({"a": "b", "members": [{"value": "x"}]})


@pytest.mark.parametrize(
    "body",
    [{}, {"userName": ""}, {"userName": 7}, {"userName": "a b"}, {"userName": "jo", "active": "perhaps"}],
)
def test_a_malformed_user_is_refused(provider: TestClient, body: dict[str, Any]) -> None:
    answer = provider.post("/Users", json=body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert provider.get("/Users").json()["totalResults"] == 0


def test_accounts_of_this_appliance_are_out_of_the_provider_s_reach(appliance: Appliance, provider: TestClient) -> None:
    nina = appliance.people.by_login("nina")
    assert provider.get(f"/Users/{nina.id}").status_code == 404
    assert patch(provider, f"/Users/{nina.id}", {"op": "replace", "path": "active", "value": False}).status_code == 404
    assert provider.post("/Users", json={"userName": "nina"}).status_code == 409
    taken = provider.post("/Groups", json={"displayName": "ward", "members": [{"value": nina.id}]})
    assert taken.status_code == 404
    assert provider.get("/Groups").json()["totalResults"] == 0, "nothing of a refused group stays"
    assert appliance.people.by_login("nina") == nina


def test_who_holds_no_administrator_s_token_sees_nothing(app: FastAPI, appliance: Appliance, client: Client) -> None:
    assert client(None).get("/scim/v2/Users").status_code == 401
    assert client("ada").get("/scim/v2/Users").status_code == 403, "a cookie is no token"
    for login, scope, status in (("nina", "scim", 403), ("ada", "read", 403)):
        program = TestClient(app)
        program.headers["Authorization"] = f"Bearer {appliance.tokens.create(login, frozenset({scope}), 1)[0]}"
        assert program.get("/scim/v2/Users").status_code == status


def test_groups_give_what_the_site_s_table_says_and_roles_by_it_only(
    appliance: Appliance, provider: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = GroupMap({"Cleared staff": ["clearance:2", "compartment:crypto"]})
    monkeypatch.setattr(appliance.provisioning, "_groups", table)
    user = joiner(provider)
    for name in ("Cleared staff", "administrator", "Ward 3 Nurses"):
        provider.post("/Groups", json={"displayName": name, "members": [{"value": user["id"]}]})
    person = appliance.people.by_login("jo")
    assert (person.clearance, person.compartments, person.roles) == (2, {"crypto"}, {"reader"})
    assert person.groups == {"administrator", "Ward-3-Nurses"}


def test_every_change_is_recorded_with_the_token_s_person(appliance: Appliance, provider: TestClient) -> None:
    before = appliance.log.size
    user = joiner(provider)
    patch(provider, f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    provider.delete(f"/Users/{user['id']}")
    told = [(record.actor, record.public["change"]) for record in appliance.log.records(before)]
    ada = appliance.people.by_login("ada").id
    assert told == [(ada, "created"), (ada, "disabled"), (ada, "deleted")]

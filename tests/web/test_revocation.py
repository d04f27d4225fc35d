"""What is taken away is gone at once: an answer that is being streamed is cut, and recorded as interrupted."""

import json
import time
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from appliance.assembly.parts import Appliance
from appliance.web.dependencies import COOKIE
from tests.web import site
from tests.web.conftest import Client
from tests.web.test_asking import Endless, leave_after, outcomes

Taking = Callable[[Appliance, str, str], object]


def sign_out(appliance: Appliance, login: str, cookie: str) -> None:
    appliance.sessions.close(cookie)


def end_account(appliance: Appliance, login: str, cookie: str) -> None:
    appliance.people.deactivate(login)


def take_grant(appliance: Appliance, login: str, cookie: str) -> None:
    appliance.rights.revoke("ward", f"user:{login}", "read")


@pytest.mark.parametrize(
    ("taking", "code"),
    [(sign_out, "sign_in_required"), (end_account, "sign_in_required"), (take_grant, "refused")],
    ids=["signed out", "account ended", "grant taken"],
)
def test_a_running_answer_is_cut_when_its_right_is_taken_away(
    app: FastAPI, appliance: Appliance, client: Client, monkeypatch: pytest.MonkeyPatch, taking: Taking, code: str
) -> None:
    endless = Endless(appliance.engine)
    monkeypatch.setattr(appliance, "engine", endless)
    login = f"rita.{taking.__name__}"
    appliance.people.create(login, "Rita Revoked", site.PASSWORD)
    appliance.rights.grant("ward", f"user:{login}", "read")
    person = client(login)
    before, taken = appliance.log.size, []

    def act(came: bytes) -> bool:
        if b'"quotes"' in came and not taken:
            taken.append(time.monotonic())
            taking(appliance, login, person.cookies[COOKIE])
        return False

    came = leave_after(app, person, act)
    assert time.monotonic() - taken[0] < 5
    assert endless.stopped.is_set()
    last = json.loads(came.strip().rpartition(b"data: ")[2])
    assert last["error"]["code"] == code
    assert b'"status"' not in came
    assert outcomes(appliance, before)[-1] == ("answer_given", "interrupted")

"""What every answer has: one shape of error, headers that shut the browser in, nothing of another origin."""

import re
from pathlib import Path

import pytest

from appliance.assembly.parts import Appliance
from appliance.errors import Unavailable
from appliance.web import application as web
from appliance.web.routes.page import TEMPLATES
from tests.web import site
from tests.web.conftest import Client

FILES = sorted(path for folder in (web.STATIC, TEMPLATES) for path in folder.rglob("*") if path.is_file())


def test_every_error_has_one_shape(client: Client, made: site.Made) -> None:
    nina, stranger = client("nina"), client(None)
    nina_without_token = client("nina")
    del nina_without_token.headers["X-CSRF-Token"]
    version = made.versions["hospital/transfusion-sop.md"]
    answers = {
        "unknown page": nina.get("/nothing"),
        "unknown static file": nina.get("/static/nothing.js"),
        "outside of static": nina.get("/static/..%2fapplication.py"),
        "wrong method": nina.put("/api/ask"),
        "stranger": stranger.get("/api/me"),
        "no token": nina_without_token.post("/api/ask", json={"question": "What?"}),
        "no JSON": nina.post("/api/ask", content=b"{", headers={"Content-Type": "application/json"}),
        "wrong JSON": nina.post("/api/ask", json=["What?"]),
        "deep JSON": nina.post("/api/ask", content=b"[" * 100_000, headers={"Content-Type": "application/json"}),
        "form": nina.post("/api/ask", data={"question": "What?"}),
        "unknown purpose": nina.post("/api/ask", json={"question": "What?", "purpose": "fun"}),
        "foreign version": nina.get("/api/versions/x"),
        "page out of range": nina.get(f"/api/versions/{version}/pages/0/text"),
        "long purpose": nina.get(f"/api/versions/{version}", params={"purpose": "x" * 99}),
        "wrong password": stranger.post("/api/sign-in", json={"login": "nina", "password": "no"}),
    }
    for name, answer in answers.items():
        assert answer.status_code >= 400, name
        assert answer.headers["Content-Type"] == "application/json", name
        body = answer.json()
        assert set(body) == {"error"}, name
        assert set(body["error"]) == {"code", "message", "advice"}, name
        assert all(isinstance(value, str) for value in body["error"].values()), name
        assert body["error"]["code"], name
        assert body["error"]["message"], name
    assert answers["unknown page"].status_code == answers["unknown static file"].status_code == 404
    assert answers["wrong method"].status_code == 405


def test_every_response_has_the_security_headers(client: Client) -> None:
    person = client("nina")
    paths = ["/", "/healthz", "/api/me", "/api/status", "/nothing", "/api/versions/x", "/static/nothing"]
    answers = [person.get(path) for path in paths]
    answers += [person.get(f"/static/{path.name}") for path in FILES if path.parent == web.STATIC]
    answers += [person.post("/api/ask", json={"question": ""}), person.post("/api/ask", json={}), person.put("/")]
    for answer in answers:
        for name, value in web.HEADERS.items():
            if name != "Cache-Control":
                assert answer.headers.get_list(name) == [value], answer.url
        wanted = "no-cache" if answer.url.path.startswith("/static/") else "no-store"
        assert answer.headers["Cache-Control"] == wanted, answer.url


def test_the_content_policy_lets_nothing_in_from_elsewhere_or_inline() -> None:
    policy = dict(part.strip().split(" ", 1) for part in web.HEADERS["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
    assert policy.pop("require-trusted-types-for") == "'script'"
    assert set(policy.values()) == {"'self'"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_of_the_page_names_another_origin_or_runs_text_as_code(path: Path) -> None:
    text = path.read_text("utf-8")
    addresses = [found for found in re.findall(r"(?:[a-z]+:)?//[\w.-]+\.[\w.-]+", text) if "www.w3.org" not in found]
    assert addresses == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|@import", text)
    if path.suffix == ".html":
        assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*src=)|<iframe|<object", text)
        loaded = re.findall(r'src="([^"#]+)"', text) + re.findall(r'<link[^>]+href="([^"#]+)"', text)
        assert all(found.startswith("/static/") for found in loaded)
        assert all(re.match(r"/(?!/)", found) for found in re.findall(r'<a [^>]*href="([^"#]+)"', text))


def test_a_defect_tells_the_reader_nothing_of_what_it_was_about(
    client: Client, appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(token: str | None) -> None:
        raise ValueError("MRN 4471882 of Mrs Okafor")

    monkeypatch.setattr(appliance.sessions, "resolve", fail)
    answer = client(None).get("/api/me")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "failed"
    assert "Okafor" not in answer.text
    assert answer.headers["Content-Security-Policy"] == web.HEADERS["Content-Security-Policy"]


def test_a_part_that_is_down_is_told_with_a_time_to_try_again(
    client: Client, appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(token: str | None) -> None:
        raise Unavailable("the database is locked", "Wait")

    monkeypatch.setattr(appliance.sessions, "resolve", fail)
    answer = client(None).get("/api/me")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert answer.json() == {"error": {"code": "unavailable", "message": "the database is locked", "advice": "Wait"}}

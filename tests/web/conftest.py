"""The web application over a real appliance, and people who are signed in to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from appliance.assembly.parts import Appliance
from appliance.web.application import application
from appliance.web.dependencies import COOKIE
from tests.web import site

Client = Callable[[str | None], TestClient]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, packs: Path) -> site.Made:
    """A home with people, grants and documents; shared with the browser's tests."""
    return site.copied(site.made(tmp_path_factory.getbasetemp()), tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def appliance(made: site.Made) -> Iterator[Appliance]:
    """The open appliance."""
    opened = Appliance.open(site.chosen(made.home))
    opened.warm()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def app(appliance: Appliance) -> FastAPI:
    """The application over it."""
    return application(appliance)


@pytest.fixture
def client(app: FastAPI, appliance: Appliance) -> Client:
    """Makes a client of somebody who is signed in, or of a stranger."""

    def sign_in(login: str | None) -> TestClient:
        made = TestClient(app, raise_server_exceptions=False)
        if login is not None:
            token = appliance.sessions.open(appliance.people.by_login(login))
            made.cookies.set(COOKIE, token)
            made.headers["X-CSRF-Token"] = appliance.sessions.resolve(token).csrf
        return made

    return sign_in

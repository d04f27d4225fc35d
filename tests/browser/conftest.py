"""Debian's Chromium before a real `appliance serve`. What the page does is watched in every test."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.web import site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
]  # fmt: skip
WAIT_MILLISECONDS = 30_000
EXPECTED_NOISE = "the server responded with a status of 4"
"""The browser writes each refusal to its console; that a refusal came is what a test provoked."""


@dataclass
class Server:
    """A serving process on a home, at `address`."""

    made: site.Made
    log: Path
    address: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self, port: int = 0) -> None:
        """Start `appliance serve` and wait until it tells its address."""
        variables = {
            "INSECURE_PLAIN_KEY_FILE": "1",
            "GENERATION_PACK": "smollm2-135m-instruct",
            "MAX_DOCUMENT_BYTES": "2097152",
        }
        environment = {**os.environ, **{f"APPLIANCE_{name}": value for name, value in variables.items()}}
        command = [sys.executable, "-m", "appliance.cli.main", "--json", "--home", str(self.made.home), "serve"]
        with self.log.open("a") as errors:
            self.process = subprocess.Popen(
                [*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()[-2000:]
        self.address = json.loads(line)["address"]

    def stop(self) -> None:
        """Ask it to end, as an operator does, and wait."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, packs: Path) -> Iterator[Server]:
    """The service over the home of the web tests, in a process of its own."""
    folder = tmp_path_factory.mktemp("browser")
    running = Server(site.copied(site.made(tmp_path_factory.getbasetemp()), folder), folder / "server.log")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def chromium() -> Iterator[object]:
    """The browser; skips where it is not installed. Its driver keeps an event loop in this thread, so it ends
    with this package's tests."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: run `sh deploy/setup.sh --tests`")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Seen:
    """What a page's browser reported while a test ran."""

    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def visit(chromium, server: Server) -> Iterator[Callable]:  # type: ignore[no-untyped-def]
    """Opens the page in a browser profile of its own. Afterwards: no script error, no violation of the content
    policy, nothing written to the console, no request to another origin."""
    seen, contexts = Seen(), []

    def open_page(**options):  # type: ignore[no-untyped-def]
        context = options.pop("context", None) or chromium.new_context(
            **{"viewport": {"width": 1280, "height": 860}, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MILLISECONDS)
        page.on("console", lambda message: seen.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(server.address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [line for line in seen.console if EXPECTED_NOISE not in line and "net::ERR" not in line] == []
    assert [url for url in seen.requests if not url.startswith((f"{server.address}/", "blob:"))] == []


def sign_in(page, login: str, password: str = site.PASSWORD) -> None:  # type: ignore[no-untyped-def]
    """Sign in as a person does, with the keyboard."""
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.locator("#question").wait_for(state="visible")


def ask(page, question: str) -> float:  # type: ignore[no-untyped-def]
    """Ask, wait for the end of the answer; seconds from Enter to the first quotation on the screen."""
    page.get_by_label("Your question").fill(question)
    began = time.perf_counter()
    page.keyboard.press("Enter")
    turn = page.locator("#turns > li").first
    turn.locator(".quotes li, .state.problem, .state.abstained").first.wait_for(state="visible")
    seconds = time.perf_counter() - began
    page.locator("#ask-button:enabled").wait_for()
    return seconds

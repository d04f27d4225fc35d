"""Setting up an authenticator app on the page, and signing in with it."""

import subprocess
import sys
import time
from collections.abc import Callable

import pyotp
from playwright.sync_api import expect

from tests.browser.conftest import Server, sign_in
from tests.browser.test_accessibility import examine
from tests.web import site


def test_an_authenticator_app_is_set_up_on_the_page_and_asked_for_at_the_next_sign_in(
    visit: Callable, server: Server
) -> None:
    command = [sys.executable, "-m", "appliance.cli.main", "--home", str(server.made.home), "user", "add", "fay"]
    subprocess.run([*command, "--password-file", "-"], input=site.PASSWORD, text=True, check=True, capture_output=True)
    page = visit()
    examine(page)
    expect(page.locator("#openid")).to_be_hidden()
    sign_in(page, "fay")
    page.locator("#who").click()
    page.locator("#code-offer").click()
    page.locator("#code-form").wait_for(state="visible")
    secret = page.locator("#code-secret").inner_text().replace(" ", "")
    assert page.locator("#code-picture").evaluate("(each) => each.width") > 100
    examine(page)
    page.get_by_label("Code that the app shows now").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    expect(page.locator("#code-state")).to_contain_text("Set up.")
    page.locator("#sign-out").click()

    page.get_by_label("Login").fill("fay")
    page.get_by_label("Password").fill(site.PASSWORD)
    page.keyboard.press("Enter")
    code = page.get_by_label("Code from your authenticator app")
    expect(code).to_be_focused()
    examine(page)
    code.fill("000000")
    page.keyboard.press("Enter")
    expect(page.locator("#second-problem")).to_contain_text("wrong")
    code.fill(pyotp.TOTP(secret).at(int(time.time()) + 30))
    page.keyboard.press("Enter")
    page.locator("#question").wait_for(state="visible")
    expect(page.locator("#who")).to_have_text("fay")

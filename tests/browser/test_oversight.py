"""The officers' page and the broken glass, as people meet them in a browser."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.assembly.local import call
from tests.browser.conftest import Server, sign_in
from tests.browser.test_accessibility import FAINT, NAMELESS
from tests.browser.test_page import ANSWERED, ask, turn

SHOTS = os.environ.get("SCREENSHOTS", "")


def do(server: Server, operation: str, **arguments: object) -> dict:
    """An operation of the box's administrator, through the local socket."""
    *_, result = call(server.made.home, operation, arguments)
    return result


@pytest.fixture(scope="module", autouse=True)
def crash_team(server: Server) -> None:
    """Somebody who may break the glass to the ward, and a few questions."""
    do(server, "user.add", login="carla", name="Carla Clinician", password="correct horse battery", groups=["crash"])
    do(server, "grant.add", collection="ward", principal="group:crash", purposes=["emergency"])
    for question in ("Within what time is a unit of red cells finished?", "What is the moon made of?"):
        do(server, "ask", question=question, user="nina", purpose="treatment")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def readable(page: Page) -> None:
    """Every control has a name, every text contrast."""
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(FAINT) == []


def test_a_clinician_breaks_the_glass_and_an_officer_reviews_it(visit: Callable[..., Page]) -> None:
    page = visit()
    sign_in(page, "carla")
    page.get_by_role("button", name="Emergency…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Somebody else reviews this access within 24 hours")
    dialog.get_by_label("What is the emergency?").fill("unconscious after a fall, allergies unknown")
    shot(page, "emergency-dialog")
    dialog.get_by_role("button", name="Break the glass").click()
    expect(page.locator("#emergency-bar")).to_contain_text("Emergency access until")
    expect(page.get_by_label("Purpose")).to_have_value("emergency")
    readable(page)
    ask(page, ANSWERED)
    expect(turn(page).locator(".quotes li").first).to_be_visible()
    shot(page, "emergency-open")
    page.get_by_role("button", name="End it now").click()
    expect(page.locator("#emergency-bar")).to_be_hidden()

    officer = visit()
    sign_in(officer, "rita")
    officer.get_by_role("link", name="Oversight").click()
    expect(officer.locator("#waiting")).to_contain_text("1emergencies to review")
    shot(officer, "oversight-overview")
    readable(officer)
    officer.get_by_role("button", name="Emergencies", exact=True).click()
    case = officer.locator("#emergency-list li").first
    expect(case).to_contain_text("unconscious after a fall")
    shot(officer, "oversight-emergencies")
    readable(officer)
    case.get_by_label("Note").fill("Seen in the emergency room.")
    case.get_by_role("button", name="Note finding").click()
    expect(officer.locator("#emergency-list li").first).to_contain_text("Reviewed by rita")


def test_a_supervisor_draws_reads_reviews_and_exports(visit: Callable[..., Page]) -> None:
    page = visit()
    sign_in(page, "rita")
    page.get_by_role("link", name="Oversight").click()
    page.get_by_role("button", name="Questions", exact=True).click()
    page.get_by_label("Asked by").fill("nina")
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#told")).to_contain_text("questions drawn")
    page.locator("#question-table tbody button").first.click()
    expect(page.locator("#question")).to_be_visible()
    readable(page)
    shot(page, "oversight-questions")
    page.get_by_label("Note", exact=True).fill("Nothing unusual.")
    page.get_by_role("button", name="Note finding").click()
    expect(page.locator("#question-table")).to_contain_text("no concern")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export reviewed questions as evidence").click()
    assert download.value.suggested_filename in ("evidence.json", "evidence.pdf")
    expect(page.locator("#told")).to_contain_text("records packed")


def test_accounting_reports_and_holds_are_one_form_each(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    sign_in(page, "otto")
    page.get_by_role("link", name="Oversight").click()
    page.get_by_role("button", name="Reports", exact=True).click()
    page.get_by_role("button", name="Make").click()
    expect(page.locator("#report-lines")).to_contain_text("164.312(b) audit controls")
    shot(page, "oversight-report")
    readable(page)
    page.get_by_role("button", name="Disclosures", exact=True).click()
    page.get_by_label("Surrogate", exact=True).fill("[PERSON:aaaaaaaa]")
    page.get_by_role("button", name="Account", exact=True).click()
    expect(page.locator("#account-facts")).to_contain_text("Nobody saw anything")
    shot(page, "oversight-disclosures")
    page.get_by_role("button", name="Holds", exact=True).click()
    expect(page.locator("#no-holds")).to_be_visible()
    expect(page.locator("#place")).to_be_hidden()
    do(server, "hold.place", kind="collection", target="ward", reason="Smith against the hospital")
    page.get_by_role("button", name="Holds", exact=True).click()
    expect(page.locator("#hold-list")).to_contain_text("Smith against the hospital")
    shot(page, "oversight-holds")
    do(server, "hold.lift", hold=do(server, "hold.list")["holds"][0]["id"])


def test_who_may_not_read_the_log_is_told_so(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    sign_in(page, "nina")
    expect(page.locator("#oversight-link")).to_be_hidden()
    page.goto(f"{server.address}/oversight")
    expect(page.get_by_role("alert")).to_contain_text("right to audit")


def test_a_change_of_the_access_policies_is_approved_by_a_second_person_with_a_mouse(
    visit: Callable[..., Page], server: Server
) -> None:
    rules = server.made.home / "policies" / "access" / "access.cedar"
    rule = 'permit (principal, action == Action::"read", resource) when { principal.roles.contains("administrator") };'
    rules.write_text(f"{rules.read_text('utf-8')}\n// for the works' inspection\n{rule}\n")
    do(server, "policy.access-propose", login="ada", password="correct horse battery")

    proposer = visit()
    sign_in(proposer, "ada")
    proposer.get_by_role("link", name="Oversight").click()
    mine = proposer.locator("#proposal-list li.card")
    expect(mine).to_contain_text("You proposed it: somebody else approves it.")
    expect(mine.get_by_role("button", name="Approve")).to_have_count(0)
    expect(proposer.get_by_role("button", name="Questions", exact=True)).to_be_hidden()

    page = visit()
    sign_in(page, "rita")
    page.get_by_role("link", name="Oversight").click()
    page.get_by_role("button", name="Policies", exact=True).click()
    case = page.locator("#proposal-list li.card")
    expect(case).to_contain_text("Proposed by ada")
    expect(case).to_contain_text("1 person gains read on 2 collections: ada")
    case.get_by_text("What changes in the text").click()
    expect(case.locator("pre")).to_contain_text("+// for the works' inspection")
    readable(page)
    shot(page, "oversight-policies")
    case.get_by_role("button", name="Approve").click()
    expect(page.locator("#no-proposals")).to_be_visible()
    expect(page.locator("#policy-list")).to_contain_text("In force: ada, then rita")

"""Conversations on the page: a follow-up is shown as understood, the list opens and deletes, nobody else sees it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import ask, sign_in
from tests.browser.test_page import Visit


def test_a_follow_up_is_shown_as_understood_and_the_conversation_is_there_after_a_reload(visit: Visit) -> None:
    page = visit()
    sign_in(page, "nina")
    page.select_option("#purpose", "treatment")
    ask(page, "Within what time must a unit of red cells be finished?")
    ask(page, "Who may give it?")
    expect(page.locator("#turns li").first.locator(".meant")).to_have_text(
        "Understood as: Who may give a unit of red cells?"
    )
    page.reload()
    expect(page.locator("#turns li")).to_have_count(0)
    page.locator("#conversation-list .open").first.click()
    expect(page.locator("#turns > li")).to_have_count(2)
    expect(page.locator("#turns > li").last.locator(".quotes")).to_contain_text("4 hours")
    page.click("#sign-out")
    expect(page.locator("#conversation-list li")).to_have_count(0)
    sign_in(page, "edda")
    expect(page.locator("#conversation-list li")).to_have_count(0)


def test_deleting_a_conversation_is_asked_twice_and_takes_it_away(visit: Visit) -> None:
    page: Page = visit()
    sign_in(page, "nina")
    page.select_option("#purpose", "treatment")
    ask(page, "Within what time must a unit of red cells be finished?")
    expect(page.locator("#conversation-list li[aria-current]")).to_have_count(1)  # listed anew after the answer
    before = page.locator("#conversation-list li").count()
    page.locator("#conversation-list .delete").first.click()
    expect(page.locator("#conversation-list li")).to_have_count(before)
    page.locator("#conversation-list .delete").first.click()
    expect(page.locator("#conversation-list li")).to_have_count(before - 1)
    expect(page.locator("#turns li")).to_have_count(0)


def test_a_question_is_narrowed_on_the_page_and_says_so(visit: Visit) -> None:
    page = visit()
    sign_in(page, "nina")
    page.select_option("#purpose", "treatment")
    page.click("#narrow-words")
    page.select_option("#narrow-kind", "pdf")
    expect(page.locator("#narrow-words")).to_have_text("Narrowed: PDF")
    ask(page, "Within what time must a unit of red cells be finished?")
    expect(page.locator("#turns > li").first).not_to_contain_text("SOP 31")
    page.click("#widen")
    expect(page.locator("#narrow-words")).to_have_text("Narrow")

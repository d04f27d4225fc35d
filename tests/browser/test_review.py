"""The reviewer's page before the real service: with the keyboard alone, from the list to the published document."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appliance.assembly import local
from tests.browser.conftest import Server, ask, sign_in
from tests.browser.test_accessibility import examine
from tests.journeys.test_reviewing import LETTER

Visit = Callable[..., Page]
DECIDED = """(left) => document.querySelector('#desk').hidden
  || document.querySelector('#desk-facts').innerText !== left"""


def do(server: Server, operation: str, **arguments: object) -> dict[str, Any]:
    """The result of an operation of the running service."""
    *_, result = local.call(server.made.home, operation, arguments)
    return result


def shoot(page: Page, name: str) -> None:
    """Keep a picture where `APPLIANCE_SCREENSHOTS` says, for a person to look at."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def letters(server: Server) -> str:
    """A collection whose profile asks a reviewer. Its name."""
    folder = server.made.home / "policies" / "redaction"
    text = (folder / "strict-reviewed.yaml").read_text("utf-8")
    careful = re.sub(r"(PERSON: {action: surrogate, min_score: 0.4, review: )[^]]*]", r"\1[0.3, 0.9]", text)
    careful = careful.replace("name: strict-reviewed", "name: careful").replace("hold_above: 0.5", "hold_above: 0.0")
    (folder / "careful.yaml").write_text(careful)
    do(server, "collection.create", name="letters", title="Letters", profile="careful")
    for right in ("read", "review", "identify", "reveal"):
        do(server, "grant.add", collection="letters", principal="user:rita", right=right)
    return "letters"


def hold(server: Server, collection: str, folder: Path, text: str) -> str:
    """A letter that waits. Its version."""
    folder.mkdir(exist_ok=True)
    (folder / "letter.md").write_text(text)
    told = do(server, "ingest", paths=[str(folder / "letter.md")], collection=collection)["documents"][0]
    assert told["status"] == "quarantined", told
    return str(told["version"])


def enter_review(page: Page) -> None:
    """From the main page to the reviewer's, by its link."""
    sign_in(page, "rita")
    page.get_by_role("link", name="Review").click()
    expect(page.get_by_role("heading", name="Documents that wait for a reviewer")).to_be_visible()


def test_a_held_document_is_decided_with_the_keyboard_alone_and_published(
    visit: Visit, server: Server, letters: str, tmp_path: Path
) -> None:
    hold(server, letters, tmp_path / "in", LETTER)
    page = visit()
    enter_review(page)
    shoot(page, "review-list")
    row = page.locator("#held-table tbody tr").first
    expect(row).to_contain_text("Detection was unsure")
    row.get_by_role("button").focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("group", name="The span to decide on")
    expect(card).to_be_focused()
    expect(card.locator("mark")).to_be_visible()
    expect(card.locator(".covered").first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("Featherstonehaugh")
    examine(page)
    shoot(page, "review-card")
    first = card.locator("mark").inner_text()
    page.keyboard.press("j")
    expect(card.locator("mark")).not_to_have_text(first)
    page.keyboard.press("k")
    expect(card.locator("mark")).to_have_text(first)
    page.keyboard.press("r")
    expect(card.locator("mark")).not_to_have_text(first)
    page.keyboard.press("t")
    expect(page.get_by_label("It is").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(card).to_be_focused()
    for _ in range(20):
        if not card.is_visible():
            break
        left = page.locator("#desk-facts").inner_text()
        page.keyboard.press("a")
        while not page.evaluate(DECIDED, left):
            page.wait_for_timeout(50)
    expect(page.locator("#told")).to_have_text("The document is published.")
    found = do(server, "retrieve", question="Where was the Kestrel form sent?", user="rita", collection=letters)
    assert any(first in passage["text"] for passage in found["passages"])
    shoot(page, "review-done")


def test_what_was_missed_is_marked_by_selecting_it_and_the_document_is_held_until_it_is_redacted_again(
    visit: Visit, server: Server, letters: str, tmp_path: Path
) -> None:
    version = hold(server, letters, tmp_path / "in", f"{LETTER}\nA second letter.\n")
    page = visit()
    enter_review(page)
    page.locator("#held-table tbody tr").last.get_by_role("button").click()
    page.get_by_text("Mark something that was missed").click()
    area = page.get_by_label("Text of the page")
    at = area.evaluate("(area) => area.value.indexOf('Kestrel')")
    area.focus()
    area.evaluate("(area, at) => area.setSelectionRange(at, at)", at)
    for _ in "Kestrel":
        page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("button", name="Mark the selection").click()
    expect(page.locator("#marked")).to_have_text("Marked: Kestrel")
    examine(page)
    shoot(page, "review-missed")
    desk = do(server, "review.show", version=version, user="rita")
    ids = [item["id"] for item in desk["items"]]
    do(server, "review.decide", version=version, items=ids, decision="accept", user="rita")
    found = do(server, "retrieve", question="Where was the form sent?", user="rita", collection=letters, k=50)
    texts = [passage["text"] for passage in found["passages"] if passage["version"] == version]
    assert texts
    assert not any("Kestrel" in text for text in texts)


def test_a_sample_is_searched_block_by_block_with_the_keyboard(visit: Visit, server: Server) -> None:
    sample = do(server, "leakrate.sample", collection="ward", size=2)["id"]
    page = visit()
    enter_review(page)
    page.get_by_role("button", name="Leak rate").click()
    page.get_by_role("button", name=sample).click()
    block = page.get_by_role("group", name="The block to search")
    expect(block).to_be_focused()
    expect(block).to_contain_text("Block 1 of 2")
    examine(page)
    shoot(page, "leak-rate")
    page.keyboard.press("1")
    expect(block.get_by_label(re.compile("person"))).to_be_checked()
    page.keyboard.press("m")
    expect(block).to_contain_text("Block 2 of 2")
    page.keyboard.press("n")
    expect(page.locator("#told")).to_contain_text("Every block of this sample is searched")
    told = do(server, "leakrate.report", sample=sample)
    assert told["per_1000_blocks"]["by_type"]["PERSON"]["blocks"] == 1


def test_names_are_shown_and_hidden_again_for_who_may_and_offered_to_nobody_else(
    visit: Visit, server: Server, letters: str, tmp_path: Path
) -> None:
    text = "# Clinic\n\nPatient: Maria Okafor\n\nMaria Okafor takes warfarin 5 mg daily.\n"
    (tmp_path / "clinic.md").write_text(text)
    told = do(server, "ingest", paths=[str(tmp_path / "clinic.md")], collection=letters)["documents"][0]
    assert told["status"] == "published", told
    page = visit()
    sign_in(page, "rita")
    page.locator("#collection").select_option(label="Letters")
    ask(page, "What does Maria Okafor take daily?")
    answer = page.locator("#turns > li").first
    expect(answer.locator(".surrogate").first).to_be_visible()
    page.get_by_role("button", name="Show names").click()
    expect(answer.locator(".surrogate.revealed").filter(has_text="Okafor").first).to_be_visible()
    expect(page.locator("#reveal-told")).to_contain_text("each is recorded")
    shoot(page, "names-shown")
    page.get_by_role("button", name="Hide names").click()
    expect(answer.locator(".surrogate.revealed")).to_have_count(0)
    expect(answer.locator(".quotes, .answer").first).not_to_contain_text("Okafor")
    other = visit()
    sign_in(other, "nina")
    expect(other.get_by_role("button", name="Show names")).to_have_count(0)
    expect(other.get_by_role("link", name="Review")).to_have_count(0)

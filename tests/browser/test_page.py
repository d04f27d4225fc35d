"""What a person does with the page, in a real browser before the real service."""

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, ask, sign_in
from tests.web import site

ANSWERED = "What is the target INR for venous thromboembolism?"
QUOTE = "The target INR is 2.5 (range 2.0 to 3.0) for venous thromboembolism"
TABLED = "Within what time must a unit of red cells be finished?"
TITLE = "Anticoagulation in Adult Inpatients"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
Visit = Callable[..., Page]

# Notes in which order quotations and sentences come onto the screen.
WATCH = """() => {
  window.order = [];
  const kind = (node) => node.closest('.quotes li') ? 'quote' : node.matches('.sentence') ? 'sentence' : '';
  const note = (node) => { if (node.nodeType === 1 && kind(node)) window.order.push(kind(node)); };
  const watch = (changes) => changes.forEach((change) => change.addedNodes.forEach(note));
  new MutationObserver(watch).observe(document.body, { subtree: true, childList: true });
}"""

# Holds the service's answer after its quotes, and lets two sentences through, cut at awkward places.
HOLD = """() => {
  const real = window.fetch;
  const step = () => new Promise((go) => { window.release = go; });
  const told = (words) => `data: ${JSON.stringify({ sentence: { text: words, citations: [1], support: 1 } })}\\n\\n`;
  const held = (quotes, rest) => new ReadableStream({ async start(controller) {
    const send = (piece) => controller.enqueue(new TextEncoder().encode(piece));
    send(`${quotes}\\n\\n: still working\\n\\n${told('The first.').slice(0, 30)}`);
    await step();
    send(told('The first.').slice(30));
    await step();
    send(told('The second, of [PERSON:k7f2m4qa].') + rest);
    controller.close();
  } });
  window.fetch = async (path, options) => {
    const response = await real(path, options);
    if (!String(path).startsWith('/api/ask')) return response;
    const [quotes, ...rest] = (await response.text()).split('\\n\\n');
    return new Response(held(quotes, rest.join('\\n\\n')), { status: 200 });
  };
}"""


def turn(page: Page) -> Any:
    """The newest question with its answer."""
    return page.locator("#turns > li").first


def test_a_wrong_password_is_told_in_words_and_the_right_one_opens_the_page(visit: Visit) -> None:
    page = visit()
    page.get_by_label("Login").fill("nina")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(
        "The login or the password is wrong. Try again, or ask your administrator."
    )
    expect(page.get_by_label("Password")).to_be_focused()
    sign_in(page, "nina")
    expect(page.get_by_text("Nina Nurse")).to_be_visible()
    expect(page.get_by_label("Your question")).to_be_focused()


def test_quotations_come_first_then_the_answer_and_its_receipt(visit: Visit) -> None:
    page = visit()
    sign_in(page, "nina")
    page.evaluate(WATCH)
    seconds = ask(page, ANSWERED)
    order = page.evaluate("window.order")
    assert order[0] == "quote"
    assert "quote" not in order[order.index("sentence") :] if "sentence" in order else True
    expect(turn(page).locator(".quotes li").filter(has_text=QUOTE)).to_have_count(1)
    expect(turn(page).locator(".outcome")).to_contain_text(re.compile(r"Record \d+"))
    with page.expect_download() as download:
        turn(page).get_by_role("button", name="Save the receipt").click()
    assert download.value.path().read_text().startswith("c2sp.org/tlog-proof@v1")
    assert seconds < 30, "even on a busy machine"


def test_sentences_appear_one_by_one_while_the_answer_is_still_being_written(visit: Visit) -> None:
    """The stream's pieces are shown as they come. The service is real; only its answer is held, piece by piece."""
    page = visit()
    sign_in(page, "nina")
    page.evaluate(HOLD)
    page.get_by_label("Your question").fill(ANSWERED)
    page.keyboard.press("Enter")
    expect(turn(page).locator(".quotes li").first).to_be_visible()
    expect(turn(page).get_by_role("status")).to_contain_text("Composing an answer")
    assert turn(page).locator(".sentence").count() == 0
    page.evaluate("window.release()")
    expect(turn(page).locator(".sentence")).to_have_text(["The first. 1"])
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.evaluate("window.release()")
    expect(turn(page).locator(".sentence").nth(1)).to_contain_text("The second, of person k7f2.")
    page.locator("#ask-button:enabled").wait_for()


def test_a_citation_opens_the_page_with_the_cited_words_marked_inside_it(visit: Visit) -> None:
    page = visit()
    sign_in(page, "nina")
    ask(page, ANSWERED)
    quoted = turn(page).locator(".quotes li").filter(has_text=QUOTE)
    quoted.get_by_role("button", name=re.compile(rf"Citation \d: open {TITLE}, page 2")).click()
    pane = page.get_by_role("complementary", name=TITLE)
    expect(pane).to_contain_text("Page 2 of 3")
    image = pane.get_by_role("img", name="Page 2, identifiers blacked out")
    expect(image).to_be_visible()
    drawn = page.locator("#sheet img")
    while drawn.evaluate("image => image.naturalWidth") <= 500:
        page.wait_for_timeout(50)
    paper = image.bounding_box()
    marks = [mark.bounding_box() for mark in pane.locator(".highlight").all()]
    assert marks
    for mark in marks:
        assert paper["x"] <= mark["x"] < mark["x"] + mark["width"] <= paper["x"] + paper["width"]
        assert paper["y"] <= mark["y"] < mark["y"] + mark["height"] <= paper["y"] + paper["height"]
    expect(pane.locator(".highlight").first).to_be_in_viewport()
    pane.get_by_role("button", name="Next page").click()
    expect(pane).to_contain_text("Page 3 of 3")
    expect(pane.locator(".highlight")).to_have_count(0)
    expect(pane.get_by_role("button", name="Next page")).to_be_disabled()


def test_a_citation_of_a_text_opens_the_text_with_the_cited_line_marked(visit: Visit) -> None:
    page = visit()
    sign_in(page, "nina")
    ask(page, TABLED)
    expect(turn(page).locator(".quotes table th").first).to_be_visible()
    turn(page).get_by_role("button", name=re.compile("open SOP 31")).first.click()
    pane = page.get_by_role("complementary", name=re.compile("SOP 31"))
    expect(pane.locator("mark").first).to_be_visible()
    expect(pane.locator("mark").first).to_be_in_viewport()


def test_everything_can_be_done_with_the_keyboard_and_the_focus_comes_back(visit: Visit) -> None:
    page = visit()
    page.keyboard.type("nina")
    page.keyboard.press("Tab")
    page.keyboard.type(site.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type(ANSWERED)
    page.keyboard.press("Enter")
    page.locator("#ask-button:disabled").wait_for()
    page.locator("#ask-button:enabled").wait_for()
    chip = turn(page).locator(".cite").first
    for _ in range(10):
        page.keyboard.press("Tab")
        if chip.evaluate("(chip) => chip === document.activeElement"):
            break
    expect(chip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#viewer-title")).to_be_focused()
    expect(chip).to_have_attribute("aria-expanded", "true")
    page.locator(".highlight").first.wait_for()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#page-number")).to_have_text("Page 1 of 3")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    expect(chip).to_be_focused()
    expect(chip).to_have_attribute("aria-expanded", "false")


def test_somebody_without_the_grant_sees_nothing_of_it(visit: Visit, server: Server) -> None:
    page = visit()
    sign_in(page, "bob")
    assert "Ward documents" not in page.content()
    ask(page, ANSWERED)
    assert TITLE not in page.content()
    page.get_by_role("button", name="Documents").click()
    expect(page.get_by_role("button", name="Mortgage underwriting handbook")).to_be_visible()
    assert TITLE not in page.content()
    version = server.made.versions["hospital/anticoagulation-protocol.pdf"]
    status = page.evaluate(f"fetch('/api/versions/{version}?purpose=treatment').then((answer) => answer.status)")
    assert status == 404


def test_an_editor_adds_a_file_and_sees_it_come_in_and_a_reader_cannot(visit: Visit) -> None:
    page = visit()
    sign_in(page, "edda")
    page.get_by_role("button", name="Documents").click()
    note = "# Fasting before surgery\n\nClear fluids are allowed until 2 hours before anaesthesia. {}\n"
    files = [
        {"name": "fasting.md", "mimeType": "text/markdown", "buffer": note.format(time.time_ns()).encode()},
        {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""},
        {"name": "huge.bin", "mimeType": "application/octet-stream", "buffer": b"x" * (2 * 2**20 + 1)},
    ]
    page.get_by_label("Choose files").set_input_files(files)
    lines = page.locator("#uploads li")
    expect(lines.nth(0)).to_contain_text("fasting.md published, 1 page")
    expect(lines.nth(1)).to_contain_text("The file is empty")
    expect(lines.nth(2)).to_contain_text("The file is over the limit of 2 MiB. Split it.")
    expect(page.get_by_role("button", name="Fasting before surgery", exact=True)).to_be_visible()
    reader = visit()
    sign_in(reader, "nina")
    reader.get_by_role("button", name="Documents").click()
    expect(reader.get_by_role("button", name="Fasting before surgery").first).to_be_visible()
    expect(reader.locator("#upload")).to_be_hidden()


def test_signing_out_leaves_nothing_of_the_person_in_any_tab_and_signing_in_reaches_every_tab(visit: Visit) -> None:
    page = visit()
    sign_in(page, "nina")
    other = visit(context=page.context)
    expect(other.get_by_text("Nina Nurse")).to_be_visible()
    ask(page, ANSWERED)
    page.get_by_label("Your question").fill("Half a question")
    page.get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
        assert "INR" not in tab.locator("body").inner_text()
        assert "Nina" not in tab.content()
        assert tab.locator("#question").input_value() == ""
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(other, "bob")
    expect(page.get_by_text("Bob Banker")).to_be_visible()


def test_a_session_that_ends_midway_asks_to_sign_in_and_keeps_the_question(visit: Visit) -> None:
    page = visit()
    sign_in(page, "nina")
    ask(page, ANSWERED)
    page.context.clear_cookies()
    page.get_by_label("Your question").fill("How is warfarin started?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Sign in first")
    assert "INR" not in page.locator("body").inner_text()
    sign_in(page, "nina")
    expect(page.get_by_label("Your question")).to_have_value("How is warfarin started?")


def test_nothing_scrolls_sideways_on_a_phone_and_the_pane_covers_and_closes_by_going_back(visit: Visit) -> None:
    page = visit(**PHONE)

    def assert_it_fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    assert_it_fits()
    sign_in(page, "nina")
    ask(page, "Who was given apixaban, at which bed and time?")
    assert_it_fits()
    ask(page, ANSWERED)
    assert_it_fits()
    turn(page).locator(".cite").first.click()
    page.locator(".highlight").first.wait_for()
    box = page.locator("#viewer").bounding_box()
    assert (box["x"], box["width"]) == (0, 390)
    assert page.locator("#main").evaluate("(main) => main.inert")
    assert_it_fits()
    page.go_back()
    expect(page.locator("#viewer")).to_be_hidden()
    expect(turn(page).locator(".quotes li").first).to_be_visible()
    for view in ("Documents", "Status"):
        page.get_by_role("button", name=view).click()
        expect(page.get_by_role("heading", name=view)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert_it_fits()


def test_a_service_that_is_gone_is_told_in_words_and_works_again_after_its_return(visit: Visit, server: Server) -> None:
    page = visit()
    sign_in(page, "nina")
    port = int(server.address.rpartition(":")[2])
    server.stop()
    page.get_by_label("Your question").fill(ANSWERED)
    page.keyboard.press("Enter")
    expect(turn(page)).to_contain_text("The appliance cannot be reached. Check that it runs, then try again.")
    expect(page.get_by_label("Your question")).to_have_value(ANSWERED)
    server.start(port)
    page.get_by_role("button", name="Ask", exact=True).last.click()
    expect(turn(page).locator(".quotes li").filter(has_text=QUOTE)).to_have_count(1)

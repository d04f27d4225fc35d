"""The page for those who use a keyboard, a screen reader or weak eyes: names, roles, contrast (WCAG 2.2 AA)."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ask, sign_in
from tests.browser.test_page import ANSWERED, turn

NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea, a[href], img, summary')]
  .filter((element) => element.checkVisibility())
  .filter((element) => element.tagName === 'IMG' ? !element.hasAttribute('alt')
    : !(element.getAttribute('aria-label') || element.labels?.[0]?.innerText || element.innerText || '').trim())
  .map((element) => element.outerHTML)"""

# Contrast ratio by WCAG 2.2 (relative luminance of sRGB) of each element that has text of its own.
FAINT = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility())
    .filter((element) => !element.disabled && (own(element) || element.matches('input, textarea, select')));
  return texts.map((element) => {
    const style = getComputedStyle(element);
    const [a, b] = [luminance(numbers(style.color)), luminance(ground(element))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), element.outerHTML.slice(0, 120)];
  }).filter(([ratio]) => ratio < 4.5);
}"""

SMALL = """() => [...document.querySelectorAll('button, select, summary, .file')]
  .filter((element) => element.checkVisibility())
  .filter((element) => { const box = element.getBoundingClientRect(); return box.width < 24 || box.height < 24; })
  .map((element) => element.outerHTML)"""


def examine(page: Page) -> None:
    """Names, contrast and sizes of what is on the screen now."""
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(FAINT) == []
    assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_has_names_contrast_and_targets_large_enough(visit: Callable[..., Page], scheme: str) -> None:
    page = visit(color_scheme=scheme)
    page.get_by_role("button", name="Sign in").wait_for()
    examine(page)
    sign_in(page, "edda")
    examine(page)
    ask(page, ANSWERED)
    turn(page).locator(".cite").first.click()
    page.locator(".highlight").first.wait_for()
    examine(page)
    page.keyboard.press("Escape")
    ask(page, "x" * 4001)
    ask(page, "Who won the cup in 1998?")
    turn(page).locator("summary").click()
    examine(page)
    for view in ("Documents", "Status"):
        page.get_by_role("button", name=view).click()
        page.wait_for_load_state("networkidle")
        examine(page)


def test_the_page_has_one_language_one_main_and_headings_in_order(visit: Callable[..., Page]) -> None:
    page = visit()
    assert page.locator("html").get_attribute("lang") == "en"
    sign_in(page, "nina")
    ask(page, ANSWERED)
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("navigation", name="Views").count() == 1
    levels = page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3')].filter((each) => each.checkVisibility())
             .map((each) => Number(each.tagName[1]))"""
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(next_ - level <= 1 for level, next_ in pairwise(levels))


def test_text_twice_as_large_still_fits(visit: Callable[..., Page]) -> None:
    """WCAG 2.2, 1.4.4 and 1.4.10: 200% of text size at a width of 640 pixels."""
    page = visit(viewport={"width": 640, "height": 900})
    page.evaluate("document.documentElement.style.setProperty('font-size', '32px')")
    sign_in(page, "nina")
    ask(page, ANSWERED)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640

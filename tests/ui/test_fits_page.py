"""Results have room: nothing leaves its card at 1024 px, four panes show all their settings, and axe finds nothing."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.lab import OpenPage, open_tab, set_slider
from tests.ui.pages import Theme, look_at, violations
from tests.ui.test_compare_page import ended, pane, set_own, start

pytestmark = pytest.mark.browser
ROOMS = ("Compare", "Reruns")
WIDE_AND_NARROW: tuple[tuple[int, Theme], ...] = ((1440, "light"), (1024, "dark"))
OWN = {"A": ("Top-p", "0.3"), "B": ("Temperature", "1.25"), "C": ("Repetition penalty", "1.15"), "D": ("Min-p", "0.05")}

# Parts of a card that are seen outside of it. What scrolls or is cut inside the card is not; nor are tips.
_OUTSIDE = """() => {
  const options = { opacityProperty: true, visibilityProperty: true };
  const seen = (node) => node.checkVisibility(options) && node.getBoundingClientRect().width > 1;
  const found = [];
  const cards = [...document.querySelectorAll('.card, .gauges, .box, .meter-line, .field')];
  for (const card of cards.filter((one) => !one.parentElement.closest('.card'))) {
    if (!seen(card)) continue;
    const room = card.getBoundingClientRect();
    const look = (node) => {
      for (const child of node.children) {
        const style = getComputedStyle(child), box = child.getBoundingClientRect();
        if (style.position === 'fixed' || style.clipPath !== 'none' || !seen(child)) continue;
        const says = `${child.tagName} ${child.className} "${child.textContent.trim().slice(0, 40)}"`;
        if (box.left < room.left - 1 || box.right > room.right + 1) found.push(`${says} leaves ${card.className}`);
        else if (style.overflowX === 'visible') look(child);
      }
    };
    look(card);
  }
  return found;
}"""

# Names of settings over each other, or cut.
_CHIPS = """() => {
  const chips = [...document.querySelectorAll('.compare-pane .chips > *')].filter((node) => node.checkVisibility());
  const boxes = chips.map((node) => node.getBoundingClientRect()), wrong = [];
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const is_cut = (node) => node.clientWidth && node.scrollWidth > node.clientWidth + 1;
  chips.forEach((one, i) => {
    for (let j = i + 1; j < chips.length; j += 1) {
      if (meet(boxes[i], boxes[j])) wrong.push(`${one.textContent} over ${chips[j].textContent}`);
    }
    if ([one, ...one.querySelectorAll('*')].some(is_cut)) wrong.push(`${one.textContent} is cut`);
  });
  return wrong;
}"""


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(_OUTSIDE) == []


def test_an_answer_keeps_to_its_cards_at_1024(open_lab: OpenPage):
    page = open_lab(width=1024, height=768)
    page.evaluate("window.playground.openSidebar()")
    set_slider(page, "Max new tokens", 30)
    page.locator("#settings .toggle-button").click()
    page.get_by_role("textbox", name="Prompt").first.fill("Hello there")
    page.locator("#run-button").click()
    expect(page.locator(".chip").filter(visible=True).first).to_contain_text("finished: ")
    page.get_by_role("group", name="Output tokens").locator(".tok").nth(3).click()
    figure = page.get_by_role("button", name="First word after")
    figure.click()
    fits(page)


def test_four_panes_show_every_setting_whole_and_results_are_accessible(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    for _ in range(2):
        page.get_by_role("button", name="Add a pane").click()
    for name, (setting, value) in OWN.items():
        set_own(page, name, setting, value)
    start(page)
    ended(page)
    for width, theme in WIDE_AND_NARROW:
        look_at(page, width, theme, height=900)
        for name, (setting, value) in OWN.items():
            expect(pane(page, name).locator(".chips")).to_contain_text(re.compile(rf"{setting}\s*{re.escape(value)}"))
        assert page.evaluate(_CHIPS) == []
        fits(page)
        assert not violations(page)


def test_reruns_with_results_fit_and_are_accessible(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    set_slider(page, "Max new tokens", 8)
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.get_by_role("spinbutton", name="Runs").fill("12")
    page.get_by_label("Mentions to look for").fill("the, e")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#reruns-status .words")).to_have_text("finished: 12 runs")
    for width, theme in WIDE_AND_NARROW:
        look_at(page, width, theme, height=900)
        card = page.locator(".reruns .card").filter(visible=True).first
        assert float(card.evaluate("node => parseFloat(getComputedStyle(node).paddingLeft)")) > 0
        fits(page)
        assert not violations(page)

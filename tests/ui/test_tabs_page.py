"""Tabs are places: back, forward, reload and a bookmark lead there; a link to settings keeps its own part."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import OpenPage
from tests.ui.pages import ready

pytestmark = pytest.mark.browser
ROOMS = ("Inside", "Cost")


def in_front(page: Page, *names: str) -> None:
    for name in names:
        tab = page.get_by_role("tab", name=name, exact=True).filter(visible=True)
        expect(tab).to_have_attribute("aria-selected", "true")


def test_back_forward_and_reload_keep_the_place(open_page: OpenPage):
    page = open_page()
    page.get_by_role("textbox", name="Prompt").first.fill("kept")
    page.get_by_role("tab", name="Inside").click()
    page.wait_for_function("location.hash === '#tab=Inside/Sampler'")
    page.get_by_role("tab", name="Context").click()
    page.wait_for_function("location.hash === '#tab=Inside/Context'")
    page.reload()
    ready(page)
    in_front(page, "Inside", "Context")
    page.go_back()
    in_front(page, "Inside", "Sampler")
    page.go_back()
    in_front(page, "Play")
    expect(page.get_by_role("textbox", name="Prompt").first).to_have_value("kept")
    page.go_forward()
    in_front(page, "Inside", "Sampler")


def test_a_link_and_a_place_stand_side_by_side(open_page: OpenPage):
    page = open_page("#temperature=1.5&tab=Cost")
    in_front(page, "Cost")
    expect(page.locator("#cost-bar input").first).to_be_visible()  # its scripts came after those of the page
    page.get_by_role("tab", name="Play").click()
    expect(page.get_by_role("slider", name="Temperature", exact=True).first).to_have_value("1.5")
    page.wait_for_function("location.hash === '#temperature=1.5'")
    page.get_by_role("slider", name="Top-p", exact=True).first.fill("0.5")
    page.wait_for_function("location.hash === ''")


def test_the_sidebar_makes_room_for_cost_and_is_back_however_fast_tabs_and_widths_change(open_page: OpenPage):
    page = open_page()
    panel = page.locator("#settings")
    is_open, is_folded = re.compile(r"\bopen\b"), re.compile(r"^((?!\bopen\b).)*$")
    page.evaluate(
        "for (const n of [4, 0, 2, 0, 2]) document.querySelectorAll('[role=tablist] [role=tab]')[n % 3].click()"
    )
    page.get_by_role("tab", name="Cost").click()
    expect(panel).to_have_class(is_folded)
    page.get_by_role("tab", name="Inside").click()
    expect(panel).to_have_class(is_open)
    page.get_by_role("tab", name="Cost").click()
    expect(panel).to_have_class(is_folded)
    page.get_by_role("button", name="Prices and energy…").filter(visible=True).click()
    grid = page.get_by_label("Grid", exact=True)
    expect(grid).to_be_visible()
    grid.select_option("france")
    page.get_by_role("tab", name="Energy").click()
    expect(page.locator("#cost-energy [data-field=g_per_kwh] input").first).to_have_value("44")
    expect(panel).to_have_class(is_open)  # a person opened it: the change of width folds nothing
    page.get_by_role("tab", name="Play").click()
    page.set_viewport_size({"width": 1024, "height": 800})
    expect(panel).to_have_class(is_folded)
    page.set_viewport_size({"width": 1440, "height": 800})
    expect(panel).to_have_class(is_open)

"""The first screen: a click on an example fills prompt and settings in and runs; before, a recorded answer is shown."""

import pytest
from playwright.sync_api import Page, expect

from playground.ui.app import build_app
from tests.scripted import ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import NARROW, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Compare", "Reruns", "Cost")


def card(page: Page, title: str):
    return page.locator("#gallery").get_by_role("button", name=title)


def test_one_click_fills_prompt_and_settings_in_and_runs(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    recorded = page.get_by_role("group", name="Recorded tokens").locator(".tok")
    expect(recorded.first).to_be_visible()
    expect(page.locator("#gallery .made")).to_contain_text("recorded")
    assert not runner.answers
    card(page, "Sure and wrong").click()
    expect(page.locator(".chip").first).to_have_text("finished: end of answer")
    expect(page.get_by_role("textbox", name="Prompt").first).to_have_value("What is 17 times 24?")
    expect(page.get_by_role("slider", name="Temperature", exact=True)).to_have_value("0")
    expect(page.locator("#gallery .cards")).to_be_hidden()
    assert len(runner.answers) == 1


def test_an_example_of_another_tab_runs_there(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    page.get_by_role("tab", name="Compare").click()
    page.locator("#compare-mode input[value='turns']").check()  # the script makes no batches
    page.get_by_role("tab", name="Play").click()
    card(page, "Hot and cold").click()
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    panes = page.get_by_role("tabpanel").locator(".chip").filter(visible=True)
    expect(panes.nth(0)).to_have_text("finished: end of answer")
    expect(panes.nth(1)).to_have_text("finished: end of answer")
    assert {answer.settings.temperature for answer in runner.answers} >= {0.2, 1.8}
    page.get_by_role("tab", name="Play").click()
    card(page, "Which brand?").click()
    expect(page.get_by_role("tab", name="Reruns")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#rerun-mentions textarea")).to_have_value("Nike, Adidas")
    expect(page.locator("#reruns-run")).to_be_enabled()
    page.get_by_role("tab", name="Play").click()
    card(page, "What does a month cost?").click()
    expect(page.get_by_role("tab", name="Cost")).to_have_attribute("aria-selected", "true")


def test_the_first_screen_is_accessible_and_fits(open_page: OpenPage):
    page = open_page(**NARROW)
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page)


def test_examples_of_tabs_that_are_not_there_are_left_out(tmp_path):
    demo = build_app(ScriptedRunner(), user_presets_dir=tmp_path, rooms=[])
    (gallery,) = [one for one in demo.blocks.values() if getattr(one, "elem_id", None) == "gallery"]
    assert {one["tab"] for one in gallery.props["cards"]} == {"Play"}

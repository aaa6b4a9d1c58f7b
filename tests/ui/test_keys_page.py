"""The page by keyboard, and what a mistake costs: a hint at an empty prompt, and problems that end."""

import pytest
from playwright.sync_api import Page, expect

from tests.scripted import Script, ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Reruns", "Inside")


def tab(page: Page, name: str):
    return page.get_by_role("tab", name=name, exact=True)


def test_from_the_start_to_an_answer_and_through_the_tabs_by_keyboard(open_page: OpenPage, runner: ScriptedRunner):
    runner.script = Script(count=5000, tokens_per_s=20)
    page, press = open_page(), lambda *keys: [page.keyboard.press(key) for key in keys]
    prompt, run, stop = page.locator("#prompt textarea"), page.locator("#run-button"), page.locator("#stop-button")
    press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    assert violations(page) == []
    press("Enter")
    expect(prompt).to_be_focused()
    page.keyboard.type("why?")  # a text field takes the key that opens the list elsewhere
    press("Tab", "Enter")
    expect(stop).to_be_focused()
    assert run.get_attribute("aria-keyshortcuts") == "Control+Enter Meta+Enter"
    press("?")
    shortcuts = page.get_by_role("dialog")
    expect(shortcuts).to_be_visible()
    assert violations(page, "#shortcuts") == []
    press("Escape")
    expect(shortcuts).to_be_hidden()
    expect(stop).to_be_enabled()  # only the list closed
    press("Enter")
    expect(run).to_be_focused()
    press("Shift+Tab", "Shift+Tab")
    expect(tab(page, "Play")).to_be_focused()
    for key, name in (("ArrowRight", "Reruns"), ("End", "Inside"), ("ArrowRight", "Play"), ("ArrowLeft", "Inside")):
        press(key)
        expect(tab(page, name)).to_be_focused()
        expect(tab(page, name)).to_have_attribute("aria-selected", "true")
    tab(page, "Sampler").focus()
    press("ArrowRight")
    expect(tab(page, "Branches")).to_be_focused()
    expect(tab(page, "Branches")).to_have_attribute("aria-selected", "true")


def test_an_empty_prompt_is_a_hint_at_its_field_and_a_problem_goes_with_the_next_success(
    open_page: OpenPage, runner: ScriptedRunner
):
    page = open_page()
    problems = page.locator(".box.problem:visible")
    tab(page, "Inside").click()
    file = {"name": "a.json", "mimeType": "application/json", "buffer": b"{}"}
    page.locator("#inside-open input").set_input_files([file])
    expect(problems).to_have_count(1)
    wrong = problems.locator("b").inner_text()
    for name, field, button in (("Reruns", "#reruns-prompt", "#reruns-run"), ("Play", "#prompt", "#run-button")):
        tab(page, name).click()
        page.locator(button).click()
        expect(page.locator(f"{field} textarea")).to_be_focused()
        assert page.locator(f"{field} textarea").evaluate("field => field.validity.customError")
        expect(page.locator(button)).to_be_enabled()
        expect(page.locator(f"{field} textarea")).to_be_focused()
        expect(problems).to_have_count(0)
        assert page.locator('[data-phase="failed"]').count() == 0
    page.keyboard.type("one two three")
    assert not page.locator("#prompt textarea").evaluate("field => field.validity.customError")
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-phase="finished"]:visible')).to_have_count(1)
    tab(page, "Inside").click()
    expect(tab(page, "Inside")).to_have_attribute("aria-selected", "true")
    expect(problems.filter(has_text=wrong)).to_have_count(0)  # a step of this model is refused there, a while later

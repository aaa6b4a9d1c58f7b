"""The history of a browser: what ran is there after a reload, opens as it was, and goes when it is deleted."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.scripted import ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Compare",)


def ran(page: Page, prompt: str, count: int) -> None:
    page.locator("#prompt textarea").fill(prompt)
    page.locator("#run-button").click()
    expect(page.locator(".chip").first).to_have_text("finished: end of answer")
    expect(page.locator("#history [data-part]")).to_have_attribute("data-count", str(count))


def restored(page: Page) -> None:
    """A reloaded page shows the result that its address names."""
    expect(page.locator(".chip").first).to_have_text("finished: end of answer")


def entries(page: Page) -> Locator:
    page.locator("#play-history").click()
    return page.locator("#history .list li")


def test_what_ran_is_kept_over_a_reload_and_opens_as_it_was(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    ran(page, "one two three", 1)
    tokens = page.get_by_role("group", name="Output tokens").locator(".tok").all_text_contents()
    ran(page, "another prompt", 2)
    page.reload()
    restored(page)
    rows = entries(page)
    expect(rows).to_have_count(2)
    assert not violations(page)
    rows.filter(has_text="one two three").locator(".open").click()
    expect(page.locator("#prompt textarea")).to_have_value("one two three")
    expect(page.locator(".chip").first).to_have_text("finished: end of answer")
    assert page.get_by_role("group", name="Output tokens").locator(".tok").all_text_contents() == tokens
    assert len(runner.answers) == 2


def test_a_replaced_answer_comes_back_with_its_settings(open_page: OpenPage, runner: ScriptedRunner):
    page, back = open_page(), "#play-history ~ .back"
    ran(page, "one two three", 1)
    expect(page.locator(back)).to_be_hidden()
    page.get_by_role("slider", name="Temperature").fill("0")
    ran(page, "another prompt", 2)
    for prompt, temperature in (("one two three", "0.8"), ("another prompt", "0")):
        page.locator(back).click()
        expect(page.locator("#prompt textarea")).to_have_value(prompt)
        expect(page.get_by_role("slider", name="Temperature")).to_have_value(temperature)
    assert len(runner.answers) == 2


def test_the_address_names_the_result_and_it_comes_back_without_its_settings(
    open_page: OpenPage, runner: ScriptedRunner
):
    page = open_page("#run=7")  # of another browser: left out
    page.wait_for_function("location.hash === ''")
    expect(page.locator("#gallery .card").first).to_be_visible()
    ran(page, "one two three", 1)
    page.wait_for_function("location.hash.startsWith('#run=')")
    first = page.evaluate("location.hash")
    tokens = page.get_by_role("group", name="Output tokens").locator(".tok")
    answer = tokens.all_text_contents()
    ran(page, "another prompt", 2)
    page.wait_for_function("first => location.hash !== first", arg=first)
    page.locator("#prompt textarea").fill("changed since")
    page.get_by_role("slider", name="Temperature").fill("0.3")
    page.go_back()
    page.wait_for_function("first => location.hash === first", arg=first)
    expect(tokens).to_have_text(answer)
    page.reload()
    restored(page)
    expect(page.locator("#gallery .card").first).to_be_hidden()
    expect(tokens).to_have_text(answer)
    expect(page.locator("#meters")).to_contain_text("tok/s")
    page.go_forward()
    page.wait_for_function("first => location.hash !== first", arg=first)
    expect(tokens).not_to_have_text(answer)
    expect(page.locator("#prompt textarea")).to_have_value("changed since")
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("0.3")
    assert len(runner.answers) == 2
    assert page.evaluate("playground.runs.all().then(all => all.length)") == 2


def test_a_result_that_comes_after_the_address_has_moved_on_leaves_the_address(open_page: OpenPage):
    page = open_page()
    ran(page, "one two three", 1)
    page.wait_for_function("location.hash.startsWith('#run=')")
    first = page.evaluate("location.hash")
    ran(page, "another prompt", 2)
    page.wait_for_function("first => location.hash !== first", arg=first)
    second = page.evaluate("location.hash")
    page.evaluate("() => { window.given = []; playground.files.give = (kind, text) => given.push(text); }")
    page.go_back()
    page.wait_for_function("given.length === 1")  # the first result is on its way
    page.evaluate(
        """first => new Promise((done) => {
        const key = Number(first.slice('#run='.length));
        addEventListener('popstate', () => { playground.tabs.shows('play', 'run', key); done(); }, { once: true });
        history.forward();
    })""",
        first,
    )
    page.wait_for_function("given.length === 2")
    assert page.evaluate("location.hash") == second


def test_an_opened_file_can_be_taken_back_as_a_run_can(open_page: OpenPage, tmp_path: Path):
    page, back = open_page(), "#play-history ~ .back"
    ran(page, "one two three", 1)
    with page.expect_download() as saved:
        page.locator("#save-button").click()
    file = tmp_path / "run.json"
    file.write_text(saved.value.path().read_text().replace("one two three", "four five six"))
    page.locator("#play-open input").set_input_files(file)
    prompt = page.locator("#prompt textarea")
    for words in ("one two three", "four five six"):
        expect(page.locator("#history [data-part]")).to_have_attribute("data-count", "2")
        expect(prompt).not_to_have_value(words)
        page.locator(back).click()
        expect(prompt).to_have_value(words)


def test_two_runs_stand_side_by_side(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    ran(page, "one two three", 1)
    page.get_by_role("slider", name="Temperature").fill("0")
    ran(page, "one two three", 2)
    rows = entries(page)
    compare = page.locator("#history .compare")
    expect(compare).to_be_disabled()
    for place in (1, 0):  # the first one marked is the reference
        rows.nth(place).get_by_role("checkbox").check()
    compare.click()
    expect(page.locator("#compare-diffs")).to_be_visible()
    expect(page.locator("#compare-A-settings")).to_contain_text("0.8")  # what differs from the sidebar
    expect(page.get_by_role("group", name="Output tokens of pane A").locator(".tok").first).to_be_visible()
    assert len(runner.answers) == 2
    assert not violations(page)


def test_one_or_all_can_be_deleted(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    ran(page, "one two three", 1)
    ran(page, "another prompt", 2)
    rows = entries(page)
    rows.filter(has_text="another prompt").get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(1)
    page.locator("#history .clear").click()
    expect(rows).to_have_count(0)
    assert page.evaluate("playground.runs.all()") == []

"""A saved file opens wherever it is given, in the tab that shows its kind; a link after a run gives that run again."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.scripted import ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Compare",)
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    window.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


def ran(page: Page, prompt: str) -> Page:
    page.get_by_role("textbox", name="Prompt").first.fill(prompt)
    page.locator("#run-button").click()
    expect(page.locator(".chip").first).to_have_text("finished: end of answer")
    return page


def save(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.locator("#save-button").click()
    download.value.save_as(folder / "run.json")
    return folder / "run.json"


def shown(page: Page) -> list[str]:
    """Tokens and meters of Play; a dash stands for what only a run that goes on can know."""
    tokens = page.get_by_role("group", name="Output tokens").locator(".tok").all_text_contents()
    figures = ("ttft", "decode", "prefill", "tokens", "elapsed", "weights", "cost", "own")
    return tokens + [page.locator(f'#meters [data-k="{one}"]').first.inner_text() for one in figures]


def test_a_run_saved_in_play_opens_in_play_from_any_tab(open_page: OpenPage, runner: ScriptedRunner, tmp_path: Path):
    page = ran(open_page(), "one two three")
    before, file = shown(page), save(page, tmp_path)
    other = open_page()
    other.get_by_role("tab", name="Compare").click()
    other.locator("#compare-open input").set_input_files(file)
    expect(other.locator(".chip").first).to_have_text("finished: end of answer")
    expect(other.get_by_role("textbox", name="Prompt").first).to_have_value("one two three")
    assert shown(other) == before
    assert len(runner.answers) == 1
    assert not violations(other)
    assert json.loads(save(other, tmp_path).read_text("utf-8")) == json.loads(file.read_text("utf-8"))


def test_a_dropped_file_opens_and_a_wrong_one_says_so(open_page: OpenPage, runner: ScriptedRunner, tmp_path: Path):
    page = ran(open_page(), "one two three")
    text = save(page, tmp_path).read_text("utf-8")
    other = open_page()
    other.evaluate(DROP, ["notes.json", '{"kind": "shopping"}'])
    expect(other.locator("#play-notice .box.problem")).to_be_visible()
    other.evaluate(DROP, ["run.json", text])
    expect(other.locator(".chip").first).to_have_text("finished: end of answer")
    expect(other.locator("#play-notice .box.problem")).to_have_count(0)


def test_a_link_after_a_run_gives_the_same_answer(open_page: OpenPage, runner: ScriptedRunner):
    page = ran(open_page(), "one two three")
    page.locator("#share-button").click()
    page.wait_for_function("location.hash.includes('random_seed=false')")
    other = open_page(page.evaluate("location.hash"))
    other.locator("#run-button").click()
    expect(other.locator(".chip").first).to_have_text("finished: end of answer")
    assert len({one.evaluate("playground.settings().seed") for one in (page, other)}) == 1

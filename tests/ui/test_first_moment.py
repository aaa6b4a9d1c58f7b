"""What a person does the moment the page shows, on a slow machine: nothing is lost, and nothing moves."""

import pytest
from playwright.sync_api import Page, expect

from tests.scripted import ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import ready

pytestmark = pytest.mark.browser
ROOMS = ()
SLOWER = 6  # times
AT_ONCE = """(() => {
  const look = () => {
    const run = document.getElementById('run-button');
    if (!run?.checkVisibility({ visibilityProperty: true })) { requestAnimationFrame(look); return; }
    window.acted = true;
    act();
  };
  const type = (where, text) => {
    const field = document.querySelector(where);
    field.focus();
    document.execCommand('selectAll');
    document.execCommand('insertText', false, text);
  };
  const choose = (where, value) => {
    const field = document.querySelector(where);
    field.value = value;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const press = (where) => document.querySelector(where).click();
  const act = () => { ACTIONS };
  requestAnimationFrame(look);
})()"""


def reload_and_at_once(page: Page, actions: str) -> None:
    """Open the page again, slowly, and act in the first frame that shows the button."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(AT_ONCE.replace("ACTIONS", actions))
    page.reload()
    page.wait_for_function("window.acted")
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})


def stored(open_page: OpenPage, prompt: str) -> Page:
    page = open_page()
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.wait_for_function("text => sessionStorage.getItem('playground:settings:1')?.includes(text)", arg=prompt)
    return page


def test_run_at_once_runs_what_was_stored(open_page: OpenPage, runner: ScriptedRunner):
    page = stored(open_page, "one two three")
    reload_and_at_once(page, "press('#run-button')")
    expect(page.locator(".chip")).to_have_text("finished: end of answer")
    assert len(runner.answers) == 1


def test_words_and_choices_of_the_first_moment_stay(open_page: OpenPage, runner: ScriptedRunner):
    page = stored(open_page, "the old prompt")
    reload_and_at_once(
        page, "type('#prompt textarea', 'typed'); choose('#quantization-select', 'int8'); press('#share-button')"
    )
    ready(page)
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("typed")
    expect(page.locator("#quantization-select")).to_have_value("int8")
    page.wait_for_function("location.hash.includes('prompt=typed') && location.hash.includes('quantization=int8')")


def test_nothing_moves_while_the_page_comes(open_page: OpenPage):
    page = open_page()
    page.add_init_script("""new PerformanceObserver((list) => {
      for (const one of list.getEntries()) window.moved = (window.moved || 0) + one.value;
    }).observe({ type: 'layout-shift', buffered: true })""")
    page.reload()
    ready(page)
    assert page.evaluate("window.moved || 0") < 0.01

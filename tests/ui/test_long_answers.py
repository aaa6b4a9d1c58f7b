"""A long answer in the page: what is sent, drawn and kept does not depend on how long it has become."""

import json

import pytest
from playwright.sync_api import Request, expect

from playground.ui.components.feed import MOST_LINES
from tests.scripted import Script, ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.test_journeys import ask, tokens_of

pytestmark = pytest.mark.browser
ROOMS = ()

FLOWING = [" word", " and", " another", ",", " light", "house"] * 100  # no line end: the width breaks the lines
BROKEN = [" a", " line", ".\n"] * 500
WATCH = """() => {
  window.added = [];
  new MutationObserver((records) => {
    let count = 0;
    for (const record of records) for (const node of record.addedNodes) if (node.matches?.('.tok')) count += 1;
    window.added.push(count);
  }).observe(document.querySelector('.toks'), { childList: true, subtree: true });
}"""
COPIED = """() => {
  const out = document.querySelector('.toks'), data = new DataTransfer(), range = document.createRange();
  range.selectNodeContents(out);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  out.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }));
  return data.getData('text/plain');
}"""


def test_a_long_answer_comes_and_is_drawn_in_pieces_of_one_size(open_page: OpenPage, runner: ScriptedRunner):
    texts = [*FLOWING, *BROKEN]
    runner.script = Script(tokens=texts, tokens_per_s=3000)
    page = open_page()
    page.evaluate(WATCH)
    starts: list[int] = []

    def note(request: Request) -> None:
        if request.url.endswith("component_server/"):
            starts.append(json.loads(request.post_data or "")["data"][1])

    page.on("request", note)
    ask(page, "one two three")
    expect(tokens_of(page)).to_have_count(len(texts))
    lines = len(texts) + 2  # with those that say that the prompt was read, and how the answer ended
    assert starts == sorted(starts)
    assert starts[-1] == lines  # the last question says that everything came
    assert len(starts) >= lines / MOST_LINES
    added = page.evaluate("window.added")
    assert max(added) <= 2 * MOST_LINES  # of a piece; a part that is folded moves some of its own
    assert page.evaluate(COPIED) == "".join(texts)  # parts add no line ends of their own
    parts = page.locator(".toks .part")
    assert page.locator(".toks .folded").count() > 0
    assert page.locator(".toks .part:not(.done)").count() <= 1
    assert max(parts.evaluate_all("(parts) => parts.map((part) => part.children.length)")) <= 256 + MOST_LINES
    expect(page.locator(".toks .tok[aria-current='true']")).to_be_in_viewport()  # that is inspected in the end


def test_parts_are_walked_by_keys_as_one_text_and_join_when_the_width_changes(
    open_page: OpenPage, runner: ScriptedRunner
):
    runner.script = Script(tokens=FLOWING, tokens_per_s=3000)
    page = open_page()
    ask(page, "one two three")
    tokens = tokens_of(page)
    expect(tokens).to_have_count(len(FLOWING))
    first = int(page.locator(".toks .folded > .tok").first.get_attribute("data-index") or 0)
    tokens.nth(first).focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text(f"token {first} of {len(FLOWING)}")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_text(f"token {len(FLOWING)} of {len(FLOWING)}")).to_be_visible()
    page.set_viewport_size({"width": 900, "height": 900})
    expect(page.locator(".toks .folded")).to_have_count(0)
    assert "".join(tokens.all_text_contents()) == "".join(FLOWING)

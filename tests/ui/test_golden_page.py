"""Every part of the page that has an id, and role and name of what stands there from the beginning."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.golden.compare import same
from tests.ui.pages import OpenPage

pytestmark = pytest.mark.browser
TABS = {
    "Play": (),
    "Compare": (),
    "Reruns": ("Answers", "Determinism", "Load"),
    "Inside": ("Sampler", "Branches", "Context", "Layers"),
    "Optimise": (),
    "Cost": ("Month", "Own hardware", "Agents", "Retrieval or training", "Cascade and cache", "Energy"),
}
_PASSING = re.compile(
    r"- (text|status|paragraph|listitem|definition)\b|Parts of the context|\"template \d"
)  # comes and goes
_MADE = re.compile(r"^(component-|html-|svelte|input-|radio-|range_id|tip-)")  # made by Gradio or by a part
_IDS = "[...document.querySelectorAll('[id]')].map((one) => one.id)"


def _tabs(page: Page) -> Iterator[str]:
    for name, sections in TABS.items():
        page.get_by_role("tab", name=name, exact=True).click()
        yield name
        for section in sections:
            page.get_by_role("tab", name=section, exact=True).click()
            if section == "Context":  # reads its example when it opens
                expect(page.get_by_role("group", name="Tokens of the text")).to_be_visible()
                expect(page.get_by_role("figure", name="Characters per token by language")).to_be_visible()
            yield f"{name}, {section}"


def test_ids_roles_and_names_are_as_agreed(open_lab: OpenPage):
    page = open_lab()
    ids, lines = set[str](), list[str]()
    for place in _tabs(page):
        expect(page.get_by_role("tabpanel").first).to_be_visible()
        ids |= {name for name in page.evaluate(_IDS) if not _MADE.match(name)}
        lines += [f"== {place}", *page.locator("body").aria_snapshot().splitlines()]
    named = [re.sub(r"\d[\d.,]*", "0", line) for line in lines if not _PASSING.search(line)]
    same("ids.txt", "\n".join(sorted(ids)) + "\n")
    same("names.txt", "\n".join(named) + "\n")

"""What a person does with a loop in Cost, Agents: in a real browser, with a real runner over a tiny model."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from playground.experiments.agents.records import AgentRecord
from playground.experiments.documents import parse_document
from tests.ui.lab import OpenPage, open_tab
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Inside", "Cost")


def agents(open_lab: OpenPage, **options: object) -> Page:
    """The section, asked for two short steps."""
    page = open_tab(open_lab, "Cost", **options)
    page.get_by_role("tab", name="Agents", exact=True).click()
    expect(page.locator("#agents-run")).to_be_visible()
    for name, value in {"steps": 2, "answer_tokens": 4, "passage_tokens": 8}.items():
        page.locator(f"#agents-{name} input").fill(str(value))
    return page


def run(page: Page) -> AgentRecord:
    page.locator("#agents-run").click()
    expect(page.locator("#agents-stage .words")).to_have_text(re.compile("^finished: "))
    expect(page.locator("#agents-run")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#agents-save").click()
    record = parse_document(Path(download.value.path()).read_text("utf-8"))
    assert isinstance(record, AgentRecord)
    return record


def test_what_was_said_is_folded_and_shown_as_text(open_lab: OpenPage):
    page = agents(open_lab)
    page.locator("#agents-prompt textarea").fill("Read <img src=x onerror=window.__x=1>${window.__y=1}")
    record = run(page)
    rows = page.locator("#agents-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text(f"{record.steps[1].calls[0].cached_tokens:,}")
    page.locator("#agents-said button").first.click()
    turns = page.locator("#agents-said-turns li")
    expect(turns).to_have_count(2)
    expect(turns.first).to_contain_text("onerror")
    expect(turns.nth(1)).to_contain_text("Tool")
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
    assert violations(page) == []


def test_only_the_fields_of_the_chosen_history_are_shown(open_lab: OpenPage):
    page = agents(open_lab)
    kept, every = page.locator("#agents-keep_steps"), page.locator("#agents-summary_every")
    for way, shown in (("full", ()), ("truncated", (kept,)), ("summarised", (every,))):
        page.locator("#agents-strategy-select").select_option(way)
        for field in (kept, every):
            expect(field).to_be_visible(visible=field in shown)
    every.locator("input").fill("1")
    page.locator("#agents-summary_tokens input").fill("3")
    assert [len(step.calls) for step in run(page).steps] == [1, 2]

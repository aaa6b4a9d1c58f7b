"""What a person does with a loop in Cost, Agents: in a real browser, with a real runner over a tiny model."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from playground.backends import chain
from playground.engine.events import Event
from playground.engine.generate import stream
from playground.experiments.agents.records import AgentRecord
from playground.experiments.documents import parse_document
from tests.ui.lab import OpenPage, open_tab
from tests.ui.pages import violations

pytestmark = pytest.mark.browser


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


def test_a_loop_is_run_shown_saved_and_opened_again(open_lab: OpenPage, tmp_path: Path):
    page = agents(open_lab)
    page.locator("#agents-task textarea").fill("Read <img src=x onerror=window.__x=1>${window.__y=1}")
    record = run(page)
    assert len(record.steps) == 2
    rows = page.locator("#agents-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text(f"{record.steps[1].calls[0].cached_tokens:,}")
    expect(page.locator("#agents-told")).to_contain_text("2 steps read")
    page.get_by_role("button", name="What was said").click()
    expect(page.locator("#agents-turns li")).to_have_count(2)
    expect(page.locator("#agents-turns li").first).to_contain_text("onerror")
    expect(page.locator("#agents-turns li").nth(1)).to_contain_text("Tool")
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
    assert violations(page) == []
    saved = tmp_path / "agent.json"
    saved.write_text(record.to_json(), "utf-8")
    other = agents(open_lab, width=390, height=844, theme="dark")
    other.locator("#agents-open input").set_input_files(saved)
    expect(other.locator("#agents-stage .words")).to_have_text("opened: 2 of 2 steps, tiny-llama")
    expect(other.locator("#agents-table tbody tr")).to_have_count(2)
    assert violations(other) == []
    assert other.evaluate("document.documentElement.scrollWidth") <= 390


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


def slowly(*args: Any, **keywords: Any) -> Iterator[Event]:
    """The engine's stream, slow enough for a person to stop it."""
    for event in stream(*args, **keywords):
        time.sleep(0.05)
        yield event


def test_a_wrong_number_is_told_and_a_stop_keeps_what_is_done(open_lab: OpenPage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chain, "stream", slowly)
    page = agents(open_lab)
    page.locator("#agents-task textarea").fill("Read.")
    page.locator("#agents-steps input").fill("99")
    page.locator("#agents-run").click()
    expect(page.locator("#agents .notice .box")).to_contain_text("Steps must be a whole number from 1 to 8")
    page.locator("#agents-steps input").fill("8")
    page.locator("#agents-answer_tokens input").fill("40")
    page.locator("#agents-run").click()
    expect(page.locator("#agents-table tbody tr").first).to_be_visible()
    page.locator("#agents-stop").click()
    expect(page.locator("#agents-stage .words")).to_have_text(re.compile("^stopped: "))
    expect(page.locator("#agents-run")).to_be_enabled()
    expect(page.locator("#agents-table tbody tr").first).to_be_visible()

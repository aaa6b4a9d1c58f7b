"""Optimise in the page: measure, look at another panel and come back, save, open; axe, dark, 390 px."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from playground.experiments.documents import parse_document
from playground.experiments.optimise.records import OptimisationRecord
from playground.ui.rooms.optimise.layout import panels
from tests.ui.pages import NARROW, OpenPage, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Optimise",)


def test_a_panel_is_measured_kept_saved_and_opened(open_lab: OpenPage, tmp_path: Path):
    page = open_lab(**NARROW)
    page.get_by_role("tab", name="Optimise").click()
    page.locator("#optimise-prompt textarea").fill("Hello there")
    page.locator("#optimise-kv-cache-tokens input").fill("8")
    page.locator("#optimise-cycles input").fill("2")
    page.locator("#optimise-run").click()
    phase, verdict = page.locator("#optimise-stage [data-phase]").first, page.locator("#optimise-verdict .line")
    expect(phase).to_have_attribute("data-phase", "finished")
    expect(verdict).not_to_be_empty()
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page, "#optimise")
    said = verdict.inner_text()

    radios = page.locator("#optimise-panel input")
    if len(panels()) > 1:  # another panel has no result yet; the first one's is still there
        radios.nth(1).check(force=True)
        expect(verdict).to_be_empty()
        expect(page.locator("#optimise-kv-cache-tokens")).to_be_hidden()
        radios.first.check(force=True)
        expect(verdict).to_have_text(said, use_inner_text=True)
        expect(page.locator("#optimise-kv-cache-tokens")).to_be_visible()

    with page.expect_download() as download:
        page.locator("#optimise-save").click()
    saved = tmp_path / "saved.json"
    download.value.save_as(saved)
    record = parse_document(saved.read_text("utf-8"))
    assert isinstance(record, OptimisationRecord)
    page.reload()
    page.locator("#optimise-open input[type=file]").set_input_files(saved)
    expect(verdict).to_have_text(record.verdict, use_inner_text=True)
    expect(page.locator("#optimise-kv-cache-tokens input")).to_have_value("8")


def test_stop_keeps_the_complete_cycles_and_a_wrong_value_is_refused(open_lab: OpenPage):
    page = open_lab()
    page.get_by_role("tab", name="Optimise").click()
    page.locator("#optimise-prompt textarea").fill("Hello there")
    page.locator("#optimise-kv-cache-tokens input").fill("9999")
    page.locator("#optimise-run").click()
    phase = page.locator("#optimise-stage [data-phase]").first
    expect(phase).to_have_attribute("data-phase", "failed")
    page.locator("#optimise-kv-cache-tokens input").fill("64")
    page.locator("#optimise-cycles input").fill("50")
    page.locator("#optimise-run").click()
    expect(page.locator("#optimise-verdict .line")).not_to_be_empty()  # one cycle is done
    page.locator("#optimise-stop").click()
    expect(phase).to_have_attribute("data-phase", "stopped")
    expect(page.locator("#optimise-run")).to_be_enabled()

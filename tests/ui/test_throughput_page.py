"""What a person does in Cost, Own hardware, to measure this machine: in a real browser, over a tiny model."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from playground.experiments.documents import parse_document
from playground.experiments.throughput.experiment import ThroughputRecord
from tests.ui.lab import OpenPage, open_tab
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Cost",)


def section(open_lab: OpenPage, **options: object) -> Page:
    page = open_tab(open_lab, "Cost", **options)
    page.get_by_role("tab", name="Own hardware", exact=True).click()
    expect(page.locator("#throughput-run")).to_be_visible()
    return page


def ask(page: Page, batches: str, output_tokens: int) -> None:
    page.get_by_label("Rows of each batch").fill(batches)
    tokens = page.get_by_label("Tokens of each answer")
    tokens.fill(str(output_tokens))
    tokens.press("Tab")
    page.get_by_role("button", name="Measure here").click()


def test_measuring_fills_charts_and_table_and_the_file_opens_again(open_lab: OpenPage, tmp_path: Path):
    page = section(open_lab)
    words, rows = page.locator("#throughput-stage .words"), page.locator("#throughput-table tbody tr")
    ask(page, "1, 40", 4)
    expect(page.locator("#throughput-stage")).to_contain_text("whole numbers from 1 to 32")
    expect(page.get_by_label("Rows of each batch")).to_have_value("1, 40")
    ask(page, "1, 4", 4)
    expect(words).to_have_text("finished: 2 of 2 batch sizes")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("tok/s")
    expect(page.locator("#throughput-rates svg rect").first).to_be_visible()
    expect(page.locator("#throughput-run")).to_be_enabled()
    page.wait_for_function("window.playground.cost.offered.some((one) => one.kind === 'throughput')")
    with page.expect_download() as saving:
        page.locator("#throughput-save").click()
    saving.value.save_as(tmp_path / "t.json")
    record = parse_document((tmp_path / "t.json").read_bytes())
    assert isinstance(record, ThroughputRecord)
    assert [batch.rows for batch in record.batches] == [1, 4]
    assert not violations(page)
    page.reload()
    page.get_by_role("tab", name="Cost", exact=True).click()
    page.get_by_role("tab", name="Own hardware", exact=True).click()
    hostile = json.loads((tmp_path / "t.json").read_text())
    hostile["environment"]["processor"] = "<img src=x onerror=window.__x=1>"
    (tmp_path / "t.json").write_text(json.dumps(hostile))
    page.locator("#throughput-open input[type=file]").set_input_files(tmp_path / "t.json")
    expect(words).to_have_text("opened: 2 of 2 batch sizes, tiny-llama fp32")
    expect(page.locator("#throughput-table .note")).to_contain_text("<img src=x")
    assert page.evaluate("window.__x") is None
    expect(page.get_by_label("Rows of each batch")).to_have_value("1, 4")
    expect(page.get_by_label("Tokens of each answer")).to_have_value("4")


def test_stop_keeps_the_batches_that_are_done_on_a_narrow_page_too(open_lab: OpenPage):
    page = section(open_lab, width=390, height=844)
    ask(page, ", ".join(str(rows) for rows in range(21, 33)), 380)
    expect(page.locator("#throughput-table tbody tr").first).to_be_visible()
    page.locator("#throughput-stop").click()
    words = re.compile("^stopped: [1-9] of 12 batch sizes$")
    expect(page.locator("#throughput-stage .words")).to_have_text(words)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not violations(page)

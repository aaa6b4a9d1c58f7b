"""Optimise in the page: measure, look at another panel and come back, save, open; axe, dark, 390 px."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from playground.experiments.documents import parse_document
from playground.experiments.optimise.records import OptimisationRecord
from playground.ui.rooms.optimise.layout import panels
from tests.ui.pages import NARROW, OpenPage, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Optimise", "Cost")


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


def test_a_verdict_leads_to_the_calculator_that_uses_its_number_as_measured(open_lab: OpenPage):
    page = open_lab(**NARROW)
    page.get_by_role("tab", name="Cost").click()
    page.locator("#cost-sections").get_by_role("tab", name="Own hardware").click()
    row = page.locator('#cost-own_hardware [data-field="throughput_tokens_per_s"]')
    row.locator("input[type=text]").fill("7")
    page.get_by_role("tab", name="Optimise").click()
    page.locator("#optimise-prompt textarea").fill("Hello there")
    page.locator("#optimise-panel input[value=batching]").check(force=True)
    page.locator("#optimise-batching-rows input").fill("2")
    page.locator("#optimise-batching-tokens input").fill("4")
    page.locator("#optimise-cycles input").fill("2")
    page.locator("#optimise-run").click()
    use = page.locator("#optimise-cost")
    link = use.get_by_role("link")
    expect(link).to_be_visible()
    figure = re.search(r"[\d,.]+(?= tok/s)", use.inner_text())
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page, "#optimise-cost")
    link.click()
    expect(row.locator("input[type=text]")).to_be_focused()
    expect(row.locator(".from")).to_have_text("measured")
    assert figure
    shown = row.locator("input[type=text]").input_value()
    assert float(shown.replace(",", "")) == pytest.approx(float(figure[0].replace(",", "")), rel=0.005)
    taken = page.locator("#cost-taken option:checked")
    expect(taken).to_have_text(re.compile("Batching: 2 rows"))
    expect(page.locator("#cost-taken option", has_text="Batching")).to_have_count(1)
    page.go_back()
    expect(link).to_be_visible()


def test_a_link_opens_the_chosen_panel_with_its_fields(open_lab: OpenPage):
    page = open_lab()
    page.get_by_role("tab", name="Optimise").click()
    page.locator("#optimise-prompt textarea").fill("Hello there")
    page.locator("#optimise-kv-cache-tokens input").fill("9")
    page.locator("#optimise-panel input[value=batching]").check(force=True)
    page.locator("#optimise-batching-rows input").fill("2, 6")
    page.get_by_label("Quick").check()
    page.locator("#optimise-link").click()
    page.wait_for_function("location.hash.includes('optimise-panel=batching')")
    other = open_lab(page.evaluate("location.hash"))
    expect(other.locator("#optimise-about")).to_contain_text("Batching")
    expect(other.locator("#optimise-panel input[value=batching]")).to_be_checked()
    expect(other.locator("#optimise-batching-rows input")).to_have_value("2, 6")
    expect(other.get_by_label("Quick")).to_be_checked()
    expect(other.locator("#optimise-cycles input")).to_have_value("5")
    expect(other.locator("#optimise-prompt textarea")).to_have_value("Hello there")
    other.locator("#optimise-panel input[value=kv-cache]").check(force=True)
    expect(other.locator("#optimise-kv-cache-tokens input")).to_have_value("64")  # that is of another panel


def test_lines_drawn_before_are_compared_with_the_measured_ones(open_lab: OpenPage):
    page = open_lab(**NARROW)
    page.get_by_role("tab", name="Optimise").click()
    page.locator("#optimise-prompt textarea").fill("Hello there")
    guess = page.locator("#optimise-guess")
    guess.locator("summary").focus()
    page.keyboard.press("Enter")
    shape = guess.get_by_label("Shape, with a KV cache")
    shape.focus()
    page.keyboard.press("ArrowDown")  # by keys: flat
    expect(guess.locator("path.drawn.time[d*=L]")).to_be_attached()
    guess.get_by_label("without a cache", exact=True).check()
    guess.locator(".plot").scroll_into_view_if_needed()
    box = guess.locator(".plot").bounding_box()  # by pointer: rising
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 180)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + 60, steps=5)
    page.mouse.up()
    hand = guess.get_by_label("Shape, without a cache")
    expect(hand).to_have_value("hand")
    end = guess.get_by_label(re.compile("^Times .*, without a cache")).input_value()
    assert float(end) > 3
    page.locator("#optimise-kv-cache-tokens input").fill("8")
    page.locator("#optimise-cycles input").fill("2")
    expect(guess.locator("path.measured")).to_have_count(0)
    page.locator("#optimise-run").click()
    said = guess.locator(".said")
    expect(said).to_contain_text(f"Without: drawn to {float(end):g} times")
    expect(said).to_contain_text("With a KV cache: drawn to 1 times")
    expect(guess.locator("path.measured")).to_have_count(2)
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page, "#optimise-guess")
    hand.select_option("flat")  # compared again at once
    expect(said).to_contain_text("Without: drawn to 1 times")

    page.locator("#optimise-panel input[value=batching]").check(force=True)
    expect(guess).to_be_hidden()
    page.locator("#optimise-panel input[value=kv-cache]").check(force=True)
    expect(shape).to_have_value("flat")  # the drawing stays while the page is open
    expect(guess.locator("path.measured")).to_have_count(2)

"""The tables of list prices in a real browser, over a tiny model: computed live, editable, one choice for all."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.data.presets import PriceChoices, load_list
from playground.metrics.cost import api_cost
from playground.metrics.prices import rates, reference_models
from playground.paths import presets_dir
from tests.ui.lab import OpenPage, open_tab, set_slider
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Compare", "Reruns")
FIRST = [model.id for model in load_list(PriceChoices, presets_dir() / "prices.yaml").models]
ENDED = re.compile(r"^(\d+) tokens in, 0 of them cached, (\d+) out$")


def ran(open_lab: OpenPage, tokens: int = 6, **options: Any) -> tuple[Page, Locator]:
    """Play with its table open and a short run ended."""
    page = open_tab(open_lab, "Play", **options)
    table = page.locator("#play-prices")
    table.locator("summary").click()
    expect(table).to_contain_text("Prices appear with the first run.")
    set_slider(page, "Max new tokens", tokens)
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(table.locator(".counts")).to_have_text(re.compile(rf", {tokens} out$"))
    return page, table


def cells(table: Locator) -> list[dict[str, str]]:
    """Rows as id, total, times, input, cached and output."""
    return table.locator("tbody tr").evaluate_all(
        """rows => rows.map(row => {
          const [total, times, input, cached, output] = [...row.querySelectorAll('td')].map(cell => cell.textContent);
          return { id: row.querySelector('.remove').dataset.id, total, times, input, cached, output };
        })"""
    )


def read_again(page: Page) -> list[Any]:
    """Models and factor as a page reads them that has just been told of a change in another tab."""
    page.evaluate("dispatchEvent(new StorageEvent('storage', { key: 'playground:prices:1' }))")
    return page.evaluate("[window.playground.prices.chosen(), window.playground.prices.factor()]")


def shown(rows: list[dict[str, str]], column: str) -> list[Any]:
    """Figures as they are shown, with two digits: half a unit of the second may be missing."""
    return [pytest.approx(float(row[column].removeprefix("$")), rel=0.051) for row in rows]


def test_the_run_is_priced_at_ten_models_cheapest_first_as_python_prices_it(open_lab: OpenPage):
    page, table = ran(open_lab)
    counts = ENDED.match(table.locator(".counts").inner_text())
    assert counts
    tokens = int(counts[1]), int(counts[2])
    rows = cells(table)
    assert sorted(row["id"] for row in rows) == sorted(FIRST)
    costs = [api_cost(row["id"], *tokens) for row in rows]
    assert [float(cost.total_usd) for cost in costs] == shown(rows, "total")
    assert [float(cost.output_usd) for cost in costs] == shown(rows, "output")
    assert costs == sorted(costs, key=lambda cost: cost.total_usd)
    assert rows[0]["times"].endswith(" 1")
    assert violations(page) == []
    table.get_by_label("as if sent again with its prompt cached").check()
    cached = [api_cost(row["id"], *tokens, tokens[0]) for row in cells(table)]
    assert [float(cost.cached_usd) for cost in cached] == shown(cells(table), "cached")
    none = next(id for id in FIRST if not rates(id).has_cached)
    expect(table.locator("tr", has_text=none)).to_contain_text("no cached rate in the list")


def test_models_are_added_and_removed_in_all_tables_at_once_and_kept_for_the_next_visit(open_lab: OpenPage):
    page = open_tab(open_lab, "Play")
    table = page.locator("#play-prices")
    table.locator("summary").click()
    name, add = table.get_by_label("Add by name"), table.get_by_role("button", name="Add", exact=True)
    name.fill("gpt-4o mini")
    add.click()
    expect(table.locator(".choose .problem")).to_contain_text("is not in the price list. Near it: ")
    expect(name).to_have_value("gpt-4o mini")
    name.fill("openai:gpt-4o")
    add.click()
    expect(table.locator(".choose .problem")).to_contain_text("holds 10 models")
    table.get_by_role("button", name="Remove").first.click()
    add.click()
    expect(table.locator("tbody")).to_contain_text("openai/gpt-4o")
    table.get_by_label("API tokens per local token").fill("1.5")
    page.get_by_role("tab", name="Reruns", exact=True).click()
    other = page.locator("#reruns-prices")
    other.locator("summary").click()
    expect(other.locator("tbody tr")).to_have_count(10)
    assert {row["id"] for row in cells(other)} == {row["id"] for row in cells(table)} != set(FIRST)
    expect(other.get_by_label("API tokens per local token")).to_have_value("1.5")
    assert "openai/gpt-4o" in read_again(page)[0]
    assert read_again(page)[1] == 1.5
    stored = json.dumps({"ids": ["no/such", 7], "factor": "x"})
    page.evaluate("text => localStorage.setItem('playground:prices:1', text)", stored)
    assert read_again(page) == [FIRST, 1]


def test_the_page_knows_of_every_model_exactly_what_python_knows_and_fits_a_narrow_screen(open_lab: OpenPage):
    page = open_tab(open_lab, "Play", width=390)
    table = page.locator("#play-prices")
    assert page.evaluate("window.playground.prices.as_of") == "", "the list comes when it is needed"
    table.locator("summary").click()
    expect(table.locator("tbody tr")).to_have_count(len(FIRST))
    known = page.evaluate("window.playground.prices.all")
    told = [
        {"id": one.id, "title": one.title, "context_window": one.context_window, **one.plain()}
        for one in reference_models()
    ]
    assert known == {one["id"]: one for one in json.loads(json.dumps(told, default=float))}
    total = table.locator("tbody tr").first.locator(".figure").bounding_box()
    assert total
    assert total["x"] + total["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert violations(page) == []


def test_reruns_and_panes_are_priced_while_they_run_each_run_as_a_request(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns", width=1240, theme="dark")
    set_slider(page, "Max new tokens", 5)
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.get_by_role("spinbutton", name="Runs").fill("3")
    table = page.locator("#reruns-prices")
    table.locator("summary").click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(table.locator(".counts")).to_have_text(re.compile(r" tokens in of 3 requests, 0 of them cached, 15 out$"))
    expect(page.locator("#reruns-status .words")).to_have_text("finished: 3 runs")
    prompt = int(table.locator(".counts").inner_text().split()[0]) // 3
    row = cells(table)[0]
    assert [3 * float(api_cost(row["id"], prompt, 5).total_usd)] == shown([row], "total")
    assert violations(page) == []
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    panes = page.locator("#compare-prices")
    panes.locator("summary").click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(panes.locator(".counts")).to_contain_text(", 5 out")
    panes.get_by_label("Pane").select_option("B")
    expect(panes.locator(".counts")).to_contain_text(", 5 out")
    assert violations(page) == []


def test_the_menu_of_reference_prices_holds_the_whole_list(open_lab: OpenPage):
    page = open_tab(open_lab, "Play")
    chosen = next(one for one in reference_models() if one.id.startswith("anthropic/") and len(one.input) == 1)
    page.get_by_role("button", name="Prices").click()
    menu = page.locator("#reference-price input")
    menu.fill(chosen.title)
    page.locator("#reference-price").get_by_role("option").first.click()
    expect(page.locator("#reference-rates")).to_contain_text(chosen.id)
    menu.fill("no such model")
    menu.blur()
    expect(menu).to_have_value(re.compile(re.escape(chosen.title)))

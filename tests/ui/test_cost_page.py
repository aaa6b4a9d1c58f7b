"""The Cost tab in a browser: calculated in the page, checked at the fields, taken along and shared."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.experiments.costing.fields import load_cost_fields
from playground.experiments.costing.records import CostSheet
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.costing.sheet import CostRequest, Lengths, build_sheet, sheet_again
from playground.paths import presets_dir
from playground.runs.records import parse_as
from playground.views.format import NOTHING
from tests.ui.lab import OpenPage, open_tab
from tests.ui.pages import NARROW, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Cost",)
TABS = tuple(dict.fromkeys(section.tab for section in SECTIONS))
FIELDS = load_cost_fields(presets_dir() / "cost.yaml")


def section(page: Page, name: str) -> None:
    page.locator("#cost-sections").get_by_role("tab", name=name, exact=True).click()


def field(page: Page, of: str, name: str) -> Locator:
    """The number input of a field of a calculator."""
    return page.locator(f'#cost-{of} [data-field="{name}"] input[type="text"]')


def figure(page: Page, of: str, name: str) -> str:
    return page.locator(f'#cost-{of}-figures [data-k="{name}"]').inner_text()


@contextmanager
def no_requests(page: Page) -> Iterator[None]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    before = -1
    while len(asked) > before:  # what opening the tab asks the server for; on a busy machine it takes its time
        before = len(asked)
        page.wait_for_timeout(1000)
    yield
    assert not [url for url in asked[before:] if not url.startswith(("data:", "blob:"))]


def sheet_of(page: Page, folder: Path) -> CostSheet:
    with page.expect_download() as download:
        page.locator("#cost-save").click()
    path = folder / "cost.json"
    download.value.save_as(path)
    return parse_as(CostSheet, path.read_text("utf-8"))


def test_a_slider_moves_every_figure_and_chart_without_asking_the_server(open_lab: OpenPage):
    page = open_tab(open_lab, "Cost")
    expect(page.locator("#cost-month-figures .cell").first).to_be_visible()
    given = {"requests_per_day": "20000", "output_tokens": "150"}
    with no_requests(page):
        before = figure(page, "month", "per_month_usd")
        field(page, "month", "requests_per_day").fill("20,000")
        expect(page.locator('#cost-month-figures [data-k="per_month_usd"]')).not_to_have_text(before)
        slider = page.get_by_role("slider", name="Output tokens, slider").first
        drawn = page.locator("#month-cumulative path.curve").get_attribute("d")
        slider.focus()
        for _ in range(12):
            page.keyboard.press("ArrowLeft")
        expect(page.locator("#month-cumulative svg")).to_be_visible()
        field(page, "month", "output_tokens").fill("150")
        expect(page.locator("#month-cumulative path.curve")).not_to_have_attribute("d", drawn or "")
    exact = build_sheet(CostRequest(("month",), Lengths((1, 2), "none"), given=given), FIELDS)
    shown = Decimal(re.sub(r"[^\d.]", "", figure(page, "month", "per_month_usd")))
    assert abs(shown - exact.per_month_usd) <= Decimal("0.005")
    assert "measured" not in page.locator('#cost-month [data-field="requests_per_day"]').inner_text()
    assert "typed" in page.locator('#cost-month [data-field="requests_per_day"]').inner_text()


def test_bad_input_is_told_at_its_field_and_loses_nothing(open_lab: OpenPage):
    page = open_tab(open_lab, "Cost")
    field(page, "month", "output_tokens").fill("321")
    box = field(page, "month", "requests_per_day")
    problem = page.locator('#cost-month [data-field="requests_per_day"] .problem')
    for bad in ("NaN", "1e30", "0x10", "", "-5"):
        box.fill("5")
        expect(problem).to_be_empty()
        box.fill(bad)
        expect(problem).to_contain_text("Requests a day must be")
        expect(box).to_have_attribute("aria-invalid", "true")
        assert figure(page, "month", "per_month_usd") == NOTHING
    page.locator("#cost-text").click()
    expect(page.locator(".notice .box").filter(has_text="Requests a day must be")).to_be_visible()
    box.fill("5000")
    expect(problem).to_be_empty()
    assert figure(page, "month", "per_month_usd").startswith("$")
    assert field(page, "month", "output_tokens").input_value() == "321"


def test_an_unknown_model_and_currency_are_told_at_their_fields(open_lab: OpenPage):
    page = open_tab(open_lab, "Cost")
    model = page.get_by_label("API model, type to search")
    model.fill("openai/gpt-9000-imaginary")
    expect(page.locator("#cost-bar .model .problem")).to_contain_text("No model “openai/gpt-9000-imaginary”")
    assert figure(page, "month", "per_month_usd") == NOTHING
    model.fill("openai:gpt-4o-mini")
    expect(page.locator("#cost-bar .model .problem")).to_be_empty()
    dollars = figure(page, "month", "per_month_usd")
    page.get_by_label("for one USD").fill("0")
    expect(page.locator("#cost-currency-problem")).to_contain_text("above 0")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("for one USD").fill("0.5")
    expect(page.locator("#cost-currency-problem")).to_be_empty()
    euros = figure(page, "month", "per_month_usd")
    assert euros.startswith("€")
    assert abs(float(euros[1:]) * 2 - float(dollars[1:])) <= 0.01


def test_what_a_run_measured_fills_what_nobody_typed(open_lab: OpenPage):
    page = open_lab()
    page.get_by_role("textbox", name="Prompt").fill("one two three")
    page.get_by_role("slider", name="Max new tokens", exact=True).fill("6")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("finished: token limit reached").first).to_be_visible()
    page.get_by_role("tab", name="Cost", exact=True).click()
    expect(field(page, "month", "output_tokens")).to_have_value("6")
    row = page.locator('#cost-month [data-field="output_tokens"]')
    expect(row).to_contain_text("measured")
    announced = page.locator("#cost-bar .taken")
    expect(announced).to_contain_text("The answer was cut")
    field(page, "month", "output_tokens").fill("9")
    announced.get_by_role("button").click()
    expect(announced).to_be_hidden()
    expect(page.get_by_label("Numbers taken from")).to_have_value("none")
    expect(field(page, "month", "output_tokens")).to_have_value("9")
    expect(page.locator('#cost-month [data-field="input_tokens"]')).to_contain_text("assumed")
    row.locator(".from").click()
    expect(field(page, "month", "output_tokens")).to_have_value("200")


def test_the_sheet_travels_as_files_and_as_a_link(open_lab: OpenPage, tmp_path: Path):
    page = open_tab(open_lab, "Cost")
    field(page, "month", "requests_per_day").fill("1234")
    field(page, "month", "cached_share").fill("5")  # percent; kept as a share
    section(page, "Agents")
    field(page, "agents", "steps").fill("7")
    sheet = sheet_of(page, tmp_path)
    assert sheet.assumptions["requests_per_day"] == 1234
    assert sheet.assumptions["steps"] == 7
    assert sheet.assumptions["cached_share"] == Decimal("0.05")
    assert set(sheet.sections) == {one.id for one in SECTIONS}
    assert sheet_again(sheet) == sheet
    page.locator("#cost-tsv").click()
    buttons = {"tsv": "#cost-tsv-menu [data-do=table-file]", "html": "#cost-export"}
    for action, beginning in (("tsv", "section\t"), ("html", "<!doctype html>")):
        with page.expect_download() as download:
            page.locator(buttons[action]).click()
        download.value.save_as(tmp_path / f"cost.{action}")
        text = (tmp_path / f"cost.{action}").read_text("utf-8")
        assert text.lower().lstrip("\ufeff").startswith(beginning)
        assert len(text) < 400_000
        assert "1234" in text.replace(",", "")
    page.locator("#cost-link").click()
    fragment = page.evaluate("location.hash")
    assert "cost.steps=7" in fragment
    assert "cost.cached_share=0.05" in fragment
    other = open_lab(fragment)
    expect(field(other, "agents", "steps")).to_be_visible()
    expect(field(other, "agents", "steps")).to_have_value("7")
    section(other, "Month")
    expect(field(other, "month", "requests_per_day")).to_have_value("1,234")
    expect(field(other, "month", "cached_share")).to_have_value("5")
    third = open_tab(open_lab, "Cost")
    rewritten = tmp_path / "powershell.json"  # as its `>` writes what a command prints
    rewritten.write_text((tmp_path / "cost.json").read_text("utf-8"), "utf-16", newline="\r\n")
    third.locator("#cost-open input[type=file]").set_input_files(rewritten)
    expect(field(third, "month", "requests_per_day")).to_have_value("1,234")
    assert json.loads((tmp_path / "cost.json").read_text("utf-8"))["kind"] == "cost"


def test_every_section_is_accessible_and_fits(open_lab: OpenPage):
    page = open_tab(open_lab, "Cost", **NARROW)
    for width in looks(page):
        for tab in TABS:
            section(page, tab)
            first = next(one for one in SECTIONS if one.tab == tab)
            shown = f"#cost-{first.id}-figures"
            expect(page.locator(f"{shown} .cell").first).to_be_visible()
            assert page.locator(f"{shown} dd, {shown} b").first.inner_text() != NOTHING
            assert violations(page, None if tab == "Month" else "#cost-sections") == [], (tab, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, tab


def test_a_figure_tells_its_formula_and_source_on_focus(open_lab: OpenPage):
    page = open_tab(open_lab, "Cost")
    page.locator("#cost-month-figures .term button").first.focus()
    tip = page.locator("#cost-month-figures .tip.open")
    expect(tip).to_contain_text("formula")
    expect(tip).to_contain_text("days")


def test_model_and_rent_are_those_of_the_sidebar_whichever_was_set_last(open_lab: OpenPage):
    page = open_tab(open_lab, "Cost")
    model = page.get_by_label("API model, type to search")
    section(page, "Own hardware")
    rent = field(page, "own_hardware", "usd_per_hour")
    settings = "window.playground.settings()[{!r}] === {}"
    model.fill("openai/gpt-4o")
    rent.fill("0.75")
    page.wait_for_function(settings.format("reference_model", "'openai/gpt-4o'"))
    page.wait_for_function(settings.format("hardware_usd_per_hour", 0.75))
    assert page.evaluate("innerWidth - document.querySelector('main').getBoundingClientRect().right") < 40
    page.locator('#cost-bar [data-do="prices"]').click()
    expect(page.locator("#reference-rates")).to_contain_text("openai/gpt-4o:")
    own = page.locator("#setting-hardware_usd_per_hour input")
    expect(own).to_have_value("0.75")
    own.fill("1.25")
    expect(rent).to_have_value("1.25")
    reference = page.locator("#reference-price input")
    reference.fill("Anthropic: Claude Haiku 4.5")
    page.locator("#reference-price").get_by_role("option").first.click()
    expect(model).to_have_value(re.compile("anthropic/"))
    page.reload()
    page.get_by_role("tab", name="Cost", exact=True).click()
    expect(model).to_have_value(re.compile("anthropic/"))
    section(page, "Own hardware")
    expect(rent).to_have_value("1.25")

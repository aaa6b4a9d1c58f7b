"""The HTML of a cost calculation: whole, small, self-contained, and nothing in it but text."""

import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Page

from playground.experiments.costing.records import CostSheet
from playground.experiments.costing.sections import SECTIONS, section_of
from playground.views.cost_charts import chart_of, rows_of
from playground.views.cost_report import sheet_html
from playground.views.cost_words import money_text
from playground.views.formula_script import formula_notes
from tests.experiments.costing.sheets import EURO, Lengths, fields, sheet
from tests.ui.pages import looks, violations

EVIL = '<img src=x onerror="alert(1)">'


def report(made: CostSheet) -> str:
    return sheet_html(made, fields(), formula_notes(), date(2026, 11, 25))


class _Seen(HTMLParser):
    """Elements and their attributes, and the text."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_report_holds_every_calculator_figure_formula_source_and_chart():
    made = sheet(currency=EURO)
    seen = _Seen(report(made))
    for section in SECTIONS:
        assert section.title in seen.text
        for figure in section.figures:
            assert figure.label in seen.text
            assert formula_notes()[figure.formula]["formula"] in seen.text
        for plan in section.charts:
            assert ("figure", {"id": plan.id}) in seen.elements
    assert sum(tag == "svg" and "role" in attrs for tag, attrs in seen.elements) == sum(
        len(section.charts) for section in SECTIONS
    )
    for told in ("2026-11-25", made.prices_as_of, "1 USD is 0.9 EUR", *made.notes):
        assert told in seen.text
    assert made.per_month_usd is not None
    assert money_text(made.per_month_usd, EURO) in seen.text


def test_a_report_asks_nothing_of_anyone_and_is_light_to_mail_at_its_longest():
    text = report(sheet(given={"days": "1095", "growth_per_month": "0.05", "steps": "200"}))
    assert len(text.encode()) < 200_000
    seen = _Seen(text)
    policies = [attrs["content"] or "" for _, attrs in seen.elements if "http-equiv" in attrs]
    assert len(policies) == 1
    assert {"default-src 'none'", "form-action 'none'"} <= set(policies[0].split("; "))
    assert "script-src" not in policies[0]
    assert not {tag for tag, _ in seen.elements} & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not [
        name for _, attrs in seen.elements for name in attrs if name in ("src", "href") or name.startswith("on")
    ]
    assert not re.search(r"url\(|@import|https?:", text)


def test_nothing_in_a_report_becomes_an_element():
    evil = sheet("month", "example", sources={"days": EVIL}, given={"days": "9"}, lengths=Lengths((1, 2), EVIL))
    title = {id: prices.model_copy(update={"title": EVIL}) for id, prices in evil.prices.items()}
    made = evil.model_copy(update={"prices": title, "notes": [EVIL], "prices_as_of": EVIL})
    text = report(made)
    assert "<img" not in text
    assert not [tag for tag, _ in _Seen(text).elements if tag == "img"]
    assert _Seen(text).text.count(EVIL) > 5


def test_inputs_say_where_they_are_from_and_those_of_another_choice_are_left_out():
    text = _Seen(report(sheet("own_hardware", given={"watts": "77"}, sources={"watts": "measured: a meter"}))).text
    assert "Rent" in text
    assert "Years in use" not in text
    bought = _Seen(report(sheet("own_hardware", given={"bought": "1", "watts": "77"}))).text
    assert "Years in use" in bought
    assert "Rent" not in bought.replace("Rented", "")


def test_the_charts_hold_exactly_the_numbers_of_the_sheet_in_its_currency():
    made = sheet(currency=EURO)
    for section in SECTIONS:
        series = made.sections[section.id].series
        for plan in (plan for plan in section.charts if plan.kind == "xy"):
            chart = chart_of(plan, section, made)
            for line, drawn in zip(plan.lines, chart.series, strict=True):
                scale = EURO.per_usd if plan.y[1] == "usd" else 1
                assert [y for _, y in drawn.points] == [float(point[1] * scale) for point in series[line.key]]


@pytest.mark.parametrize("given", [{}, {"usd_per_hour": "0.01", "requests_per_day": "100"}, {"requests_per_day": "9"}])
@pytest.mark.parametrize("id", ["own_hardware", "retrieval"])
def test_a_chart_holds_its_answer_or_says_that_there_is_none(id: str, given: dict[str, str]):
    made, section = sheet(id, given=given), section_of(id)
    plan = section.charts[0]
    chart, (name, label) = chart_of(plan, section, made), plan.marks[0]
    answer = float(made.sections[id].figures[name])
    assert [mark.x for mark in chart.marks if mark.label == label] == ([answer] if answer else [])
    assert (plan.never in chart.summary) == (answer == 0)
    assert all(x == int(x) for x, _ in chart.series[0].points)  # whole requests


def test_a_break_even_beyond_one_machine_is_none():
    figures = {price: sheet("own_hardware", given={"usd_per_hour": price}).sections["own_hardware"].figures for price in
               ("0.01", "100")}  # fmt: skip
    assert figures["0.01"]["pays_above_requests"] == figures["0.01"]["break_even_requests"]
    assert figures["100"]["break_even_requests"] > figures["100"]["peak_served_per_day"]
    assert figures["100"]["pays_above_requests"] == 0


def test_a_file_of_an_older_version_still_draws():
    made = sheet("own_hardware")
    result = made.sections["own_hardware"]
    figures = {name: value for name, value in result.figures.items() if name != "pays_above_requests"}
    old = made.model_copy(update={"sections": {"own_hardware": result.model_copy(update={"figures": figures})}})
    assert report(old)


def test_models_stand_from_cheap_to_dear_and_a_tornado_from_wide_to_narrow():
    made, section = sheet("month"), section_of("month")
    tornado, models = (rows_of(plan, section, made, fields()) for plan in section.charts if plan.kind != "xy")
    widths = [row.high - row.low for row in tornado.rows]
    assert widths == sorted(widths, reverse=True)
    assert all(row.low <= (tornado.base or 0) <= row.high for row in tornado.rows)
    ends = [row.high for row in models.rows]
    assert ends == sorted(ends)
    assert [row.name for row in models.rows if row.strong] == [made.prices[made.model].title]


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0", "$0"),
        ("0.000165", "$0.000165"),
        ("0.12", "$0.12"),
        ("1.005", "$1.01"),
        ("1234.5", "$1,234.50"),
        ("-2", "-$2.00"),
    ],
)
def test_money_has_cents_or_three_digits(usd: str, text: str):
    assert money_text(Decimal(usd), sheet("month").currency) == text


@pytest.mark.browser
def test_a_report_is_accessible_and_no_wider_than_its_window(empty_page: Page, tmp_path: Path):
    path = tmp_path / "cost.html"
    path.write_text(report(sheet(currency=EURO)), encoding="utf-8")
    page = empty_page
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == [], width
    assert asked == [path.as_uri()]

"""Each quantity has one rule: Python's words are the page's, and a figure reads the same wherever it is shown."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page

from playground.experiments.costing.sections import section_of
from playground.runs.records import RunRecord
from playground.ui.server.page import page_scripts
from playground.views import format as formats
from playground.views.cost_report import sheet_html
from playground.views.cost_text import cost_text
from playground.views.cost_words import input_text, sheet_figure
from playground.views.formula_script import formula_notes
from playground.views.panels import Sofar, Table
from playground.views.run import meter_values
from playground.views.run_text import meters_text
from playground.views.terminal import view_text
from playground.views.throughput import VIEW
from tests.experiments.costing.sheets import fields, sheet
from tests.scripted import Script, ScriptedRunner
from tests.ui.test_live import request_for
from tests.ui.test_throughput_views import batch
from tests.ui.test_throughput_views import record as record_of

RULES: dict[str, Callable[..., str]] = {
    "number": formats.format_number, "percent": formats.format_percent, "seconds": formats.format_seconds,
    "bytes": formats.format_bytes, "rate": formats.format_rate, "joules": formats.format_joules,
    "wattHours": formats.format_watt_hours, "money": formats.format_money, "whole": formats.format_whole,
    "figure": formats.format_figure,
    "plural": formats.count_of,
}  # fmt: skip
ENVIRONMENT = {"processor": "Abacus", "threads": 2, "engine": "own"}
UNITS = ("s", "B", "usd", "share", "J", "Wh", "tok/s", "count", "requests/day", "tokens", "kg", "")
EDGES = (
    0, 1, 2, 12, 99.95, 99.949, 999.4, 999.5, 1000, 1234.5, 0.125, 0.5, 1.005, 2.675, 9.995, 9.9951, 0.9995, 0.99949,
    0.001, 0.000999, 0.0009999, 1e-6, 9.996e-7, 4.8e-7, 1e-12, 1e9, 1e12, 0.09996, 1 - 1e-9, 538_000_000, 75,
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "value", "shown"),
    [
        ("number", 12.0, "12"), ("number", 0.03125, "0.0313"), ("number", 1234.0, "1,234"), ("number", -4.715, "-4.72"),
        ("number", 4.8e-7, "4.8×10⁻⁷"), ("number", 1e9, "1×10⁹"), ("number", 1.5, "1.5"),  # noqa: RUF001 - the sign of multiplication
        ("percent", 0.5, "50.0%"), ("percent", 0.0004, "0.04%"), ("percent", 1e-9, "< 0.0001%"),
        ("percent", 0.9996, "> 99.9%"), ("percent", 1, "100%"), ("percent", 0, "0%"), ("percent", -0.123, "-12.3%"),
        ("seconds", 3.42e-7, "342 ns"), ("seconds", 0.0471, "47.1 ms"), ("seconds", 0.9996, "1.00 s"),
        ("seconds", 75, "75.0 s"), ("seconds", 1240, "1,240 s"), ("seconds", 0, "0 s"),
        ("bytes", 0, "0 B"), ("bytes", 999, "999 B"), ("bytes", 46_080, "46.1 kB"), ("bytes", 538_100_000, "538 MB"),
        ("bytes", 1.31e9, "1.31 GB"), ("rate", 24.31, "24.3 tok/s"), ("rate", 1234.6, "1,235 tok/s"),
        ("joules", 8.2e-6, "8.20 µJ"), ("joules", 0.9996, "1.00 J"), ("joules", 1240, "1.24 kJ"),
        ("joules", -0.5, "-500 mJ"), ("wattHours", 0.01, "10.0 mWh"),
        ("money", 0, "$0"), ("money", 0.000165, "$0.000165"), ("money", 0.12, "$0.12"),
        ("money", 0.004, "$0.004"), ("money", 0.9996, "$1.00"),
        ("money", 1234.5, "$1,234.50"), ("money", -2, "-$2.00"),
    ],
)  # fmt: skip
def test_a_quantity_has_three_digits_and_its_unit(rule: str, value: float, shown: str):
    assert RULES[rule](value) == shown


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"figure", "plural"}))
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_known_is_a_dash(rule: str, value: float | None):
    assert RULES[rule](value) == formats.NOTHING


@given(st.floats(1e-9, 1e8))
def test_nothing_that_is_more_than_zero_is_shown_as_zero(value: float):
    for rule in ("seconds", "joules", "money", "number"):
        shown = RULES[rule](value)
        assert any(digit in shown for digit in "123456789"), shown
    money = formats.format_money(value).removeprefix("$").replace(",", "")
    assert float(money) == pytest.approx(value, rel=0.006)


@given(st.floats(0, 1))
def test_a_share_looks_like_all_or_nothing_only_if_it_is(value: float):
    assert (formats.format_percent(value) == "100%") == (value > 1 - 1e-12)
    assert (formats.format_percent(value) == "0%") == (value < 1e-12)


def test_a_unit_is_named_once_where_figures_share_it():
    assert formats.together("3.54 MB", "3.61 MB") == "3.54 / 3.61 MB"
    assert formats.together("12.1 ms", "14.0 ms", "1.20 s") == "12.1 / 14.0 ms / 1.20 s"
    assert formats.together(formats.NOTHING, formats.NOTHING) == formats.NOTHING
    assert formats.together("3.54 MB", "unknown") == "3.54 MB / unknown"


def test_a_run_reads_the_same_in_the_terminal_as_in_the_page():
    run = ScriptedRunner(Script(count=12, tokens_per_s=2000)).start(request_for("a b c"), lambda: False)
    *_, record = run
    meters = run.meters()
    assert isinstance(record, RunRecord)
    assert meters is not None
    record = record.model_copy(update={"environment": ENVIRONMENT})
    printed, shown = meters_text(record, meters), meter_values(meters)
    same = ("ttft", "itl", "prefill", "line_decode", "mbu", "weights", "process", "cost", "own", "energy_token")
    assert [name for name in (*same, "energy_note") if shown[name] not in printed] == []


def test_a_batch_reads_the_same_in_the_terminal_as_in_the_page():
    sofar = Sofar(record=record_of(batch(1, 0.0213), batch(4, 0.0371)))
    table = VIEW.draw(sofar)["table"]
    assert isinstance(table, Table)
    printed = view_text(VIEW, sofar).splitlines()
    for row in table.rows:
        assert any(all(str(cell) in line for cell in row) for line in printed), row


def test_a_calculation_reads_the_same_in_the_terminal_as_in_the_report():
    made = sheet("month")
    printed, report = cost_text(made, fields()), sheet_html(made, fields(), formula_notes())
    shown = [sheet_figure(figure, "month", made) for figure in section_of("month").figures]
    shown += [input_text(value, fields().find(name)) for name, value in made.assumptions.items()]
    shown = [text for text in shown if text in report]
    assert len(shown) > 15
    assert [text for text in shown if text not in printed] == []


def _cases() -> list[tuple[str, list[Any]]]:
    pick = random.Random(11)
    values = [*EDGES, *(10 ** pick.uniform(-13, 12) for _ in range(300)), *(pick.random() for _ in range(100))]
    values += [round(pick.uniform(0, 2000), pick.randint(0, 3)) for _ in range(300)]
    values += [-value for value in values[::7]]
    plain = [name for name in RULES if name not in ("figure", "plural")]
    cases: list[tuple[str, list[Any]]] = [(name, [value]) for name in plain for value in [*values, None]]
    cases += [("money", [value, code]) for value in values[::5] for code in ("EUR", "JPY", "CNY", "CHF")]
    cases += [("figure", [value, unit]) for value in values[::5] for unit in UNITS]
    return cases + [("plural", [count, "token"]) for count in (0, 1, 2, 1234)]


@pytest.mark.browser
def test_the_page_writes_every_quantity_as_python_does(empty_page: Page):
    cases = _cases()
    empty_page.add_script_tag(content="\n".join(page_scripts()))
    found = empty_page.evaluate(
        "cases => cases.map(([rule, given]) => window.playground.numbers[rule](...given))", cases
    )
    other = [
        (rule, given, theirs, ours)
        for (rule, given), theirs in zip(cases, found, strict=True)
        if theirs != (ours := RULES[rule](*given))
    ]
    assert not other
    cases = [(unit, top) for unit in UNITS for top in (0, 999, 1000, 5e5, 1e6, -538e6, 999_999_999, 1e9, 1e13)]
    found = empty_page.evaluate("cases => cases.map((one) => window.playground.numbers.axisUnit(...one))", cases)
    assert [tuple(one) for one in found] == [formats.axis_unit(*one) for one in cases]
    assert formats.axis_unit("B", 538e6) == ("MB", 1e6)

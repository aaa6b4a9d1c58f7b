"""The CSV is enough to compute every number of the sheet again, and no cell of it is a formula."""

import csv
import io
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from playground.experiments.costing.export import COLUMNS, safe_cell, sheet_csv
from playground.experiments.costing.fields import CONSTANTS
from playground.experiments.costing.sections import SECTIONS, section_of
from playground.views.formula_script import formula_notes
from tests.experiments.costing.sheets import EURO, Lengths, fields, near, sheet
from tests.experiments.costing.test_sheet import ODD

EVIL = '=HYPERLINK("http://x","y")'


def rows_of(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    assert tuple(reader.fieldnames or ()) == COLUMNS
    return list(reader)


def prices_in(rows: list[dict[str, str]]) -> dict[str, dict[str, Any]]:
    """Prices as formulas take them."""
    prices: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["section"] == "prices" and row["item"] == "request":
            prices[row["name"]]["request_usd"] = Decimal(row["value"])
        elif row["section"] == "prices":
            prices[row["name"]][row["item"]].append((Decimal(row["x"]), Decimal(row["value"])))
    return prices


def inputs_in(rows: list[dict[str, str]]) -> dict[str, Any]:
    inputs: dict[str, Any] = {row["name"]: Decimal(row["value"]) for row in rows if row["item"] == "input"}
    lengths = [Decimal(row["value"]) for row in rows if row["item"] == "length"]
    return CONSTANTS | inputs | {"output_lengths": lengths}


def models_in(rows: list[dict[str, str]], section: str) -> list[str]:
    about = {row["name"]: row["value"] for row in rows if row["item"] == "about"}
    if section == "cascade":
        return [about["large_model"], about["small_model"]]
    return [
        about["model"],
        *(row["name"] for row in rows if row["item"] == "compared" and row["name"] != about["model"]),
    ]


def test_every_figure_and_every_point_of_every_chart_follows_from_the_inputs_and_prices_in_the_csv():
    rows = rows_of(sheet_csv(sheet(given=ODD, model="x-ai/grok-4.7", currency=EURO), fields()))
    inputs, prices, seen = inputs_in(rows), prices_in(rows), 0
    for section in SECTIONS:
        own = [row for row in rows if row["section"] == section.id]
        found = section.calculate(inputs, [prices[id] for id in models_in(rows, section.id)])
        figures = {row["name"]: row["value"] for row in own if row["item"] == "figure"}
        assert figures.keys() == found["figures"].keys()
        for name, value in figures.items():
            assert near(Decimal(value), found["figures"][name])
        points = defaultdict(list)
        for row in own:
            if row["item"] == "point":
                cells = [row[column] for column in ("x", "y", "low", "high", "value") if row[column] != ""]
                points[row["name"]].append([Decimal(cell) for cell in cells])
        assert points.keys() == found["series"].keys()
        for key, told in points.items():
            for now, then in zip(told, found["series"][key], strict=True):
                assert all(near(one, other) for one, other in zip(now, then, strict=True))
                seen += len(now)
    assert seen > 1000


def test_the_csv_says_date_currency_units_sources_and_the_formula_of_each_figure():
    made = sheet("month", currency=EURO, given={"days": "9"}, sources={"days": "measured: somewhere"})
    rows = rows_of(sheet_csv(made, fields(), formula_notes()))
    about = {row["name"]: row for row in rows if row["item"] == "about"}
    assert about["prices_as_of"]["value"] == made.prices_as_of
    assert (about["currency"]["value"], about["currency"]["unit"]) == ("0.9", "EUR for 1 USD")
    days = next(row for row in rows if row["name"] == "days")
    assert (days["value"], days["unit"], days["source"]) == ("9", "days", "Days; measured: somewhere")
    figures = [row for row in rows if row["item"] == "figure"]
    assert all(row["unit"] and row["source"] for row in figures)
    assert (
        formula_notes()["month_total"]["formula"]
        in figures[[row["name"] for row in figures].index("per_month_usd")]["source"]
    )
    assert {row["source"] for row in rows if row["item"] == "note"} == set(made.notes)


def test_tiers_and_prices_that_a_model_has_not_of_its_own_are_told():
    rows = rows_of(sheet_csv(sheet("month", model="x-ai/grok-4.7"), fields()))
    tiers = [row["x"] for row in rows if row["name"] == "x-ai/grok-4.7" and row["item"] == "input"]
    assert tiers[0] == "-1"
    assert len(tiers) > 1
    assert any(row["source"].endswith("none of its own, so that of input") for row in rows if row["item"] == "written")


@pytest.mark.parametrize(
    "text",
    [
        EVIL,
        "+1+1",
        "-1+1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\N{FULLWIDTH EQUALS SIGN}1",
        "-",
        "-x",
        "+",
        "--5",
        "\u200b=1",
        "\ufeff=1",
        "\ufeff \u2060\u00a0@SUM(1)",
        "\x00=1",
    ],
)
def test_a_cell_that_a_spreadsheet_could_run_becomes_text(text: str):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["-0.5", "-1e-7", "0", "1000", "-3", "+4.5", "a=b", "", "5 - 3", "'=x", "\u200bword", "\ufeff"]
)
def test_numbers_stay_numbers_and_other_text_stays_as_it_is(text: str):
    assert safe_cell(text) == text


def test_no_cell_of_a_sheet_begins_as_a_formula_whatever_its_names_say():
    evil = sheet("example", given={"input_tokens": "9"}, sources={"input_tokens": EVIL}, lengths=Lengths((1, 2), EVIL))
    title = {id: prices.model_copy(update={"title": EVIL}) for id, prices in evil.prices.items()}
    rows = rows_of(sheet_csv(evil.model_copy(update={"prices": title, "notes": [EVIL, "\t=1"]}), fields()))
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r")]
    assert sum(cell.startswith(f"'{EVIL}") for cell in cells) > 3
    assert section_of("example").id in {row["section"] for row in rows}


def test_negative_numbers_stay_numbers_in_the_csv():
    rows = rows_of(sheet_csv(sheet("month", given={"growth_per_month": "-0.5"}), fields()))
    assert next(row["value"] for row in rows if row["name"] == "growth_per_month") == "-0.5"

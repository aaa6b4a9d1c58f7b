"""A cost calculation as one CSV table: enough to compute every one of its numbers again."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal

from playground.experiments.costing.fields import CostFields
from playground.experiments.costing.plans import ChartPlan, Section
from playground.experiments.costing.records import CostSheet, RatesRecord
from playground.experiments.costing.sections import section_of
from playground.experiments.costing.words import source_words

COLUMNS = ("section", "item", "name", "x", "y", "low", "high", "value", "unit", "source")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # the same signs in full width
_FORMULA_STARTS = ("=", "+", "-", "@", *_WIDE)
_NEVER_FIRST = ("\t", "\r", "\n")
_UNSEEN = ("Cf", "Cc", "Zs", "Zl", "Zp")  # Unicode categories of characters that take no ink; a program may drop them
_KINDS = ("input", "cached", "written", "output")
Row = dict[str, str]


def plain_number(value: Decimal) -> str:
    """All digits of a number, without exponent or trailing zeros."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: a leading apostrophe makes it text; numbers stay numbers."""
    if _NUMBER.fullmatch(text):
        return text
    seen = next((one for one in text if unicodedata.category(one) not in _UNSEEN), "")
    begins = text.startswith(_NEVER_FIRST) or seen in _FORMULA_STARTS
    return f"'{text}" if begins else text


def sheet_csv(
    sheet: CostSheet,
    fields: CostFields,
    notes: Mapping[str, Mapping[str, str]] | None = None,
    *,
    delimiter: str = ",",
) -> str:
    """The whole sheet as CSV with a header line, or with tabs for commas.

    Amounts are USD whatever the currency of the page; the row `currency` has its rate.

    `notes` hold the `formula` of each formula by name, for the figures' source.
    """
    out = io.StringIO()
    writer: csv.DictWriter[str] = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n", delimiter=delimiter)
    writer.writeheader()
    for row in _rows(sheet, fields, notes or {}):
        writer.writerow({name: safe_cell(text) for name, text in row.items()})
    return out.getvalue()


def _rows(sheet: CostSheet, fields: CostFields, notes: Mapping[str, Mapping[str, str]]) -> Iterator[Row]:
    yield from _head(sheet)
    for name, value in sheet.assumptions.items():
        field = fields.find(name)
        yield {
            "section": "inputs", "item": "input", "name": name, "value": plain_number(value), "unit": field.unit,
            "source": f"{field.label}; {source_words(sheet.sources[name])}",
        }  # fmt: skip
    if "example" in sheet.sections:
        for place, tokens in enumerate(sheet.output_lengths):
            yield {
                "section": "inputs", "item": "length", "name": "output_lengths", "x": str(place), "value": str(tokens),
                "unit": "tokens", "source": sheet.lengths_source if place == 0 else "",
            }  # fmt: skip
    for id, prices in sheet.prices.items():
        yield from _price_rows(id, prices)
    for id, result in sheet.sections.items():
        section = section_of(id)
        yield from _figure_rows(section, sheet, notes)
        for key, points in result.series.items():
            yield from _point_rows(section, key, points, sheet)


def _head(sheet: CostSheet) -> Iterator[Row]:
    rows: list[tuple[str, str, str]] = [
        ("calculator", sheet.calculator, ""), ("model", sheet.model, ""), ("large_model", sheet.large_model, ""),
        ("small_model", sheet.small_model, ""),
        ("prices_as_of", sheet.prices_as_of, ""),
        ("currency", plain_number(sheet.currency.per_usd), f"{sheet.currency.code} for 1 USD"),
    ]  # fmt: skip
    for name, value, unit in rows:
        yield {"section": "sheet", "item": "about", "name": name, "value": value, "unit": unit}
    for place, id in enumerate(sheet.models):
        yield {"section": "sheet", "item": "compared", "name": id, "x": str(place)}
    for note in sheet.notes:
        yield {"section": "sheet", "item": "note", "source": note}


def _price_rows(id: str, prices: RatesRecord) -> Iterator[Row]:
    """A row for each tier: `x` is the number of prompt tokens above which its price holds."""
    same = {"cached": not prices.has_cached, "written": not prices.has_written}
    for kind in _KINDS:
        for start, usd in getattr(prices, kind):
            source = f"{prices.title}; none of its own, so that of input" if same.get(kind) else prices.title
            yield {
                "section": "prices", "item": kind, "name": id, "x": plain_number(start), "value": plain_number(usd),
                "unit": "USD per million tokens", "source": source,
            }  # fmt: skip
    yield {
        "section": "prices", "item": "request", "name": id, "value": plain_number(prices.request_usd),
        "unit": "USD per request", "source": prices.title,
    }  # fmt: skip


def _figure_rows(section: Section, sheet: CostSheet, notes: Mapping[str, Mapping[str, str]]) -> Iterator[Row]:
    known = {figure.id: figure for figure in section.figures}
    for name, value in sheet.sections[section.id].figures.items():
        row = {"section": section.id, "item": "figure", "name": name, "value": plain_number(value)}
        if name in known:
            formula = notes.get(known[name].formula, {}).get("formula", "")
            row |= {
                "unit": known[name].unit,
                "source": ": ".join(part for part in (known[name].label, formula) if part),
            }
        yield row


def _point_rows(section: Section, key: str, points: list[list[Decimal]], sheet: CostSheet) -> Iterator[Row]:
    """A row for each point of a series, its columns as the chart uses them."""
    plan, line = _drawn(section, key)
    for point in points:
        row = {"section": section.id, "item": "point", "name": key}
        row |= {column: plain_number(number) for column, number in zip(_columns(plan, len(point)), point, strict=True)}
        if plan is not None:
            unit = plan.x[1] if plan.kind == "tornado" else plan.y[1]
            row |= {"unit": unit, "source": _named(plan, line, int(point[0]), section.id, sheet)}
        yield row


def _columns(plan: ChartPlan | None, numbers: int) -> tuple[str, ...]:
    """A model's third number on its own is not the end of a range but the price of a request there."""
    if plan is not None and plan.kind == "tornado":
        return "x", "low", "high"
    return ("x", "y", "low", "high") if numbers == len(("x", "y", "low", "high")) else ("x", "y", "value")[:numbers]


def _drawn(section: Section, key: str) -> tuple[ChartPlan | None, str]:
    """The chart that draws a series, and what it calls it."""
    for plan in section.charts:
        for line in plan.lines:
            for used, end in ((line.key, ""), (line.low, ", low"), (line.high, ", high")):
                if key == used:
                    return plan, line.name + end
    return None, ""


def _named(plan: ChartPlan, line: str, place: int, section: str, sheet: CostSheet) -> str:
    if plan.kind == "tornado":
        return f"{plan.title}: {plan.categories[place]}"
    return f"{plan.title}: {sheet.models_of(section)[place] if plan.kind == 'models' else line}"

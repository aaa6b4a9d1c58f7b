"""Numbers of a cost calculation in words, for reports and the terminal; the page's scripts say the same."""

import math
from collections.abc import Iterator
from decimal import Decimal

from playground.experiments.costing.fields import CostField, CostFields
from playground.experiments.costing.plans import Figure, Section
from playground.experiments.costing.records import CostSheet, Currency
from playground.experiments.costing.sections import section_of
from playground.views.format import NOTHING, format_figure, format_money, format_number, noun

SIGNS = {"usd": "USD", "usd/h": "USD/h", "usd/kWh": "USD/kWh", "ratio": "\N{MULTIPLICATION SIGN}"}
_GIVEN_DIGITS = 6


def money_text(usd: Decimal, currency: Currency) -> str:
    """An amount in this currency."""
    return format_money(usd * currency.per_usd, currency.code)


def figure_text(value: Decimal, unit: str, currency: Currency) -> str:
    """A figure with its unit; `usd` in this currency."""
    return money_text(value, currency) if unit == "usd" else format_figure(value, unit)


def input_text(value: Decimal, field: CostField) -> str:
    """An input as it was given, with its unit; money in USD, as prices are."""
    if field.unit == "switch":
        return "yes" if value > 0 else "no"
    if field.unit == "share":
        return f"{_given(value * 100)}%"
    return f"{_given(value)} {SIGNS.get(field.unit) or noun(field.unit, value)}"


def _given(value: Decimal) -> str:
    """Whole numbers as they are; of what was measured six significant digits."""
    if value == value.to_integral_value():
        return f"{value:,.0f}"
    return f"{value:,.{min(12, max(1, _GIVEN_DIGITS - 1 - math.floor(math.log10(abs(value)))))}f}".rstrip("0").rstrip(
        "."
    )


def sheet_figure(figure: Figure, section: str, sheet: CostSheet) -> str:
    """A figure of a sheet, with its range if it has one; 0 in words where it means something else."""
    value, *ends = (_figure_of(sheet, section, id) for id in (figure.id, figure.low, figure.high) if id)
    if value is None:  # an older file has not all of today's
        return NOTHING
    if value == 0 and figure.zero:
        return figure.zero
    texts = [figure_text(one, figure.unit, sheet.currency) for one in (value, *ends) if one is not None]
    return f"{texts[0]}, {texts[1]} to {texts[2]}" if ends else texts[0]


def _figure_of(sheet: CostSheet, section: str, id: str) -> Decimal | None:
    return sheet.sections[section].figures.get(id)


def headline(sheet: CostSheet) -> Iterator[tuple[str, str]]:
    """The amounts at the top of a sheet, each with its label; of a month the total with its range."""
    whole = "a task" if sheet.calculator == "agents" else "a request"
    amounts = [
        (whole, sheet.per_request_usd), (f"of {whole}, what is read", sheet.input_usd),
        (f"of {whole}, what is written", sheet.output_usd), ("a day", sheet.per_day_usd),
    ]  # fmt: skip
    if sheet.calculator == "month":
        total = section_of("month").figures[0]
        yield f"{format_number(sheet.assumptions['days'])} days, low to high", sheet_figure(total, "month", sheet)
    else:
        amounts.append(("a month", sheet.per_month_usd))
    for label, usd in amounts:
        if usd is not None:
            yield label, money_text(usd, sheet.currency)


def verdict_text(section: Section, sheet: CostSheet, fields: CostFields) -> str:
    """The sentence that a calculator ends with; empty if it has none."""
    if not section.verdicts:
        return ""
    figures = sheet.sections[section.id].figures
    figures_text = {
        figure.id: figure_text(figures[figure.id], figure.unit, sheet.currency)
        for figure in section.figures
        if figure.id in figures
    }
    figures_text |= {name: input_text(sheet.assumptions[name], fields.find(name)) for name in section.inputs}
    return section.verdicts[int(figures["verdict"])].format(**figures_text)

"""Numbers of a cost calculation in words: the only place, beside the page's own, where they are rounded."""

import math
from decimal import Decimal

from playground.experiments.costing.fields import CostField, CostFields
from playground.experiments.costing.plans import Figure, Section
from playground.experiments.costing.records import CostSheet, Currency

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩"}
_SIGNS = {"usd": "USD", "usd/h": "USD/h", "usd/kWh": "USD/kWh", "ratio": "\N{MULTIPLICATION SIGN}"}
_WHOLE = ("count", "requests", "tokens", "machines")
_ONE = {name: name[:-1] for name in ("requests", "tokens", "machines", "days", "uses", "steps", "tasks", "times")}
_FROM_A_HUNDRED = 100
_GIVEN_DIGITS = 6
_SOURCES = {
    "assumed": "assumed", "measured": "measured", "list": "from a list", "from a link": "from a link",
}  # fmt: skip
_CENTS = Decimal("0.995")


def number_text(value: Decimal) -> str:
    """Three significant digits, but every digit before the decimal point."""
    size = abs(value)
    if size == 0:
        return "0"
    digits = max(0, 2 - _exponent(size))
    text = f"{value:,.{min(digits, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money_text(usd: Decimal, currency: Currency) -> str:
    """An amount in this currency: cents, and three significant digits of what is less than one."""
    amount = usd * currency.per_usd
    size = abs(amount)
    digits = 2 if size == 0 or size >= _CENTS else min(12, max(2, 2 - _exponent(size)))
    symbol = _SYMBOLS.get(currency.code, f"{currency.code} ")
    return f"{'-' if amount < 0 else ''}{symbol}{size:,.{digits}f}"


def _exponent(size: Decimal) -> int:
    return math.floor(math.log10(size) + 1e-12)


def figure_text(value: Decimal, unit: str, currency: Currency) -> str:
    """A figure with its unit; `usd` in this currency."""
    if unit == "usd":
        return money_text(value, currency)
    if unit == "share":
        return f"{value * 100:,.1f}".rstrip("0").rstrip(".") + " %"
    if unit == "s":
        return f"{number_text(value * 1000)} ms" if value < 1 else f"{number_text(value)} s"
    text = f"{value:,.0f}" if unit in _WHOLE and abs(value) >= _FROM_A_HUNDRED else number_text(value)
    return text if unit == "count" else f"{text} {_ONE.get(unit, unit) if value == 1 else unit}".rstrip()


def input_text(value: Decimal, field: CostField) -> str:
    """An input as it was given, with its unit; money in USD, as prices are."""
    if field.unit == "switch":
        return "yes" if value > 0 else "no"
    if field.unit == "share":
        return f"{_given(value * 100)} %"
    unit = _SIGNS.get(field.unit, _ONE.get(field.unit, field.unit) if value == 1 else field.unit)
    return f"{_given(value)} {unit}"


def _given(value: Decimal) -> str:
    """Whole numbers as they are; of what was measured six significant digits."""
    if value == value.to_integral_value():
        return f"{value:,.0f}"
    return f"{value:,.{min(12, max(1, _GIVEN_DIGITS - 1 - _exponent(abs(value))))}f}".rstrip("0").rstrip(".")


def matters(field: CostField, sheet: CostSheet) -> bool:
    """Whether a switch has an input count: a rented machine has no purchase price."""
    on = {name: value > 0 for name, value in sheet.assumptions.items()}
    return on.get(field.when or "", True) and not on.get(field.unless or "", False)


def sheet_figure(figure: Figure, section: str, sheet: CostSheet) -> str:
    """A figure of a sheet; 0 in words where it means something else."""
    value = sheet.sections[section].figures[figure.id]
    return figure.zero if value == 0 and figure.zero else figure_text(value, figure.unit, sheet.currency)


def verdict_text(section: Section, sheet: CostSheet, fields: CostFields) -> str:
    """The sentence that a calculator ends with; empty if it has none."""
    if not section.verdicts:
        return ""
    figures = sheet.sections[section.id].figures
    told = {figure.id: figure_text(figures[figure.id], figure.unit, sheet.currency) for figure in section.figures}
    told |= {name: input_text(sheet.assumptions[name], fields.find(name)) for name in section.inputs}
    return section.verdicts[int(figures["verdict"])].format(**told)


def source_word(source: str) -> str:
    """Where an input is from, in one or two words."""
    for start, word in _SOURCES.items():
        if source.startswith(start):
            return word
    return "typed"


def source_text(source: str) -> str:
    """What is said of it beyond that word; sentences of `cost.yaml` mostly begin with it themselves."""
    rest = source
    for start in ("assumed: ", "measured: ", "list: ", "Assumed: ", "Assumed."):
        rest = rest.removeprefix(start)
    return "" if rest in ("typed", "assumed", "from a link") else rest


def source_words(source: str) -> str:
    """Both."""
    word, text = source_word(source), source_text(source)
    return f"{word}: {text}" if text else word

"""A saved cost calculation computed again from its own inputs and prices, and how prices have changed since."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.costing.fields import load_cost_fields, read_inputs
from playground.experiments.costing.records import CostSheet, RatesRecord, SectionRecord
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.costing.sheet import sheet_again
from playground.metrics.prices import price_list_date, rates
from playground.paths import presets_dir

_AMOUNTS = ("per_request_usd", "per_day_usd", "per_month_usd", "input_usd", "output_usd")
_PRICES = ("input", "cached", "written", "output", "request_usd")


def check_sheet(sheet: CostSheet) -> None:
    """Check that a file holds all inputs and prices, within their limits.

    Raises:
        PlaygroundError: Says what is missing, or the limit.
    """
    known = {section.id: section for section in SECTIONS}
    unknown = [id for id in sheet.sections if id not in known]
    if unknown or sheet.calculator not in sheet.sections:
        raise PlaygroundError(f"Not a cost record: unknown calculator {(unknown or [sheet.calculator])[0][:60]!r}.")
    names = tuple(dict.fromkeys(name for id in sheet.sections for name in known[id].inputs))
    used = {sheet.model, *(model for id in sheet.sections for model in sheet.models_of(id))}
    for what, wanted, held in (
        ("assumptions", names, sheet.assumptions), ("sources", sheet.assumptions, sheet.sources),
        ("prices", used, sheet.prices),
    ):  # fmt: skip
        missing = [name for name in wanted if name not in held]
        if missing:
            raise PlaygroundError(f"Not a cost record: {missing[0][:60]!r} is missing in {what}.")
    read_inputs(load_cost_fields(presets_dir() / "cost.yaml"), names, sheet.assumptions, sheet.sources)


def cost_again(sheet: CostSheet) -> tuple[list[str], list[str]]:
    """Which numbers of a sheet differ when computed again, and how today's prices differ from its own.

    Raises:
        PlaygroundError: The sheet can't be computed.
    """
    check_sheet(sheet)
    again = sheet_again(sheet)
    differences = [
        _other(name, getattr(sheet, name), getattr(again, name))
        for name in _AMOUNTS
        if getattr(sheet, name) != getattr(again, name)
    ]
    for id, result in sheet.sections.items():
        differences += _changed(id, result, again.sections[id])
    return differences, list(_prices_since(sheet))


def _changed(id: str, then: SectionRecord, now: SectionRecord) -> Iterator[str]:
    for name, value in _pairs(then.figures, now.figures):
        if value[0] != value[1]:
            yield _other(f"{id}, {name}", *value)
    for key, (old, new) in _pairs(then.series, now.series):
        if old != new:
            yield f"{id}, chart series {key}: the numbers differ from those in the file."


def _pairs(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys([*then, *now]):
        yield name[:60], (then.get(name), now.get(name))


def _other(name: str, then: Decimal | None, now: Decimal | None) -> str:
    return f"{name} is {_plain(then)} in the file and {_plain(now)} computed."


def _plain(value: Decimal | None) -> str:
    return "missing" if value is None else f"{value.normalize():f}"


def _prices_since(sheet: CostSheet) -> Iterator[str]:
    if sheet.prices_as_of != price_list_date():
        yield f"price list: {sheet.prices_as_of} then, {price_list_date()} now"
    for id, then in sheet.prices.items():
        try:
            now = RatesRecord(title=then.title, **rates(id).plain())
        except PlaygroundError:
            yield f"{id[:60]} is no longer in the price list"
            continue
        for name in _PRICES:
            if getattr(then, name) != getattr(now, name):
                yield f"{id}, price of {name}: {_price(then, name)} then, {_price(now, name)} now"


def _price(prices: RatesRecord, name: str) -> str:
    if name == "request_usd":
        return f"{_plain(prices.request_usd)} USD a request"
    parts = [
        f"{_plain(usd)}" + (f" over {start:,f} tokens" if start >= 0 else "") for start, usd in getattr(prices, name)
    ]
    return f"{', '.join(parts)} USD per million tokens"

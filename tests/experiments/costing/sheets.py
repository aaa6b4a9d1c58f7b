"""Sheets that tests look at: real prices, made-up lengths."""

from decimal import Decimal
from functools import cache
from typing import Any

from playground.data.presets import PriceChoices, load_list
from playground.experiments.costing.fields import CostFields, load_cost_fields
from playground.experiments.costing.records import CostSheet, Currency
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.costing.sheet import CostRequest, Lengths, build_sheet
from playground.paths import presets_dir

ALL = tuple(section.id for section in SECTIONS)
LENGTHS = Lengths((50, 100, 200, 150, 400, 30), "6 lengths made up for tests")
EURO = Currency(code="EUR", per_usd=Decimal("0.9"))


@cache
def fields() -> CostFields:
    return load_cost_fields(presets_dir() / "cost.yaml")


@cache
def ten() -> tuple[str, ...]:
    return tuple(one.id for one in load_list(PriceChoices, presets_dir() / "prices.yaml").models)


def sheet(*sections: str, given: dict[str, Any] | None = None, **more: Any) -> CostSheet:
    """A sheet of these calculators; of all if none is named."""
    request = CostRequest(sections or ALL, more.pop("lengths", LENGTHS), given=given or {}, compared=ten(), **more)
    return build_sheet(request, fields())


def near(value: Decimal, other: Any) -> bool:
    """Equal but for the digits that a document does not keep."""
    return abs(value - Decimal(other)) <= abs(Decimal(other)) * Decimal("1e-13")

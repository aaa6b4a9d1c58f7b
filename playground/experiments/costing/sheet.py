"""A cost calculation: inputs checked, formulas computed in `Decimal`, everything kept in one document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.costing.fields import CONSTANTS, Assumption, CostFields, read_inputs
from playground.experiments.costing.plans import Section
from playground.experiments.costing.records import CostSheet, Currency, Models, RatesRecord, SectionRecord
from playground.experiments.costing.sections import SECTIONS, section_of
from playground.metrics.formulas.agent_tasks import task_parts_usd
from playground.metrics.formulas.hardware import own_parts_usd
from playground.metrics.prices import DEFAULT_REFERENCE, find_reference, price_list_date, rates

MAX_COMPARED = 10
LARGE_MODEL = "openai/gpt-6.1-sol"
SMALL_MODEL = "openai/gpt-4o-mini"
MAX_LENGTHS = 10_000
MAX_LENGTH = 1_000_000
_AMOUNTS = ("per_request_usd", "per_day_usd", "per_month_usd", "input_usd", "output_usd")
NOTES = [
    "Amounts are list prices without tax, discounts or free allowances; batch and priority tiers are not in them.",
    "Tokens are counted by this model's tokenizer; another model's counts differently, so its cost is an estimate.",
]


@dataclass(frozen=True)
class Lengths:
    """Tokens of real answers, and whose they are."""

    tokens: tuple[int, ...]
    source: str

    def __post_init__(self) -> None:
        if not 2 <= len(self.tokens) <= MAX_LENGTHS:
            raise PlaygroundError(f"Real answer lengths: give 2 to {MAX_LENGTHS:,}; got {len(self.tokens):,}.")
        if not all(0 <= tokens <= MAX_LENGTH for tokens in self.tokens):
            raise PlaygroundError(f"A real answer length must be 0 to {MAX_LENGTH:,} tokens.")


@dataclass(frozen=True)
class CostRequest:
    """What to calculate.

    Attributes:
        sections: Ids of calculators; the first gives the amounts at the top.
        lengths: Of real answers.
        model: Of the price list, `provider/model`.
        compared: More of them, at most ten.
        large_model, small_model: Those of the cascade.
        given: Inputs by id; the rest are assumed.
        sources: Where the given ones are from.
        currency: What amounts are shown in.
    """

    sections: tuple[str, ...]
    lengths: Lengths
    model: str = DEFAULT_REFERENCE
    compared: tuple[str, ...] = ()
    large_model: str = LARGE_MODEL
    small_model: str = SMALL_MODEL
    given: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    currency: Currency = field(default_factory=Currency)


def build_sheet(request: CostRequest, fields: CostFields) -> CostSheet:
    """The whole calculation.

    Raises:
        FieldErrors: Inputs that can't be used, each with its sentence.
        PlaygroundError: An unknown section, input or model, or too many models.
    """
    known = [section.id for section in SECTIONS]
    for id in request.sections:
        if id not in known:
            raise PlaygroundError(f"Unknown calculator {id[:60]!r}: it is one of {', '.join(known)}.")
    for name in request.given:
        fields.find(name)
    if len(request.compared) > MAX_COMPARED:
        raise PlaygroundError(f"At most {MAX_COMPARED} models can be compared; got {len(request.compared)}.")
    models = Models(
        find_reference(request.model),
        find_reference(request.large_model),
        find_reference(request.small_model),
        [find_reference(name) for name in request.compared],
    )
    names = tuple(dict.fromkeys(name for id in request.sections for name in section_of(id).inputs))
    inputs = read_inputs(fields, names, request.given, request.sources)
    used = {id: rates(id) for section in request.sections for id in models.of(section)} | {
        models.chosen: rates(models.chosen)
    }
    prices = {id: RatesRecord(title=one.title, **one.plain()) for id, one in used.items()}
    return _sheet(request.sections, inputs, models, prices, request, price_list_date())


def sheet_again(sheet: CostSheet) -> CostSheet:
    """The same calculation from a document's own inputs and prices; equal unless a formula has changed."""
    inputs = {name: Assumption(value, sheet.sources[name]) for name, value in sheet.assumptions.items()}
    lengths = Lengths(tuple(sheet.output_lengths), sheet.lengths_source)
    request = CostRequest(tuple(sheet.sections), lengths, currency=sheet.currency)
    models = Models(sheet.model, sheet.large_model, sheet.small_model, sheet.models)
    return _sheet(tuple(sheet.sections), inputs, models, sheet.prices, request, sheet.prices_as_of)


def _sheet(
    sections: tuple[str, ...],
    inputs: Mapping[str, Assumption],
    models: Models,
    prices: dict[str, RatesRecord],
    request: CostRequest,
    as_of: str,
) -> CostSheet:
    values: dict[str, Any] = CONSTANTS | {name: one.value for name, one in inputs.items()}
    values["output_lengths"] = [Decimal(tokens) for tokens in request.lengths.tokens]
    results = {id: _result(section_of(id), values, models, prices) for id in sections}
    headline = _headline(section_of(sections[0]), results[sections[0]], values, _plain(prices[models.chosen]))
    return CostSheet(
        calculator=sections[0],
        model=models.chosen,
        **headline,
        prices_as_of=as_of,
        assumptions={name: one.value for name, one in inputs.items()},
        sources={name: one.source for name, one in inputs.items()},
        output_lengths=list(request.lengths.tokens),
        lengths_source=request.lengths.source,
        large_model=models.large,
        small_model=models.small,
        models=models.compared,
        prices=prices,
        currency=request.currency,
        notes=NOTES,
        sections=results,
    )


def _plain(prices: RatesRecord) -> dict[str, Any]:
    """Prices as formulas take them: `model_dump` would turn them into floats."""
    return {name: getattr(prices, name) for name in type(prices).model_fields}


def _result(
    section: Section, values: Mapping[str, Any], models: Models, prices: dict[str, RatesRecord]
) -> SectionRecord:
    found = section.calculate(values, [_plain(prices[id]) for id in models.of(section.id)])
    series = {key: [[Decimal(x) for x in point] for point in points] for key, points in found["series"].items()}
    return SectionRecord(figures={key: Decimal(x) for key, x in found["figures"].items()}, series=series)


def _headline(
    section: Section, result: SectionRecord, values: Mapping[str, Any], prices: dict[str, Any]
) -> dict[str, Any]:
    """The amounts at the top of the document; None where a calculator has none of them."""
    figures, days = result.figures, values.get("days_per_month", Decimal(1))
    if section.id == "own_hardware":
        parts = own_parts_usd(values, figures["own_request_usd"])
        month = figures["own_month_usd"]
        return _amounts(figures["own_request_usd"], month / days, month, parts)
    if section.id == "agents":
        parts = task_parts_usd(values, prices)
        month = figures["resent_month_usd"]
        return _amounts(figures["resent_task_usd"], month / days, month, parts)
    if section.id != "month":
        return dict.fromkeys(_AMOUNTS)
    parts = [figures["input_usd"], figures["output_usd"]]
    return _amounts(figures["per_request_usd"], figures["per_day_usd"], figures["per_month_usd"], parts)


def _amounts(request_usd: Decimal, day_usd: Decimal, month_usd: Decimal, parts: list[Decimal]) -> dict[str, Decimal]:
    return dict(zip(_AMOUNTS, (request_usd, day_usd, month_usd, *parts), strict=True))

"""The document of a cost calculation: every input with its source, the prices used, every figure and every point."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from playground.runs.records import Document, Part, Usd

Amount = Usd
"""Any number of a sheet: `Decimal` of the digits that a JSON number keeps for certain."""


class Currency(Part):
    """What amounts are shown in; all amounts of a document are USD, the currency of price lists."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    per_usd: Annotated[Amount, Field(gt=0, le=1_000_000)] = Decimal(1)


class RatesRecord(Part):
    """Prices of a model as they were: pairs of a start and USD per million tokens above it."""

    title: str
    input: list[tuple[Amount, Amount]]
    cached: list[tuple[Amount, Amount]]
    written: list[tuple[Amount, Amount]]
    output: list[tuple[Amount, Amount]]
    request_usd: Amount
    has_cached: bool
    has_written: bool


class SectionRecord(Part):
    """What one calculator gave: its figures, and the points of its charts."""

    figures: dict[str, Amount]
    series: dict[str, list[list[Amount]]]


@dataclass(frozen=True)
class Models:
    """Ids of the price list: the chosen one, those of the cascade, and those compared with."""

    chosen: str
    large: str
    small: str
    compared: list[str]

    def of(self, section: str) -> list[str]:
        """The models of a calculator, in the order in which its formula takes them."""
        if section == "cascade":
            return [self.large, self.small]
        return [self.chosen, *(id for id in dict.fromkeys(self.compared) if id != self.chosen)]


class CostSheet(Document):
    """A cost calculation. `calculator` is the section that the amounts at the top come from.

    Attributes:
        per_request_usd: Of it `input_usd` for the prompt and `output_usd` for the answer. For agents: a task. All five
            are None where the calculator has no such amounts.
        assumptions: Every input by id; `sources` says where each is from.
        output_lengths: Tokens of real answers, which the worked example draws from; `lengths_source` says of which.
        models: Compared with, in this order; `prices` holds all that were used.
        sections: Results by calculator.
    """

    schema_: Literal[1] = 1
    kind: Literal["cost"] = "cost"
    calculator: str
    model: str
    per_request_usd: Amount | None
    per_day_usd: Amount | None
    per_month_usd: Amount | None
    input_usd: Amount | None
    output_usd: Amount | None
    prices_as_of: str
    assumptions: dict[str, Amount]
    sources: dict[str, str]
    output_lengths: list[int]
    lengths_source: str
    large_model: str
    small_model: str
    models: list[str]
    prices: dict[str, RatesRecord]
    currency: Currency
    notes: list[str]
    sections: dict[str, SectionRecord]

    def models_of(self, section: str) -> list[str]:
        """Ids of the models of a calculator, in the order of its series `models`."""
        return Models(self.model, self.large_model, self.small_model, self.models).of(section)

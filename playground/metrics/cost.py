"""What a run would cost: at the list price of an API, and on own hardware. All money is `Decimal` USD."""

from dataclasses import dataclass
from decimal import Decimal

from playground.metrics.formulas.tokens import usage_cost
from playground.metrics.prices import price_list_date, rates

_MEAN_MONTH_DAYS = Decimal("30.4")


@dataclass(frozen=True)
class Cost:
    """Exact token counts at list price, in USD, with the inputs.

    Attributes:
        cached_tokens: Those of `input_tokens` that are charged at the list's cached price.
        cached_usd: Their part of `input_usd`.
        total_usd: Input, output, and the price of a request where the list has one.
    """

    reference_model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    input_usd: Decimal
    cached_usd: Decimal
    output_usd: Decimal
    total_usd: Decimal
    prices_as_of: str


def api_cost(reference: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Cost:
    """What an API would charge for these tokens, at its list price today: `formulas.tokens.usage_cost`.

    Args:
        reference: Id of one of `reference_models`, `provider/model`.
        input_tokens: Prompt tokens, including cached tokens.
        output_tokens: Tokens of the answer. Each model has its own tokenizer; these counts are from ours.
        cached_tokens: Prompt tokens read from the API's cache; where the list has no price for them,
            they cost the same as input.

    Raises:
        PlaygroundError: The reference is not in the price list.
    """
    cost = usage_cost(input_tokens, cached_tokens, 0, output_tokens, rates(reference).plain())
    return Cost(
        reference_model=reference,
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        output_tokens=output_tokens,
        **cost,
        prices_as_of=price_list_date(),
    )


def resent_usd(reference: str, input_tokens: int, output_tokens: int, requests: int = 1) -> Decimal | None:
    """Cost of sending the same again, with its whole prompt read from the API's cache.

    Args:
        reference: Id of one of `reference_models`, `provider/model`.
        input_tokens: Total of all requests, each with the same prompt.
        output_tokens: Total of all requests.
        requests: Number of requests.

    Returns:
        None where the list has no price for cached tokens.

    Raises:
        PlaygroundError: The reference is not in the price list.
    """
    prices = rates(reference)
    prompt, answer = Decimal(input_tokens) / requests, Decimal(output_tokens) / requests
    cost = usage_cost(prompt, prompt, 0, answer, prices.plain())
    return cost["total_usd"] * requests if prices.has_cached else None


def own_hardware_cost(seconds: float, usd_per_hour: float) -> Decimal:
    """USD for this time on a machine at this hourly price, used by this run only."""
    return Decimal(str(seconds)) * Decimal(str(usd_per_hour)) / 3600


def per_month(cost_per_run_usd: Decimal, runs_per_day: int = 10_000, days: Decimal = _MEAN_MONTH_DAYS) -> Decimal:
    """USD a month; 30.4 days is the mean month."""
    return cost_per_run_usd * runs_per_day * days

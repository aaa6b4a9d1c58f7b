"""What a run would cost: at the list price of an API, and on one's own hardware."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

__all__ = [
    "DEFAULT_REFERENCE", "Cost", "ReferenceModel", "api_cost", "own_hardware_cost", "per_month", "price_list_date",
    "reference_models",
]  # fmt: skip

DEFAULT_REFERENCE = "openai/gpt-4o-mini"
_DATED_CHECK = re.compile(r"\b(?:verified|checked|as of)\b[a-z ]* (20\d\d-\d\d-\d\d)", re.IGNORECASE)


@dataclass(frozen=True)
class ReferenceModel:
    """A model of the price list; prices in USD per million tokens, of the first tier where there are several."""

    id: str
    title: str
    input_usd_per_million: float
    output_usd_per_million: float


@dataclass(frozen=True)
class Cost:
    """Exact token counts at list price, in USD, with what it was computed from."""

    reference_model: str
    input_tokens: int
    output_tokens: int
    input_usd: float
    output_usd: float
    total_usd: float
    prices_as_of: str


@cache
def _price_list() -> "dict[str, tuple[Provider, ModelInfo]]":
    """The list that ships inside genai-prices, by `provider/model`; the network is never asked for a newer one."""
    from genai_prices.data import providers  # noqa: PLC0415 - 0.13 s, which --help must not pay

    now = datetime.now(UTC)
    return {
        f"{provider.id}/{model.id}": (provider, model)
        for provider in providers
        for model in provider.models
        if _base(model, "input_mtok", now) is not None and _base(model, "output_mtok", now) is not None
    }


def _base(model: Any, key: str, now: datetime) -> Decimal | None:
    """Price of a million tokens today, before any tier for long prompts."""
    price = getattr(model.get_prices(now), key, None)
    return getattr(price, "base", price)


@cache
def reference_models() -> tuple[ReferenceModel, ...]:
    """Every model that is priced by text tokens in and out, by id; for a menu."""
    now = datetime.now(UTC)
    return tuple(
        ReferenceModel(
            id=id,
            title=f"{provider.name}: {model.name or model.id}",
            input_usd_per_million=float(_base(model, "input_mtok", now) or 0),
            output_usd_per_million=float(_base(model, "output_mtok", now) or 0),
        )
        for id, (provider, model) in sorted(_price_list().items())
    )


@cache
def price_list_date() -> str:
    """The version of the price list, and the newest check of a price that its own notes date.

    The package states no date of the whole list, so this is the honest bound: at least so new.
    """
    from genai_prices import __version__  # noqa: PLC0415 - as in `_price_list`

    notes = " ".join(
        note or ""
        for provider, model in _price_list().values()
        for note in (provider.price_comments, model.price_comments)
    )
    dates = _DATED_CHECK.findall(notes)
    return f"genai-prices {__version__}" + (f", newest check {max(dates)}" if dates else "")


def api_cost(reference: str, input_tokens: int, output_tokens: int) -> Cost:
    """What an API would charge for these tokens, by its list price of today.

    Args:
        reference: Id of one of `reference_models`, `provider/model`.
        input_tokens: Prompt tokens, all uncached.
        output_tokens: Tokens of the answer. Each model has its own tokenizer; the counts are those of ours.

    Raises:
        PlaygroundError: The reference is not in the price list.
    """
    from genai_prices import Usage  # noqa: PLC0415 - as in `_price_list`

    if reference not in _price_list():
        raise PlaygroundError(_unknown(reference))
    provider, model = _price_list()[reference]
    price = model.calc_price(Usage(input_tokens=input_tokens, output_tokens=output_tokens), provider)
    return Cost(
        reference_model=reference,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        input_usd=float(price.input_price),
        output_usd=float(price.output_price),
        total_usd=float(price.input_price + price.output_price),
        prices_as_of=price_list_date(),
    )


def _unknown(reference: str) -> str:
    close = get_close_matches(reference[:80], _price_list(), n=3, cutoff=0.5)
    hint = f"Near it are: {', '.join(close)}." if close else f"The default is {DEFAULT_REFERENCE}."
    return f"{reference[:80]!r} is not among the {len(_price_list()):,} models of the price list. {hint}"


def own_hardware_cost(seconds: float, usd_per_hour: float) -> float:
    """USD for that long on a machine of that hourly price, which is all the run's while it lasts."""
    return seconds * usd_per_hour / 3600


def per_month(cost_per_run_usd: float, runs_per_day: float = 10_000, days: float = 30.4) -> float:
    """USD a month; 30.4 days is the mean month."""
    return cost_per_run_usd * runs_per_day * days

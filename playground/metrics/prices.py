"""The list prices of APIs, from the list that ships inside genai-prices; no newer list is fetched from the network."""

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


DEFAULT_REFERENCE = "openai/gpt-4o-mini"
_DATED_CHECK = re.compile(r"\b(?:verified|checked|as of)\b[a-z ]* (20\d\d-\d\d-\d\d)", re.IGNORECASE)
Tiers = tuple[tuple[int, Decimal], ...]
"""Pairs of a start and USD per million tokens, for prompts of more tokens than the start; the first starts at -1."""


@dataclass(frozen=True)
class Rates:
    """What a model of the price list charges today.

    Attributes:
        id: `provider/model`.
        title: Provider and model as people write them.
        input, cached, written, output: Prices by length of the prompt; without a separate price, cached and
            written tokens cost the same as input.
        request_usd: Price per request, whatever its tokens.
        has_cached, has_written: Whether the list has a separate price.
        context_window: The largest prompt in tokens, where the list states it.
    """

    id: str
    title: str
    input: Tiers
    cached: Tiers
    written: Tiers
    output: Tiers
    request_usd: Decimal
    has_cached: bool
    has_written: bool
    context_window: int | None

    def plain(self) -> dict[str, Any]:
        """In the form that `formulas` expects."""
        names = ("input", "cached", "written", "output", "request_usd", "has_cached", "has_written")
        return {name: getattr(self, name) for name in names}


@cache
def _price_list() -> "dict[str, tuple[Provider, ModelInfo]]":
    from genai_prices.data import providers  # noqa: PLC0415 - 0.13 s, which --help must not pay

    now = datetime.now(UTC)
    return {
        f"{provider.id}/{model.id}": (provider, model)
        for provider in providers
        for model in provider.models
        if _tiers(model.get_prices(now).input_mtok) and _tiers(model.get_prices(now).output_mtok)
    }


def _tiers(price: Any) -> Tiers:
    """None, a price, or prices by tier."""
    if price is None:
        return ()
    base = getattr(price, "base", price)
    return ((-1, base), *((tier.start, tier.price) for tier in getattr(price, "tiers", ())))


@cache
def rates(reference: str) -> Rates:
    """What this model charges today.

    The reference is an id of `reference_models`, `provider/model`.

    Raises:
        PlaygroundError: The reference is not in the price list.
    """
    if reference not in _price_list():
        raise PlaygroundError(_unknown(reference))
    provider, model = _price_list()[reference]
    prices = model.get_prices(datetime.now(UTC))
    plain = _tiers(prices.input_mtok)
    cached, written = _tiers(prices.cache_read_mtok), _tiers(prices.cache_write_mtok)
    request = getattr(prices, "requests_kcount", None)
    return Rates(
        id=reference,
        title=f"{provider.name}: {model.name or model.id}",
        input=plain,
        cached=cached or plain,
        written=written or plain,
        output=_tiers(prices.output_mtok),
        request_usd=Decimal(0) if request is None else getattr(request, "base", request) / 1000,
        has_cached=bool(cached),
        has_written=bool(written),
        context_window=model.context_window,
    )


@cache
def reference_models() -> tuple[Rates, ...]:
    """Every model that is priced by text tokens in and out, by id; for a menu."""
    return tuple(rates(reference) for reference in sorted(_price_list()))


def find_reference(name: str) -> str:
    """The id of a model named `provider/model` or `provider:model`.

    Raises:
        PlaygroundError: No such model in the price list.
    """
    reference = name.strip()
    if reference not in _price_list():
        reference = reference.replace(":", "/", 1)
    return rates(reference).id


@cache
def price_list_date() -> str:
    """The version of the price list, and the newest check of a price dated in its notes.

    The package states no date of the whole list, so this is a lower bound.
    """
    from genai_prices import __version__  # noqa: PLC0415 - as in `_price_list`

    notes = " ".join(
        note or ""
        for provider, model in _price_list().values()
        for note in (provider.price_comments, model.price_comments)
    )
    dates = _DATED_CHECK.findall(notes)
    return f"genai-prices {__version__}" + (f", newest check {max(dates)}" if dates else "")


def _unknown(reference: str) -> str:
    close = get_close_matches(reference[:80], _price_list(), n=3, cutoff=0.5)
    hint = f"Similar names: {', '.join(close)}." if close else f"The default is {DEFAULT_REFERENCE}."
    return f"{reference[:80]!r} is not among the {len(_price_list()):,} models of the price list. {hint}"

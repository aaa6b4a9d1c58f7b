"""The price list for the page: about 2,000 models, written once and small, read by `scripts/prices.js`."""

import json
from functools import cache
from typing import Any

from playground.data.presets import PriceChoices, load_list
from playground.metrics.prices import Rates, Tiers, price_list_date, reference_models
from playground.paths import presets_dir


@cache
def price_list_data() -> dict[str, Any]:
    """`as_of`, and models by provider, whose prices stand once for all that share them.

    `providers` maps an id to its name and its models; a model is its id, the place of its prices in `rates`, its name
    where that is not its id, and the most tokens of a prompt where the list says it. A price is a number, or pairs of
    start and number where it has tiers; null where cached or written tokens have none of their own.
    """
    places: dict[str, int] = {}
    providers: dict[str, tuple[str, list[list[Any]]]] = {}
    for model in reference_models():
        place = places.setdefault(json.dumps(_prices(model)), len(places))
        provider, _, own = model.id.partition("/")
        provider_name, _, name = model.title.partition(": ")
        entry = [own, place, "" if name == own else name, model.context_window or 0]
        while not entry[-1] and len(entry) > 2:
            entry.pop()
        providers.setdefault(provider, (provider_name, []))[1].append(entry)
    return {
        "as_of": price_list_date(),
        "rates": [json.loads(text) for text in places],
        "providers": providers,
    }


def first_prices() -> list[str]:
    """The models that the tables of prices begin with."""
    return [one.id for one in load_list(PriceChoices, presets_dir() / "prices.yaml").models]


def _prices(model: Rates) -> list[Any]:
    """input, cached, written, output, a request."""
    cached = _short(model.cached) if model.has_cached else None
    written = _short(model.written) if model.has_written else None
    return [_short(model.input), cached, written, _short(model.output), _number(model.request_usd)]


def _short(tiers: Tiers) -> Any:
    return _number(tiers[0][1]) if len(tiers) == 1 else [[start, _number(price)] for start, price in tiers]


def _number(price: Any) -> float | int:
    """A whole number of dollars needs no decimal point."""
    return int(price) if price == int(price) else float(price)

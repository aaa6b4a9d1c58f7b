"""What tokens cost at a list price.

The functions of this folder are the only place for formulas of the Cost tab: Python computes with them in `Decimal`,
and the page runs the same source translated to JavaScript. So they take and return plain numbers, lists and dicts, name
nothing outside this folder, and begin their docstring with what the page shows for a figure.
"""

from typing import Any

__all__ = ["tier_price", "usage_cost"]


def tier_price(tiers: Any, input_tokens: Any) -> Any:
    """USD per million tokens: the price of the highest tier whose start the whole prompt exceeds, for all its tokens.

    Formula: price of the last tier with input tokens > start; tiers begin at -1.
    Source: genai-prices, TieredPrices ("threshold-based pricing").
    """
    price = 0
    for tier in tiers:
        if input_tokens > tier[0]:
            price = tier[1]
    return price


def usage_cost(input_tokens: Any, cached_tokens: Any, written_tokens: Any, output_tokens: Any, rates: Any) -> Any:
    """What an API charges for one request; cached and written tokens are part of the input tokens.

    Formula: ((input - cached - written) x input price + cached x cached price + written x write price
    + output x output price) / 1,000,000 + price of a request; a model without a cached or write price charges the
    input price.
    Source: genai-prices, ModelPrice.calc_price; providers' price lists.
    """
    plain = input_tokens - cached_tokens - written_tokens
    input_usd = plain * tier_price(rates["input"], input_tokens) / 1000000
    cached_usd = cached_tokens * tier_price(rates["cached"], input_tokens) / 1000000
    written_usd = written_tokens * tier_price(rates["written"], input_tokens) / 1000000
    output_usd = output_tokens * tier_price(rates["output"], input_tokens) / 1000000
    prompt_usd = input_usd + cached_usd + written_usd
    return {
        "input_usd": prompt_usd,
        "cached_usd": cached_usd,
        "output_usd": output_usd,
        "total_usd": prompt_usd + output_usd + rates["request_usd"],
    }

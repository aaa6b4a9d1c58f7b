"""What a run costs as the page shows it: on this machine, and the same tokens at the list price of another model."""

from decimal import Decimal
from typing import Any

from playground.errors import PlaygroundError
from playground.metrics.cost import per_month, resent_usd
from playground.metrics.timing import Timing
from playground.runs.records import CostRecord
from playground.runs.updates import Meters
from playground.views.format import NOTHING, count_of, format_money, format_seconds

NOT_THE_SAME = "A small local model is not what that price buys."


def money_values(meters: Meters) -> dict[str, Any]:
    """The gauge Cost: this machine's, then the same tokens at the list price."""
    cost = meters.cost
    return {
        "money_note": f"this machine at {format_money(meters.hardware_usd_per_hour)}/h",
        "own": format_money(cost.own_hardware_usd),
        "money_date": f"The same tokens at {list_price(cost)}, {cost.prices_as_of}",
        "cost": format_money(cost.total_usd),
        "cost_label": f"same tokens, {_short(cost.reference_model)}",
        "cost_in": format_money(cost.input_usd),
        "cost_cached": format_money(cost.cached_usd),
        "cost_out": format_money(cost.output_usd),
        "cost_in_label": f"{count_of(cost.input_tokens, 'token')} in",
        "cost_cached_label": _cached_label(cost, meters.timing),
        "cost_out_label": f"{count_of(cost.output_tokens, 'token')} out",
        "resent": resent(cost),
        "month": f"{format_money(per_month(cost.total_usd))} a month",
        "line_cost": format_money(cost.own_hardware_usd),
        "usage": usage(cost),
    }


def _cached_label(cost: CostRecord, timing: Timing) -> str:
    seconds = saved_s(cost, timing) if reuse_text(cost, timing) else None
    saved = "" if seconds is None else f", about {format_seconds(seconds)} saved"
    return f"of them {cost.cached_tokens:,} cached{saved}"


def list_price(cost: CostRecord) -> str:
    """Whose list price, in words."""
    return f"{_short(cost.reference_model)}'s list price"


def _short(model: str) -> str:
    """A model of the price list without its provider."""
    return model.rpartition("/")[2]


def usage(cost: CostRecord, requests: int = 1) -> dict[str, int]:
    """Billed tokens of all requests together: the input of the tables of list prices."""
    cached = cost.cached_tokens if cost.cached_usd else 0
    return {"requests": requests, "input": cost.input_tokens, "cached": cached, "output": cost.output_tokens}


def resent(cost: CostRecord, requests: int = 1) -> str:
    """Cost of sending the same requests again with cached prompts."""
    try:
        usd = resent_usd(cost.reference_model, cost.input_tokens, cost.output_tokens, requests)
    except PlaygroundError:  # a saved run may name a model that is no longer in the list
        return NOTHING
    return "no cached rate" if usd is None else format_money(usd)


def saved_s(cost: CostRecord, timing: Timing) -> float | None:
    """Seconds that reading the cached tokens would have taken at this run's prefill rate; None without one."""
    rate = timing.prefill_tokens_per_s
    return cost.cached_tokens / rate if rate else None


def uncached_usd(cost: CostRecord) -> Decimal:
    """What the cached tokens cost where nothing is cached: the price of those that were read."""
    read = cost.input_tokens - cost.cached_tokens
    return (cost.input_usd - cost.cached_usd) / read * cost.cached_tokens if read else cost.cached_usd


def reuse_text(cost: CostRecord, timing: Timing) -> str:
    """ "43 of 61 prompt tokens from the cache, about 0.4 s saved, $0.000003 at cached-input price"; empty without any.

    Rows of a batch share their prompt as well: no price of an API stands for that, and nothing is said of them.
    """
    if not cost.cached_tokens or not cost.cached_usd:
        return ""
    text = f"{cost.cached_tokens:,} of {cost.input_tokens:,} prompt tokens from the cache"
    if (seconds := saved_s(cost, timing)) is not None:
        text += f", about {format_seconds(seconds)} saved"
    price = f"{format_money(cost.cached_usd)} at the cached-input price of {list_price(cost)}"
    return f"{text}, {price} instead of {format_money(uncached_usd(cost))}"

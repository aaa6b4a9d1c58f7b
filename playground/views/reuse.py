"""What a run did not have to read, since an earlier prompt had left it in memory."""

from decimal import Decimal

from playground.metrics.timing import Timing
from playground.runs.records import CostRecord
from playground.views.format import format_money, format_seconds
from playground.views.money import list_price


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

"""Latency from the times of a run's tokens; the names mean what `Timing` says, since tools differ."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Timing", "gaps", "percentile", "timing_of"]


@dataclass(frozen=True)
class Timing:
    """Latency of one run, in seconds; None where a run is too short to have it.

    Attributes:
        ttft_s: Request to first token, queue included (AIPerf's definition).
        e2e_s: Request to the end of the run.
        tpot_s: (time of the last token - ttft) / (tokens - 1), as in vLLM's benchmark.
        itl_p50_s, itl_p95_s, itl_p99_s: Percentiles of the gaps between successive tokens (vLLM's inter-token latency).
        prefill_tokens_per_s: Prompt tokens computed / time of the prefill.
        decode_tokens_per_s: 1 / tpot.
    """

    ttft_s: float | None
    e2e_s: float
    tpot_s: float | None
    itl_p50_s: float | None
    itl_p95_s: float | None
    itl_p99_s: float | None
    prefill_tokens_per_s: float | None
    decode_tokens_per_s: float | None


def gaps(times: Sequence[float]) -> list[float]:
    """Seconds between successive tokens: one fewer than there are tokens."""
    return [later - earlier for earlier, later in pairwise(times)]


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The value below which `percent` (1 to 99) of the values lie, linear between neighbours; None of nothing."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def timing_of(
    token_times_s: Sequence[float], *, prefill_s: float | None, computed_prompt_tokens: int, end_s: float
) -> Timing:
    """Latency of a run, also of one that is still going.

    Args:
        token_times_s: When each token came, in seconds since the request.
        prefill_s: Time the model spent on the prompt; None before that is over.
        computed_prompt_tokens: Prompt tokens it computed, so without any that a cache held.
        end_s: When the run ended, or now.
    """
    count = len(token_times_s)
    tpot_s = (token_times_s[-1] - token_times_s[0]) / (count - 1) if count > 1 else None
    between = gaps(token_times_s)
    p50, p95, p99 = (percentile(between, percent) for percent in (50, 95, 99))
    return Timing(
        ttft_s=token_times_s[0] if count else None,
        e2e_s=end_s,
        tpot_s=tpot_s,
        itl_p50_s=p50,
        itl_p95_s=p95,
        itl_p99_s=p99,
        prefill_tokens_per_s=computed_prompt_tokens / prefill_s if prefill_s else None,
        decode_tokens_per_s=1 / tpot_s if tpot_s else None,
    )

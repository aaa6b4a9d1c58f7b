"""Latency from the times of a run's tokens; the names mean what `Timing` says, since tools differ."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


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
    """The value below which `percent` (1 to 99) of the values lie, linear between neighbours; None without values."""
    return _percentile_of_sorted(sorted(values), percent)


def _percentile_of_sorted(ordered: Sequence[float], percent: int) -> float | None:
    """As `statistics.quantiles(n=100, method="inclusive")` computes it, which would sort them again."""
    if len(ordered) < 2:
        return ordered[0] if ordered else None
    place, rest = divmod(percent * (len(ordered) - 1), 100)
    return (ordered[place] * (100 - rest) + ordered[place + 1] * rest) / 100


class TokenTimes:
    """Times of a run's tokens as they come. A reading costs the same after ten tokens as after ten thousand."""

    def __init__(self) -> None:
        self._count = 0
        self._first_s = self._last_s = 0.0
        self._ordered_gaps_s: list[float] = []

    def add(self, time_s: float) -> None:
        """The next token came this many seconds after the request."""
        if self._count:
            insort(self._ordered_gaps_s, time_s - self._last_s)
        else:
            self._first_s = time_s
        self._last_s = time_s
        self._count += 1

    def timing(self, *, prefill_s: float | None, computed_prompt_tokens: int, end_s: float) -> Timing:
        """Latency so far; for the arguments see `timing_of`."""
        count = self._count
        tpot_s = (self._last_s - self._first_s) / (count - 1) if count > 1 else None
        p50, p95, p99 = (_percentile_of_sorted(self._ordered_gaps_s, percent) for percent in (50, 95, 99))
        return Timing(
            ttft_s=self._first_s if count else None,
            e2e_s=end_s,
            tpot_s=tpot_s,
            itl_p50_s=p50,
            itl_p95_s=p95,
            itl_p99_s=p99,
            prefill_tokens_per_s=computed_prompt_tokens / prefill_s if prefill_s else None,
            decode_tokens_per_s=1 / tpot_s if tpot_s else None,
        )


def timing_of(
    token_times_s: Sequence[float], *, prefill_s: float | None, computed_prompt_tokens: int, end_s: float
) -> Timing:
    """Latency of a run, finished or not.

    Args:
        token_times_s: When each token came, in seconds since the request.
        prefill_s: Time the model spent on the prompt; None before it has ended.
        computed_prompt_tokens: Prompt tokens it computed, without those from a cache.
        end_s: When the run ended, or now.
    """
    times = TokenTimes()
    for time_s in token_times_s:
        times.add(time_s)
    return times.timing(prefill_s=prefill_s, computed_prompt_tokens=computed_prompt_tokens, end_s=end_s)

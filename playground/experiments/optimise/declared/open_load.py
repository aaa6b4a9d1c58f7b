"""Load in an open loop: its request and its declaration."""

from typing import Annotated, Literal

from pydantic import Field

from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.runs.request import ASCENDING, item
from playground.runs.work import Work

NAME = "load"
_QUICK_REQUESTS, _QUICK_TOKENS, _QUICK_RATES = 8, 8, 3


class OpenLoadRequest(OptimiseRequest):
    """Requests of mixed lengths that arrive at given rates.

    Attributes:
        rates: As shares of what the machine can take.
    """

    shares: Annotated[tuple[Annotated[float, Field(gt=0, le=20)], ...], ASCENDING] = item(
        (0.25, 0.5, 1, 2), "Rates, as shares of capacity",
        "Capacity is predicted from one row and the prefill rate before anything arrives; the lowest is the baseline.",
        min_length=1, max_length=8,
    )  # fmt: skip
    requests: int = item(16, "Requests at each rate", ge=4, le=200)
    tokens: int = item(
        24, "Tokens of an answer, at most", "Lengths are drawn from a quarter of it upwards.",
        flags=["--max-new-tokens"], ge=4, le=512,
    )  # fmt: skip
    pattern: Literal["poisson", "bursty", "constant"] = item(
        "poisson", "Arrivals", names={"poisson": "at random (Poisson)", "bursty": "in bursts", "constant": "regular"}
    )
    rows: int = item(8, "Rows at once, at most", "More requests wait in a queue.", ge=1, le=64)
    ttft_target_s: float = item(1.0, "Target: ttft, seconds", gt=0, le=600)
    tpot_target_s: float = item(0.2, "Target: time per token, seconds", gt=0, le=60)

    @property
    def arms(self) -> tuple[float, ...]:
        """Shares of the capacity that are offered."""
        return self.shares[:_QUICK_RATES] if self.quick else self.shares

    @property
    def count(self) -> int:
        """Requests of one run."""
        return min(self.requests, _QUICK_REQUESTS) if self.quick else self.requests

    @property
    def longest(self) -> int:
        """Tokens of the longest answer."""
        return min(self.tokens, _QUICK_TOKENS) if self.quick else self.tokens

    @property
    def most_tokens(self) -> int:
        """Of all requests, of all rates, in all cycles."""
        return (len(self.arms) + 1) * (self.cycles + 1) * self.count * self.longest

    def work(self) -> Work:
        """At a low rate the machine waits for requests: a run takes as long as they need to arrive."""
        alone = self.count * self.longest * 5 / 8
        steps = (self.cycles + 1) * alone * sum(max(1.0, 1 / share) for share in (self.arms[0], *self.arms)) / 2
        return Work((len(self.arms) + 1) * (self.cycles + 1), self.most_tokens, steps)


OPEN_LOAD = panel(
    NAME,
    "Load",
    "What users experience as requests arrive faster than the machine can answer. They arrive at their own times, sent "
    "by a separate process, and are answered by continuous batching: rows come and go. Goodput counts only requests "
    "that meet both targets; what was not answered counts as missed.",
    OpenLoadRequest,
    "playground.experiments.optimise.open_load:measure",
    prefix="optimise-",
)

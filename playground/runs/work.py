"""How much a request computes, before it runs: enough to say about how long it takes."""

from dataclasses import dataclass
from math import ceil

ROWS = 32  # of a batch, at most
_ROW = 0.07  # what a further row adds to a step of a batch, as a share of a step with one row
PREFILL = 25  # times as fast as an answer is written, where it was not measured


@dataclass(frozen=True)
class Work:
    """What a request computes at most.

    Attributes:
        runs: Answers or measurements.
        tokens: Of all answers; 0 where none is written.
        steps: Forward passes, counted in those of one row and one token.
        prompt: Tokens that are read.
        most_s: It takes no longer than that.
    """

    runs: int
    tokens: int
    steps: float
    prompt: float = 0
    most_s: float | None = None


def batch_steps(rows: int, tokens: int) -> float:
    """Steps of rows that are computed together, each with this many tokens."""
    first = min(rows, ROWS)
    return ceil(rows / ROWS) * tokens * (1 + _ROW * (first - 1))

"""One comparison of a bench, and what has no comparison."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Result:
    """One comparison.

    Attributes:
        name: What was measured.
        ours, peer: Medians, in `unit`.
        ratio: ours / peer, the median over rounds.
        target: The ratio to reach.
        rounds: How often it was measured.
        lower_is_better: Whether to stay below the target, rather than above it.
        limit: Best possible `ours` by memory bandwidth, where that is the limit.
        note: What the two are.
    """

    name: str
    ours: float
    peer: float
    ratio: float
    target: float
    unit: str
    note: str
    rounds: int
    limit: float | None = None
    lower_is_better: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.ratio <= self.target if self.lower_is_better else self.ratio >= self.target


@dataclass(frozen=True)
class NotMeasured:
    """A measurement that gave no result, or not all of them.

    Attributes:
        name: Its name.
        why: In words.
    """

    name: str
    why: str


def compared(
    name: str, rounds: Sequence[R], ours: Callable[[R], float], peer: Callable[[R], float], target: float, unit: str,
    note: str, limit: float | None = None, *, lower_is_better: bool = False,
) -> Result:  # fmt: skip
    """Two figures of every round: each is measured in turn with the other, so that what drifts slows both alike."""
    pairs = [(ours(one), peer(one)) for one in rounds]
    return Result(
        name,
        ours=statistics.median(a for a, _ in pairs),
        peer=statistics.median(b for _, b in pairs),
        ratio=statistics.median(a / b for a, b in pairs),
        target=target,
        unit=unit,
        note=note,
        rounds=len(pairs),
        limit=limit,
        lower_is_better=lower_is_better,
    )


def within(name: str, allowed: float, measured: Sequence[float], unit: str, note: str) -> Result:
    """The median of what was measured against the most that is allowed."""
    median = statistics.median(measured)
    return Result(name, allowed, median, allowed / max(median, 1e-3), 1.0, unit, note, len(measured))

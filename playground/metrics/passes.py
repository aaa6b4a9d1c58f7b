"""The same thing measured several times: the spread of one thing with itself says which differences mean something.

The first thing is measured twice over, as an A/A pair: how far it is from itself is how far noise alone reaches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")
NOISE = 0.05  # numbers nearer than this are as good as equal
BUSY = 0.25  # spread of one thing with itself, above which the machine did other things too
_LEAST = 2  # one pass says nothing of noise


def there_and_back(things: Sequence[T], number: int) -> Iterator[T]:
    """The order of a pass, counted from 1: every second one goes back, so that a drift of the machine meets all."""
    return iter(things) if number % 2 else reversed(things)


@dataclass(frozen=True)
class Spread:
    """Median, least and most of several passes."""

    middle: float
    low: float
    high: float

    def meets(self, other: "Spread") -> bool:
        """Whether the ranges have something in common."""
        return self.low <= other.high and other.low <= self.high


def spread_of(values: Sequence[float]) -> Spread | None:
    """Of too few passes, none."""
    return Spread(median(values), min(values), max(values)) if len(values) >= _LEAST else None


def noise_of(spreads: Sequence[Spread], control: Sequence[float], size: float) -> float:
    """How far apart two medians may be by chance.

    Args:
        spreads: Of all things that are compared, the first of them being the one that was measured twice over.
        control: Its second measurement; empty if it has none.
        size: Of the number, whose `NOISE` is the least.
    """
    first = spreads[0]
    itself = max([first.high, *control]) - min([first.low, *control])
    return max(NOISE * abs(size), itself, *(one.high - one.low for one in spreads))


def is_apart(one: Spread, other: Spread, noise: float) -> bool:
    """Whether two things differ by more than passes of one do."""
    return abs(one.middle - other.middle) > noise and not one.meets(other)


def is_busy(values: Sequence[float]) -> bool:
    """Whether passes of one thing are so far apart that something else ran meanwhile."""
    spread = spread_of(values)
    return spread is not None and spread.high - spread.low > BUSY * abs(spread.middle)

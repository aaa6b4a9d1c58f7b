"""One comparison of a bench."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One comparison.

    Attributes:
        name: What was measured.
        ours, peer: Medians, in `unit`.
        ratio: ours / peer, the median over rounds.
        target: The ratio to reach.
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
    limit: float | None = None
    lower_is_better: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.ratio <= self.target if self.lower_is_better else self.ratio >= self.target

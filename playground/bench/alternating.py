"""What every measurement needs: models, rounds in which its arms take turns, and the limit of the memory's bandwidth.

Whatever drifts in the machine slows all arms of a round alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from playground.backends.local import LocalBackend
from playground.bench.budget import Budget
from playground.bench.models import Models
from playground.metrics.roofline import step_limit_s

R = TypeVar("R")


@dataclass(frozen=True)
class Alternating:
    """What every measurement needs.

    Attributes:
        models: The default model, in every form.
        budget: Says how many rounds there are.
        bandwidth: Of the memory, bytes per second.
        tokens: Of an answer whose rate is measured.
    """

    models: Models
    budget: Budget
    bandwidth: float
    tokens: int

    def rounds(self, measure: Callable[[], R]) -> list[R]:
        """What each round gives, for as many rounds as there is time for."""
        return [measure() for _ in self.budget.rounds()]

    def limit(self, backend: LocalBackend) -> float:
        """Tokens a second at most, if every weight is read once for each."""
        return 1 / step_limit_s(backend.facts.step_bytes, 0, self.bandwidth)

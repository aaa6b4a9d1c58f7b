"""A clock that moves only when work does, and measurements that are made up."""

from collections.abc import Callable, Iterator, Sequence

from playground.bench.budget import Budget, Cost
from playground.bench.result import Result, compared
from playground.bench.turns import Measurement

FREE = Cost(0, 0)


class Hands:
    """The hands of a clock."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s

    def move(self, seconds: float) -> None:
        self.at_s += seconds


def made_up(
    budget: Budget,
    name: str,
    cost: Cost = FREE,
    *,
    before: Callable[[], object] = lambda: None,
    each: Callable[[], object] = lambda: None,
    missing: str | None = None,
) -> Measurement:
    """A measurement that is met; it does `before` once, and `each` in every round."""

    def measure(_parts: Sequence[str]) -> Iterator[Result]:
        before()
        rounds = [each() for _ in budget.rounds()]
        yield compared(f"{name} result", rounds, lambda _: 2.0, lambda _: 1.0, 1.0, "tok/s", "made up")

    return Measurement((name,), cost, measure, missing)

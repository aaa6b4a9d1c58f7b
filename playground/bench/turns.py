"""Measurements one after the other, as far as the time allows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from playground.bench.budget import Budget, Cost
from playground.bench.result import NotMeasured, Result
from playground.errors import PlaygroundError, nearest

TIME = "time"


@dataclass(frozen=True)
class Measurement:
    """What is measured together, since it takes the same rounds.

    Attributes:
        names: By which its parts are requested.
        cost: Of all parts, by the table.
        measure: Measures these parts of it.
        missing: What is not installed that it needs.
    """

    names: tuple[str, ...]
    cost: Cost
    measure: Callable[[Sequence[str]], Iterator[Result]]
    missing: str | None = None


@dataclass(frozen=True)
class Began:
    """A measurement begins.

    Attributes:
        names: Of its parts.
        place: Its number, from 1.
        count: How many there are.
        gone_s: Seconds since the start.
        rest_s: Expected seconds from here on.
    """

    names: tuple[str, ...]
    place: int
    count: int
    gone_s: float
    rest_s: float


class Turns:
    """The requested measurements, or all.

    Attributes:
        ahead: Names of those that have not ended.
        count: How many turns there are, without those that can't be measured here.

    Raises:
        PlaygroundError: A name is unknown.
    """

    def __init__(self, measurements: Sequence[Measurement], names: Sequence[str], budget: Budget):
        known = [name for one in measurements for name in one.names]
        for name in names:
            if name not in known:
                raise PlaygroundError(f"Unknown measurement {name[:60]!r}: {nearest(name[:60], known)}")
        self.ahead = [name for name in known if not names or name in names]
        self._chosen = [(one, parts) for one in measurements if (parts := self._parts(one))]
        self.count = sum(not one.missing for one, _ in self._chosen)
        self._budget = budget
        budget.plan([_scaled(one, parts) for one, parts in self._chosen if not one.missing])

    def run(self) -> Iterator[Began | Result | NotMeasured]:
        """Each result as soon as it is known."""
        place = 0
        for one, parts in self._chosen:
            place += not one.missing
            why = one.missing or (None if self._budget.begin() else TIME)
            if why is None:
                yield Began(parts, place, self.count, self._budget.gone_s, self._budget.rest_s)
                try:
                    yield from one.measure(parts)
                except PlaygroundError as error:  # the others can still be measured
                    why = str(error)
                self._budget.end()
            self.ahead = [name for name in self.ahead if name not in parts]
            yield from (NotMeasured(name, why) for name in parts if why)

    def _parts(self, one: Measurement) -> tuple[str, ...]:
        return tuple(name for name in one.names if name in self.ahead)


def _scaled(one: Measurement, parts: Sequence[str]) -> Cost:
    """A rough share: parts differ."""
    share = len(parts) / len(one.names)
    return replace(one.cost, once_s=one.cost.once_s * share, round_s=one.cost.round_s * share)

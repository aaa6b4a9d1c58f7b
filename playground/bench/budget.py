"""The time that a bench may take, and how its measurements share it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

LEAST = 2
"""Rounds that every measurement makes, however little time there is: one alone shows no spread."""


@dataclass(frozen=True)
class Cost:
    """What a measurement took where the table was made, in seconds.

    Attributes:
        once_s: Loading, warming up, starting a server.
        round_s: One round.
        most: Rounds that are enough, whatever the time.
    """

    once_s: float
    round_s: float
    most: int = 5

    def seconds(self, rounds: int) -> float:
        """Of this number of rounds."""
        return self.once_s + rounds * self.round_s


class Budget:
    """Divides the time among the measurements ahead: each has its least rounds, and a share of what is over.

    How fast this machine is against that of the table is learned from every measurement that has ended.

    Args:
        limit_s: The time for all, from now on.
        most: Rounds of a measurement that has time enough, or fewer where its `Cost` says so.
        now: Monotonic seconds.
    """

    def __init__(self, limit_s: float, most: int, now: Callable[[], float] = time.monotonic):
        self._now, self._begun_s = now, now()
        self.limit_s, self._most = limit_s, most
        self._ahead = list[Cost]()
        self._table_s = self._took_s = 0.0  # of the measurements that have ended: by the table, and here
        self._turn_s = self._until_s = self._begun_s
        self._made = 0

    def plan(self, costs: Sequence[Cost]) -> None:
        """What will be measured, in this order."""
        self._ahead = list(costs)

    @property
    def gone_s(self) -> float:
        """Seconds since the start."""
        return self._now() - self._begun_s

    @property
    def pace(self) -> float:
        """Seconds here for one second of the table; 1 until a measurement has ended."""
        return self._took_s / self._table_s if self._table_s else 1.0

    @property
    def rest_s(self) -> float:
        """Expected seconds of what is ahead, at most those that are left."""
        return max(0.0, min(self._left_s, self.pace * sum(cost.seconds(self._most_of(cost)) for cost in self._ahead)))

    def begin(self) -> bool:
        """Whether the next measurement has time for its least rounds; if not, it is passed over."""
        cost, pace = self._ahead[0], self.pace
        least_s = pace * cost.seconds(LEAST)
        if least_s > self._left_s:
            self._ahead.pop(0)
            return False
        over_s = self._left_s - pace * sum(one.seconds(LEAST) for one in self._ahead)
        share = self._further_s(cost) / (sum(map(self._further_s, self._ahead)) or 1)
        self._turn_s, self._made = self._now(), 0
        self._until_s = self._turn_s + least_s + max(0.0, over_s) * share
        return True

    def rounds(self) -> Iterator[int]:
        """The rounds of the measurement that has begun: no further one is begun that would end too late."""
        begun_s, most = self._now(), self._most_of(self._ahead[0])
        while self._made < LEAST or (self._made < most and self._fits(begun_s)):
            yield self._made
            self._made += 1

    def end(self) -> None:
        """The measurement that had begun has ended."""
        self._table_s += self._ahead.pop(0).seconds(self._made)
        self._took_s += self._now() - self._turn_s

    @property
    def _left_s(self) -> float:
        return self.limit_s - self.gone_s

    def _most_of(self, cost: Cost) -> int:
        return min(self._most, cost.most)

    def _further_s(self, cost: Cost) -> float:
        """By the table, what it could take beyond its least rounds."""
        return (self._most_of(cost) - LEAST) * cost.round_s

    def _fits(self, begun_s: float) -> bool:
        now_s = self._now()
        return now_s + (now_s - begun_s) / self._made <= self._until_s

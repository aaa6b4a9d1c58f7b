"""How much of the model one piece of work, and one person in an hour, may use: checked before anything is computed."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from playground.backends.job import Job
from playground.errors import PlaygroundError
from playground.numbers import short_number
from playground.settings import Settings

WINDOW_S = 3600.0
_TOGETHER_S = 60.0  # what a person used within it is one entry
MAX_PEOPLE = 5_000  # beyond this many, those who have used nothing for longest are forgotten


@dataclass(frozen=True)
class Budget:
    """Limits; None sets none.

    Attributes:
        job_tokens: Output tokens of one piece of work, all rows together.
        job_s: Seconds for which one piece of work may have the model; then it ends with what it has.
        person_tokens: Output tokens of a person within an hour.
        person_s: Seconds of the model of a person within an hour.
    """

    job_tokens: int | None = None
    job_s: float | None = None
    person_tokens: int | None = None
    person_s: float | None = None

    def within(self, settings: Settings) -> Settings:
        """The settings with this time limit, where it is the shorter one."""
        if self.job_s is None or (settings.time_limit_s is not None and settings.time_limit_s <= self.job_s):
            return settings
        return settings.model_copy(update={"time_limit_s": self.job_s})


@dataclass(frozen=True)
class TimeUsed:
    """Work was ended by its time limit, in words; what it had done is kept."""

    text: str


ALONE = Budget(job_tokens=500_000, job_s=3_600)
"""For the person whose machine it is."""
SHARED = Budget(job_tokens=100_000, job_s=600, person_tokens=400_000, person_s=1_800)
"""For each of many, who reach the page over a network."""


class Spending:
    """What each person used in the last hour, within a budget. Any thread may call it."""

    def __init__(self, budget: Budget):
        self.budget = budget
        self._used: dict[str, deque[tuple[float, int, float]]] = {}
        self._lock = threading.Lock()

    def check(self, person: str, tokens: int) -> None:
        """Refuse work that is over the budget.

        Raises:
            PlaygroundError: Says which limit, and what to do.
        """
        budget = self.budget
        if budget.job_tokens is not None and tokens > budget.job_tokens:
            raise PlaygroundError(
                f"This may compute up to {tokens:,} tokens, and one run may compute {budget.job_tokens:,}: lower "
                "max_new_tokens, or the number of runs."
            )
        used_tokens, used_s, again_s = self._of(person)
        wait = f"try again in {again_s / 60:.0f} min"
        if budget.person_tokens is not None and used_tokens + tokens > budget.person_tokens:
            raise PlaygroundError(
                f"You used {used_tokens:,} of your {budget.person_tokens:,} tokens of this hour, and this may compute "
                f"{tokens:,} more: ask for less, or {wait}."
            )
        if budget.person_s is not None and used_s >= budget.person_s:
            raise PlaygroundError(f"You used your {budget.person_s / 60:.0f} min of the model of this hour: {wait}.")

    def add(self, job: Job) -> None:
        """Count work that has ended."""
        now_s = time.monotonic()
        with self._lock:
            used = self._used[job.person] = self._used.pop(job.person, deque())
            if used and now_s - used[-1][0] < _TOGETHER_S:
                since_s, tokens, seconds = used.pop()
                used.append((since_s, tokens + job.done_tokens, seconds + job.busy_s))
            else:
                used.append((now_s, job.done_tokens, job.busy_s))
            if len(self._used) > MAX_PEOPLE:
                del self._used[next(iter(self._used))]

    def is_over(self, job: Job) -> bool:
        """Whether work at work has used its seconds; it ends for that."""
        if self.budget.job_s is not None and job.used_s() > self.budget.job_s:
            job.is_over = True
        return job.is_over

    def ended(self, job: Job) -> Iterator[TimeUsed]:
        """What is said of work that ended over its seconds; nothing of other work."""
        if job.is_over:
            minutes = short_number((self.budget.job_s or 0.0) / 60)
            yield TimeUsed(
                f"the limit of {minutes} min for one job was reached; what was done until then is kept. Ask for fewer "
                "runs or tokens, or split the job. The limit is set where the server starts "
                "(playground/runs/budget.py): shorter where many share the page"
            )

    def _of(self, person: str) -> tuple[int, float, float]:
        """Tokens, seconds, and in how many seconds the oldest of them are forgotten."""
        now_s = time.monotonic()
        with self._lock:
            for who, used in list(self._used.items()):
                while used and now_s - used[0][0] > WINDOW_S:
                    used.popleft()
                if not used:
                    del self._used[who]
            own = self._used.get(person, ())
            again_s = WINDOW_S - (now_s - own[0][0]) if own else 0.0
            return sum(one[1] for one in own), sum(one[2] for one in own), max(60.0, again_s)

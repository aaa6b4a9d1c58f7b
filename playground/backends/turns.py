"""Who has the model. A turn is a slice: long work is set aside between two steps, so that short work is not shut out.

The next turn goes to a person who has used little lately, or has waited long; then round robin by person; then to the
shortest work. What has the model keeps it for a slice, and a person who has used little for as long as that is so.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playground.backends.job import Job, Queued
from playground.errors import PlaygroundError

SLICE_S = 0.5
ALONE_S = 2.0  # a slice of work that measures times: its clock stands still between two of them
LITTLE_S = 5.0  # of the last minute: enough for a short answer
LATELY_S = 60.0
PATIENCE_S = 10.0
MAX_WAITING = 120  # of all people
MAX_OF_PERSON = 3  # one has the model or is set aside, two wait
_LOOK_S = 0.1  # how often waiting work checks for Stop and reports its position


class Busy(PlaygroundError):
    """The queue takes no more."""


@dataclass
class _Use:
    """Seconds of the model that a person used, which fade over a minute."""

    seconds: float = 0.0
    at: float = 0.0
    served: int = 0

    def now(self) -> float:
        return self.seconds * 0.5 ** ((time.monotonic() - self.at) / LATELY_S)

    def add(self, seconds: float) -> None:
        self.seconds, self.at = self.now() + seconds, time.monotonic()


class Turns:
    """Deals the model out. Only the work that has the turn may use the model."""

    def __init__(self, max_waiting: int = MAX_WAITING, max_of_person: int = MAX_OF_PERSON):
        self._max_waiting, self._max_of_person = max_waiting, max_of_person
        self._waiting: list[Job] = []  # in the order of their arrival
        self._all: list[Job] = []
        self._holder: Job | None = None
        self._uses: dict[str, _Use] = {}
        self._served = 0
        self._changed = threading.Condition(threading.RLock())

    @contextmanager
    def place(self, job: Job, person: str = "") -> Iterator[None]:
        """Hold a place in the queue until the block exits.

        Raises:
            Busy: The queue is full, or this person has work enough in it.
        """
        job.person, job.waiting_since = person, time.monotonic()
        with self._changed:
            if len(self._all) > self._max_waiting:
                raise Busy(f"The model is busy: {self._max_waiting} runs are waiting already. Try again in a moment.")
            if person and sum(one.person == person for one in self._all) >= self._max_of_person:
                raise Busy(
                    f"You have {self._max_of_person} runs already, one running and the others waiting: wait for one "
                    "to end, or stop it."
                )
            self._all.append(job)
        try:
            yield
        finally:
            with self._changed:
                self.give_back(job)
                self._all.remove(job)
                self._waiting = [one for one in self._waiting if one is not job]
                self._deal()

    def wait(self, job: Job, should_stop: Callable[[], bool]) -> Iterator[Queued]:
        """Line up; the state of the queue, ten times a second, until the turn is ours or `should_stop` returns True."""
        with self._changed:
            if self._holder is not job and job not in self._waiting:
                self._waiting.append(job)
                self._deal()
        while not should_stop():
            with self._changed:
                if self._holder is job:
                    return
                state = self._state(job)
            yield state
            with self._changed:
                if self._holder is not job:
                    self._changed.wait(_LOOK_S)

    def take(self, job: Job) -> None:
        """Wait for the turn, before all others, to end the work."""
        job.is_ending = True
        for _ in self.wait(job, lambda: False):
            pass

    @property
    def count(self) -> int:
        """Work that has the model, waits, or is set aside."""
        return len(self._all)

    def has(self, job: Job) -> bool:
        """Whether this work may use the model now."""
        return self._holder is job

    def should_rest(self, job: Job) -> bool:
        """Whether the work, between two steps, should let others go on."""
        if job.is_ending:
            return False
        with self._changed:
            slice_s = ALONE_S if job.is_alone else SLICE_S
            if time.monotonic() - job.held_since < slice_s or not any(map(self._is_ready, self._waiting)):
                return False
            return self._use(job.person).now() + time.monotonic() - job.held_since > LITTLE_S or any(
                one.is_ending for one in self._waiting
            )

    def rest(self, job: Job) -> None:
        """Set the work aside: it waits for its next slice."""
        with self._changed:
            job.clock.pause()
            job.waiting_since = time.monotonic()
            self.give_back(job)
            self._waiting.append(job)
            self._deal()

    def wait_for_room(self, job: Job) -> None:
        """Its model does not fit beside those in use: it waits for their work to end, as long as it has waited."""
        with self._changed:
            job.clock.pause()
            job.needs_room = True
            self.give_back(job)
            self._waiting.append(job)
            self._deal()

    def leave(self, job: Job) -> None:
        """Others may have the model, while the work does what needs none; then it waits as if it had not had it."""
        with self._changed:
            if self._holder is job:
                self._use(job.person).served = job.served_before
                self.give_back(job)

    def give_back(self, job: Job) -> None:
        """The model is free for others."""
        with self._changed:
            if self._holder is not job:
                return
            seconds = time.monotonic() - job.held_since
            job.busy_s += seconds
            self._use(job.person).add(seconds)
            self._holder = None
            self._deal()

    def others_set_aside(self, job: Job) -> bool:
        """Whether other work has begun, and so holds memory."""
        with self._changed:
            return any(one is not job and one.has_begun for one in self._all)

    def _deal(self) -> None:
        """Give the model to the next, if it is free."""
        if self._holder is None:
            ready = [one for one in self._waiting if self._is_ready(one)]
            if ready:
                job = min(ready, key=self._rank)
                self._waiting.remove(job)
                self._holder, job.held_since = job, time.monotonic()
                use = self._use(job.person)
                self._served += 1
                job.served_before, use.served = use.served, self._served
                self._forget_old()
        self._changed.notify_all()

    def _is_ready(self, job: Job) -> bool:
        if job.is_ending or job.has_begun:
            return True
        return not (self.others_set_aside(job) if job.needs_room else any(map(self._is_owed_room, self._waiting)))

    def _is_owed_room(self, job: Job) -> bool:
        """Whether it has waited so long for memory that no new work is begun before it."""
        return job.needs_room and time.monotonic() - job.waiting_since >= PATIENCE_S

    def _rank(self, job: Job) -> tuple[int, int, int, float]:
        """The lowest is next."""
        use, waited_s = self._use(job.person), time.monotonic() - job.waiting_since
        level = 0 if job.is_ending else 1 if use.now() < LITTLE_S or waited_s >= PATIENCE_S else 2
        left = max(0, job.most_tokens - job.done_tokens)
        return level, use.served, left, job.waiting_since

    def _state(self, job: Job) -> Queued:
        order = sorted(self._waiting, key=self._rank)
        holder = self._holder
        place = order.index(job) + 1 if job in order else 1
        return Queued(
            place,
            job.clock.now(),
            running=holder.shown if holder else "",
            left_s=holder.left_s() if holder else None,
            is_aside=job.busy_s > 0,
        )

    def _use(self, person: str) -> _Use:
        return self._uses.setdefault(person, _Use())

    def _forget_old(self) -> None:
        if len(self._uses) > 10 * self._max_waiting:
            here = {one.person for one in self._all}
            self._uses = {who: use for who, use in self._uses.items() if who in here or use.now() > 0.1}

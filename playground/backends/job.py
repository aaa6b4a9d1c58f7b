"""One piece of work that shares the model with others: what it is, how long it has, and its clock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playground.engine.clock import Clock
from playground.engine.events import PromptProgress, RowEvent, TokenEvent

_SURE_AFTER = 0.02  # a smaller part of the work says little about the rest


@dataclass(frozen=True, slots=True)
class Queued:
    """The work waits for its turn; position 1 is next.

    Attributes:
        position: Its place among those that wait.
        time_s: Since the request.
        running: What has the model now; empty if nothing has.
        left_s: How long that needs at this rate; None if unknown.
        is_aside: It had begun, and was set aside for others.
    """

    position: int
    time_s: float
    running: str = ""
    left_s: float | None = None
    is_aside: bool = False


class Job:
    """Work that waits for the model, has it, or is set aside. Make one for each piece of work.

    Attributes:
        title: What the others read; after it, where there is one, why it is `alone`.
        most_tokens: How many it may compute at most; 0 if unknown.
        clock: Stands still while the work is set aside.
        person: Whose work it is.
        busy_s: How long it has had the model.
        done_tokens: How many it has computed.
        is_over: It ends since it has used its seconds.
        needs_room: Its model is not in memory, and does not fit beside those in use.
    """

    def __init__(self, title: str = "An answer", most_tokens: int = 0, clock: Clock | None = None, *, alone: str = ""):
        self.title, self.most_tokens, self.clock = title, most_tokens, clock or Clock()
        self.person = ""
        self.busy_s, self.done_tokens = 0.0, 0
        self.waiting_since = self.held_since = time.monotonic()
        self.served_before = 0  # when its person had had the model last, before this turn
        self.is_ending = self.is_over = False
        self.needs_room = False
        self._fraction: float | None = None
        self._alone = alone

    @property
    def shown(self) -> str:
        """What the others read of it now."""
        return f"{self.title} (alone: {self._alone})" if self._alone else self.title

    @property
    def is_alone(self) -> bool:
        """Whether it measures times now, so that its slices are longer."""
        return bool(self._alone)

    @property
    def has_begun(self) -> bool:
        """Whether it has had the model, and so its model must stay in memory."""
        return self.busy_s > 0 and not self.needs_room

    @contextmanager
    def alone(self, why: str) -> Iterator[None]:
        """Within, the others read that it needs the machine to itself, and why; it is set aside less often."""
        before, self._alone = self._alone, why
        try:
            yield
        finally:
            self._alone = before

    def saw(self, update: Any) -> None:
        """Take in an update of the work."""
        event = update.event if isinstance(update, RowEvent) else update
        if isinstance(event, TokenEvent):
            self.done_tokens += 1
            if self.most_tokens:
                self._fraction = self.done_tokens / self.most_tokens
        elif not isinstance(event, PromptProgress):
            self._fraction = getattr(event, "fraction", None) or self._fraction

    def left_s(self) -> float | None:
        """How much longer it needs the model at this rate; None while that is not known."""
        if self._fraction is None or self._fraction < _SURE_AFTER:
            return None
        return self.used_s() * (1 - min(1.0, self._fraction)) / self._fraction

    def used_s(self) -> float:
        """How long work that has the model now has had it, this slice included."""
        return self.busy_s + time.monotonic() - self.held_since

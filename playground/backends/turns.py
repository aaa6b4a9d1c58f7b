"""The queue for the model: one user at a time, first come first served."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playground.errors import PlaygroundError

MAX_WAITING = 32
_LOOK_S = 0.1  # how often a waiting run checks for Stop and reports its position


class Turns:
    """A fair lock that reports queue positions. A turn ends only when its holder has finished."""

    def __init__(self, max_waiting: int = MAX_WAITING):
        self._max_waiting = max_waiting
        self._tickets: list[object] = []  # the first has the turn
        self._changed = threading.Condition()

    @contextmanager
    def ticket(self) -> Iterator[object]:
        """Hold a place in the queue until the block exits.

        Raises:
            PlaygroundError: The queue is full.
        """
        mine = object()
        with self._changed:
            if len(self._tickets) > self._max_waiting:
                raise PlaygroundError(
                    f"The model is busy: {self._max_waiting} runs are waiting already. Try again in a moment."
                )
            self._tickets.append(mine)
        try:
            yield mine
        finally:
            with self._changed:
                self._tickets.remove(mine)
                self._changed.notify_all()

    def wait(self, ticket: object, should_stop: Callable[[], bool]) -> Iterator[int]:
        """The position in the queue, ten times a second, until it is 0 (our turn) or `should_stop` returns True."""
        while not should_stop():
            with self._changed:
                position = self._tickets.index(ticket)
                if position == 0:
                    return
            yield position
            with self._changed:
                if self._tickets[0] is not ticket:
                    self._changed.wait(_LOOK_S)

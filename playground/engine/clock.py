"""The clock of a request, which stands still while the request is set aside for others."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Follower(Protocol):
    """What stands still with a clock, such as a meter of energy."""

    def pause(self) -> None:
        """The request is set aside."""
        ...

    def resume(self) -> None:
        """It goes on."""
        ...


class Clock:
    """Seconds since the request began, without those in which it was set aside. Any thread may read it.

    Args:
        parent: A clock that this one stands still with; None makes one of its own.
        time_s: Monotonic seconds.
    """

    def __init__(self, parent: "Clock | None" = None, time_s: Callable[[], float] = time.perf_counter):
        self._parent, self._time_s = parent, time_s
        self._followers: list[Follower] = []
        self._aside_s = 0.0
        self._aside_since: float | None = None
        self._lock = threading.Lock()
        self._begun_s = self._read()

    def now(self) -> float:
        """Seconds so far."""
        return self._read() - self._begun_s

    def lap(self) -> "Clock":
        """A clock that begins now and stands still with this one."""
        return Clock(self)

    @property
    def aside_s(self) -> float:
        """Seconds in which the request was set aside."""
        if self._parent is not None:
            return self._parent.aside_s
        with self._lock:
            return self._aside_s

    def follow(self, follower: Follower) -> None:
        """From now on this stands still with the clock."""
        if self._parent is not None:
            self._parent.follow(follower)
        else:
            self._followers.append(follower)

    def pause(self) -> None:
        """The request is set aside; only the thread that works on it calls this."""
        for follower in self._followers:
            follower.pause()
        with self._lock:
            self._aside_since = self._time_s()

    def resume(self) -> None:
        """The request goes on."""
        with self._lock:
            if self._aside_since is not None:
                self._aside_s += self._time_s() - self._aside_since
            self._aside_since = None
        for follower in self._followers:
            follower.resume()

    def _read(self) -> float:
        if self._parent is not None:
            return self._parent.now()
        with self._lock:
            at_s = self._time_s() if self._aside_since is None else self._aside_since
            return at_s - self._aside_s

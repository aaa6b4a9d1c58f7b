"""Who listens: which event streams are open now. Work starts when its stream is open, and ends soon after it closed."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from playground.errors import PlaygroundError

OPENS_S = 5.0  # how long work waits for its stream: the page opens it right after the request
LEFT_S = 1.5  # how long work goes on without a listener: a page that reconnects sooner loses nothing
_LOOK_S = 0.02


class Listeners:
    """The open streams, counted by name: a page's session hash, or the id of an event that belongs to no page."""

    def __init__(self) -> None:
        self._open = Counter[str]()
        self._lock = threading.Lock()

    @contextmanager
    def listening(self, name: str) -> Iterator[None]:
        """Inside the block, a stream of this name is open."""
        with self._lock:
            self._open[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[name] -= 1
                if not self._open[name]:
                    del self._open[name]

    def of(self, *names: str) -> "Audience":
        """One who listens to a stream of one of these names."""
        return Audience(self, names)

    def any_open(self, names: tuple[str, ...]) -> bool:
        """Whether a stream of one of these names is open."""
        with self._lock:
            return any(name in self._open for name in names)


class Listened(Protocol):
    """Somebody who may listen to a piece of work."""

    def has_left(self) -> bool:
        """Whether nobody has listened for `LEFT_S`, as far as earlier calls could see; from any thread."""
        ...

    async def wait(self) -> None:
        """Until somebody listens.

        Raises:
            PlaygroundError: Nobody does within `OPENS_S`.
        """
        ...


class Everybody:
    """For work outside of a server: somebody listens always."""

    def has_left(self) -> bool:
        """Never."""
        return False

    async def wait(self) -> None:
        """Not at all."""


class Audience:
    """One who listens to a stream of one of these names."""

    def __init__(self, listeners: Listeners, names: tuple[str, ...]):
        self._listeners, self._names = listeners, names
        self._heard_s = time.monotonic()

    def has_left(self) -> bool:
        """As `Listened.has_left`."""
        now_s = time.monotonic()
        if self._listeners.any_open(self._names):
            self._heard_s = now_s
        return now_s - self._heard_s > LEFT_S

    async def wait(self) -> None:
        """As `Listened.wait`."""
        until_s = time.monotonic() + OPENS_S
        while not self._listeners.any_open(self._names):
            if time.monotonic() > until_s:
                raise PlaygroundError(
                    f"This did not start: nobody opened its stream of events within {OPENS_S:g} seconds. Send it "
                    "again, and open the stream right after."
                )
            await asyncio.sleep(_LOOK_S)
        self._heard_s = time.monotonic()

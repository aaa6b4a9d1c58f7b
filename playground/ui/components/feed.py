"""Updates of a run, which the page requests in pieces: it names the first line and sets the pace.

Gradio's stream would repeat what every component shows with each frame, and lose frames in a tab that sleeps.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

MOST_LINES = 200  # in one piece, so that drawing it is a short task
_GRACE_S = 1.0  # a page without a request for this long is closed or asleep
_LOOK_S = 0.02
_GONE = {"gone": True}

More = Callable[[Any], Awaitable[dict[str, Any]]]
"""The server function through which a component requests more lines: `[run, line]`."""


class Feed:
    """Lines that only ever get more.

    Attributes:
        run: Its name in the page. It can't be guessed, since anyone who knows it may read.
        lines: Each ends with a line break.
        is_over: Nothing comes after these lines.
    """

    def __init__(self, now: Callable[[], dict[str, Any]] = dict):
        """Starts empty. `now` returns the status and meters that go with the lines."""
        self.run = secrets.token_hex(16)
        self.lines: list[str] = []
        self.is_over = False
        self._now = now
        self._is_taken = False
        self._requested_s = time.monotonic()

    def piece(self, start: int) -> dict[str, Any]:
        """Lines from `start` on, at most `MOST_LINES`; the newest piece also carries status and meters."""
        self._requested_s = time.monotonic()
        is_over = self.is_over  # read first: what came until then is in the lines
        lines = self.lines[start : start + MOST_LINES]
        more = start + len(lines) < len(self.lines)
        self._is_taken = self._is_taken or (is_over and not lines)
        piece = {"lines": "".join(lines), "count": len(lines), "more": more, "over": is_over and not more}
        return piece if more else piece | self._now()

    async def taken(self) -> None:
        """Wait until the page has taken everything, or sends no more requests."""
        self._requested_s = time.monotonic()
        while not self._is_taken and time.monotonic() - self._requested_s < _GRACE_S:
            await asyncio.sleep(_LOOK_S)


class Feeds:
    """Feeds by name, as long as something holds them: the ticket of the page's run does."""

    def __init__(self) -> None:
        self._feeds: WeakValueDictionary[str, Feed] = WeakValueDictionary()

    def add(self, feed: Feed) -> None:
        """From now on a page may request it."""
        self._feeds[feed.run] = feed

    def more(self) -> More:
        """The function that components get: a new one each time, since Gradio writes on it."""

        async def more(request: Any) -> dict[str, Any]:
            match request:
                case [str(run), int(start)] if start >= 0 and (feed := self._feeds.get(run)) is not None:
                    return await asyncio.to_thread(feed.piece, start)
            return _GONE

        return more

"""What a run tells the page, asked for in pieces: the page says from which line on, at its own pace.

Gradio's stream would repeat what every component shows with each frame, and lose frames in a tab that sleeps.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

MOST_LINES = 200  # of one piece, so that drawing it is a short task
_GRACE_S = 1.0  # a page that has not asked for so long is gone, or sleeps
_LOOK_S = 0.02
_GONE = {"gone": True}

More = Callable[[Any], Awaitable[dict[str, Any]]]
"""The function of the server that a component asks for more: `[run, line]`."""


class Feed:
    """Lines that only ever get more.

    Attributes:
        run: Its name in the page. It can't be guessed, since who knows it may read.
        lines: Each ends with a line break.
        is_over: Nothing comes after these lines.
    """

    def __init__(self, now: Callable[[], dict[str, Any]] = dict):
        """Starts empty. `now` says how things stand beside the lines: status, meters."""
        self.run = secrets.token_hex(16)
        self.lines: list[str] = []
        self.is_over = False
        self._now = now
        self._is_taken = False
        self._asked_s = time.monotonic()

    def piece(self, start: int) -> dict[str, Any]:
        """Lines from `start` on, at most `MOST_LINES`; with the newest of them also how things stand."""
        self._asked_s = time.monotonic()
        is_over = self.is_over  # read first: what came until then is in the lines
        lines = self.lines[start : start + MOST_LINES]
        more = start + len(lines) < len(self.lines)
        self._is_taken = self._is_taken or (is_over and not lines)
        piece = {"lines": "".join(lines), "count": len(lines), "more": more, "over": is_over and not more}
        return piece if more else piece | self._now()

    async def taken(self) -> None:
        """Wait until the page has asked for more than there is, or asks no longer."""
        self._asked_s = time.monotonic()
        while not self._is_taken and time.monotonic() - self._asked_s < _GRACE_S:
            await asyncio.sleep(_LOOK_S)


class Feeds:
    """Feeds by name, as long as somebody holds them: the ticket of the page's run does."""

    def __init__(self) -> None:
        self._feeds: WeakValueDictionary[str, Feed] = WeakValueDictionary()

    def add(self, feed: Feed) -> None:
        """From now on a page may ask for it."""
        self._feeds[feed.run] = feed

    def more(self) -> More:
        """The function that components get: a new one each time, since Gradio writes on it."""

        async def more(asked: Any) -> dict[str, Any]:
            match asked:
                case [str(run), int(start)] if start >= 0 and (feed := self._feeds.get(run)) is not None:
                    return await asyncio.to_thread(feed.piece, start)
            return _GONE

        return more

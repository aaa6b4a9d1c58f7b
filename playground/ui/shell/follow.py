"""Work that blocks, followed by a page: a thread does it, and the page takes in what came a few times a second.

Times come from the engine's events; drawing late never changes a number.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

from playground.errors import NoPrompt, NotHere, PlaygroundError
from playground.runs.records import Document
from playground.ui.components.words import word
from playground.ui.shell.pages import Ticket

T = TypeVar("T")
Start = Callable[[Callable[[], bool]], Iterable[T]]
"""Makes the work, in its thread; gets the flag that says whether it should stop."""
FRAMES_PER_S = 8
STILL_HERE_S = 5.0  # Gradio notices a closed page when it is sent something; each sending costs the browser 20 ms
_QUIET_S = 0.5  # longest time between two checks, so that a closed page is noticed
_log = logging.getLogger(__name__)


def failure(error: BaseException) -> dict[str, Any]:
    """A status that says what went wrong, why, and what to do; a missing prompt is a hint, not a failure."""
    title = word("common.did_not_run")
    if isinstance(error, NoPrompt):
        return {"phase": "empty", "text": "no prompt yet", "hint": str(error), "id": time.time_ns()}
    if isinstance(error, PlaygroundError):
        state = {"phase": "failed", "text": "failed", "title": title, "problem": str(error)}
        return state | ({"act": "fetch"} if isinstance(error, NotHere) else {})
    kind = type(error).__name__
    problem = (
        f"An unexpected error occurred ({kind}). Your text and settings are kept: run again, or choose "
        "another model or quantization. The terminal that serves this page shows the details."
    )
    return {"phase": "failed", "text": "failed", "title": title, "problem": problem}


class View(Protocol):
    """What a page shows of work in progress."""

    def add(self, update: Any) -> None:
        """Take in an update."""
        ...

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this. `failed` is the status of work that failed; None if it ended or was stopped."""
        ...


class Due:
    """Whether to send the page something: there is news, or nothing was sent for `STILL_HERE_S`."""

    def __init__(self) -> None:
        self._last: object = None
        self._sent_s = -STILL_HERE_S

    def __call__(self, news: object) -> bool:
        """Whether to send now; the caller then sends."""
        now_s = time.monotonic()
        if news == self._last and now_s - self._sent_s < STILL_HERE_S:
            return False
        self._last, self._sent_s = news, now_s
        return True


async def follow(
    view: View,
    start: Start[Any],
    ticket: Ticket,
    *,
    keeps: type[Document] = Document,
    frames_per_s: float = FRAMES_PER_S,
    grace_s: float | None = None,
) -> AsyncGenerator[None]:
    """A frame at once, each time something came, and at the end; none once the page shows something newer.

    Closing this stops the work. The options are those of `look_in`.
    """
    failed = None
    try:
        async with aclosing(look_in(start, ticket, keeps=keeps, frames_per_s=frames_per_s, grace_s=grace_s)) as looks:
            async for updates in looks:
                for update in updates:
                    view.add(update)
                if ticket.is_replaced:
                    return
                yield
    except Exception as error:  # the page must say so, whatever it was
        if not isinstance(error, PlaygroundError):
            _log.exception("the work of a page failed")
        failed = failure(error)
    finally:  # also when the page is closed in the middle
        view.end(failed)
    if not ticket.is_replaced:
        yield


async def look_in(
    start: Start[T],
    ticket: Ticket,
    *,
    keeps: type[Document] = Document,
    frames_per_s: float = FRAMES_PER_S,
    grace_s: float | None = None,
) -> AsyncGenerator[list[T]]:
    """What came since the last check, maybe nothing, until the work has ended. Closing this stops it.

    It starts once somebody listens, and is stopped soon after nobody does.

    Args:
        start: See `Start`.
        ticket: Stops the work, gets its document, and knows when it has really ended: all of it in the work's own
            thread, so also when the page has closed.
        keeps: Kind of that document.
        frames_per_s: How often to look.
        grace_s: How long to wait for the end of work that was stopped; None waits until it comes.

    Raises:
        BaseException: Whatever ended the work, after its last updates were yielded; or nobody listens to it.
    """
    await _listener(ticket)
    pump = _Pump(_keeping(start, ticket, keeps))
    looked_at = stopped_at = None
    try:
        while True:
            items, ended = pump.drain()
            now = time.monotonic()
            if grace_s is not None and ticket.stop.is_set() and not ended:
                stopped_at = stopped_at or now
                ended = now - stopped_at >= grace_s
            if items or looked_at is None or now - looked_at >= _QUIET_S:
                looked_at = now
                yield items
            if ended:
                if pump.error is not None:
                    raise pump.error
                return
            await asyncio.sleep(1 / frames_per_s)
    finally:  # also when the page is closed in the middle
        ticket.stop.set()


async def _listener(ticket: Ticket) -> None:
    try:
        await ticket.listener.wait()
    except BaseException:  # also a page that has closed meanwhile: the work never starts
        ticket.stop.set()
        ticket.ended.set()
        raise


def _keeping(start: Start[T], ticket: Ticket, keeps: type[Document]) -> Iterator[T]:
    work = None
    try:
        work = start(ticket.should_stop)
        for update in work:
            if isinstance(update, keeps):
                ticket.record = update
            yield update
    finally:
        close = getattr(work, "close", None)  # a run and a generator then give the model back
        if close is not None:
            close()
        ticket.ended.set()


class _Pump(Generic[T]):
    """A blocking iterator, consumed in a thread; its items, and the error that ended it, wait to be drained."""

    def __init__(self, items: Iterator[T]):
        self._items = items
        self._waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._ended = threading.Event()
        self.error: BaseException | None = None
        threading.Thread(target=self._work, name="page-work", daemon=True).start()

    def _work(self) -> None:
        try:
            for item in self._items:
                self._waiting.put(item)
        except BaseException as error:  # the caller of `drain` decides what it means
            self.error = error
        finally:
            self._ended.set()

    def drain(self) -> tuple[list[T], bool]:
        """Everything that waits, and whether that was all."""
        ended = self._ended.is_set()  # read before draining: what came until then is in the queue
        items: list[T] = []
        while not self._waiting.empty():
            items.append(self._waiting.get_nowait())
        return items, ended

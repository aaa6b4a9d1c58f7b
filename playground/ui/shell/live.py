"""A run as the page follows it: the engine in a thread of its own, its updates taken in 15 times a second.

Times come from the engine's events; drawing late never changes a number.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

from playground.engine.events import Finished, PromptProcessed, TokenEvent
from playground.errors import PlaygroundError
from playground.runs.records import RunRecord
from playground.runs.services import Run, Runner
from playground.runs.updates import Meters, RunRequest, Update
from playground.ui.shell.feed import Feed
from playground.ui.shell.pages import Ticket
from playground.ui.shell.pump import Pump
from playground.views import run as views

FRAMES_PER_S = 15
QUIET_S = 0.5  # a look at least so often, so that a closed page is noticed
STOP_GRACE_S = 0.1  # how long the page waits for the engine's own word before it says "stopped"
STILL_HERE_S = 5.0  # Gradio notices a closed page when it is sent something; each sending costs the browser 20 ms

_log = logging.getLogger(__name__)


def failure(error: BaseException) -> dict[str, Any]:
    """A status that says what went wrong, why, and what to do."""
    title = "This did not run."
    if isinstance(error, PlaygroundError):
        return {"phase": "failed", "text": "failed", "title": title, "problem": str(error)}
    kind = type(error).__name__
    problem = (
        f"The app met an error it did not expect ({kind}). Your text and settings are kept: run again, or choose "
        "another model or quantization. The terminal that serves this page shows the details."
    )
    return {"phase": "failed", "text": "failed", "title": title, "problem": problem}


class Due:
    """Whether the page is to be sent something: there is news, or nothing was sent for `STILL_HERE_S`."""

    def __init__(self) -> None:
        self._last: object = None
        self._sent_s = -STILL_HERE_S

    def __call__(self, news: object) -> bool:
        """Whether to send now; whoever asks then sends."""
        now_s = time.monotonic()
        if news == self._last and now_s - self._sent_s < STILL_HERE_S:
            return False
        self._last, self._sent_s = news, now_s
        return True


class RunView:
    """What a run has told so far: its lines, which the page asks for, and beside them its status and meters.

    Attributes:
        feed: The lines.
        head: The value of the `token_view` that follows this run.
        read: The run's meters, from any thread; None before there are any.
    """

    def __init__(self, *, ordered: bool):
        self.feed = Feed(self.now)
        self.head = views.head_line(self.feed.run, ordered=ordered, live=True)
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self.reason: str | None = None
        self.read: Callable[[], Meters | None] = lambda: None
        self._texts: list[str] = []

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._texts)

    @property
    def meters(self) -> dict[str, Any]:
        """The meters now, as the page shows them."""
        return views.meter_values(self.read(), self.reason)

    def now(self) -> dict[str, Any]:
        """What stands beside the lines."""
        return {"meters": self.meters, "status": self.status}

    def add(self, update: Update) -> None:
        """Take an update in."""
        if isinstance(update, TokenEvent):
            self.feed.lines.append(views.token_line(update))
            self._texts.append(update.text)
        elif isinstance(update, PromptProcessed):
            self.feed.lines.append(views.prompt_line(update))
        elif isinstance(update, Finished):
            if update.text:
                self.feed.lines.append(views.tail_line(update.text))
                self._texts.append(update.text)
            self.end(update.reason)
        self.status = views.status(update) or self.status

    def end(self, reason: str) -> None:
        """Close the token lines, once."""
        if self.reason is None:
            self.reason = reason
            self.feed.lines.append(views.end_line(reason))

    def fail(self, error: BaseException) -> None:
        """The run broke; what came so far stays."""
        if not isinstance(error, PlaygroundError):
            _log.error("a run failed", exc_info=error)
        self.status = failure(error)
        if self._texts:
            self.status["title"] = "The run broke off; what had come is kept."


class _Work:
    """The run's updates, to be iterated in a thread; `run` can be asked for its meters meanwhile."""

    def __init__(self, runner: Runner, request: RunRequest, ticket: Ticket):
        self.run: Run | None = None
        self._runner, self._request, self._ticket = runner, request, ticket

    def meters(self) -> Meters | None:
        """Everything measured so far."""
        return self.run.meters() if self.run is not None else None

    def __iter__(self) -> Iterator[Update]:
        try:
            self.run = self._runner.start(self._request, self._ticket.stop.is_set)
            for update in self.run:
                if isinstance(update, RunRecord):
                    self._ticket.record = update
                yield update
        finally:
            if self.run is not None:
                self.run.close()
            self._ticket.ended.set()


async def follow(
    runner: Runner, request: RunRequest, ticket: Ticket, *, frames_per_s: float = FRAMES_PER_S
) -> AsyncGenerator[RunView]:
    """A run's view, each time something came, until it has ended, failed or been stopped. Closing this stops it."""
    view = RunView(ordered=request.settings.repetition_penalty == 1)
    work = _Work(runner, request, ticket)
    view.read = work.meters
    pump = Pump(iter(work), name="page-run")
    yielded_at, stop_seen_at = 0.0, None
    try:
        yield view
        while True:
            await asyncio.sleep(1 / frames_per_s)
            updates, ended = pump.drain()
            for update in updates:
                view.add(update)
            if ended and pump.error is not None:
                view.fail(pump.error)
            now = time.monotonic()
            if ticket.stop.is_set() and not ended:
                stop_seen_at = stop_seen_at or now
                if now - stop_seen_at >= STOP_GRACE_S:  # the engine stops at its next chunk; the page need not wait
                    view.end("cancelled")
                    view.status = views.status(Finished("cancelled", "", 0.0)) or view.status
                    ended = True
            view.feed.is_over = ended
            if updates or ended or now - yielded_at >= QUIET_S:
                yielded_at = now
                yield view
            if ended:
                return
    finally:  # also when the page is closed in the middle
        view.feed.is_over = True
        ticket.stop.set()

"""A run as frames for the page: the engine in a thread of its own, the page at 15 frames a second.

Times come from the engine's events; drawing late never changes a number.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

from playground.engine.events import Finished, PromptProcessed, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.records import RunRecord
from playground.experiments.services import Run, Runner
from playground.experiments.updates import RunRequest, Update
from playground.ui import views
from playground.ui.pump import Pump
from playground.ui.sessions import Ticket

__all__ = ["FRAMES_PER_S", "Frame", "RunView", "failure", "follow"]

FRAMES_PER_S = 15
QUIET_S = 0.5  # a frame at least so often, so that "elapsed" moves and a closed page is noticed
STOP_GRACE_S = 0.1  # how long the page waits for the engine's own word before it says "stopped"
SLOW_ABOVE_CHARS = 1_000_000  # the browser copies the whole text each frame: longer answers get fewer frames

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frame:
    """What the page shows at a moment: token lines, meters, status; and the plain text so far."""

    tokens: str
    meters: dict[str, Any]
    status: dict[str, Any]
    text: str


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


class RunView:
    """What has been told of a run so far, as the page's text and status."""

    def __init__(self, *, ordered: bool):
        self.tokens = views.head_line(secrets.token_hex(8), ordered=ordered)
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self.reason: str | None = None
        self.text = ""

    def add(self, update: Update) -> None:
        """Take an update in."""
        if isinstance(update, TokenEvent):
            self.tokens += views.token_line(update)
            self.text += update.text
        elif isinstance(update, PromptProcessed):
            self.tokens += views.prompt_line(update)
        elif isinstance(update, Finished):
            if update.text:
                self.tokens += views.tail_line(update.text)
                self.text += update.text
            self.end(update.reason)
        self.status = views.status(update) or self.status

    def end(self, reason: str) -> None:
        """Close the token lines, once."""
        if self.reason is None:
            self.reason = reason
            self.tokens += views.end_line(reason)

    def fail(self, error: BaseException) -> None:
        """The run broke; what came so far stays."""
        if not isinstance(error, PlaygroundError):
            _log.error("a run failed", exc_info=error)
        self.status = failure(error)
        if self.text:
            self.status["title"] = "The run broke off; what had come is kept."

    def frame(self, run: Run | None) -> Frame:
        """Everything as it stands."""
        meters = run.meters() if run is not None else None
        return Frame(self.tokens, views.meter_values(meters, self.reason), self.status, self.text)


class _Work:
    """The run's updates, to be iterated in a thread; `run` can be asked for its meters meanwhile."""

    def __init__(self, runner: Runner, request: RunRequest, ticket: Ticket):
        self.run: Run | None = None
        self._runner, self._request, self._ticket = runner, request, ticket

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
) -> AsyncGenerator[Frame]:
    """Frames of a run until it has ended, failed or been stopped. Closing this stops the engine."""
    view = RunView(ordered=request.settings.repetition_penalty == 1)
    work = _Work(runner, request, ticket)
    pump = Pump(iter(work), name="page-run")
    drawn_at, stop_seen_at = 0.0, None
    try:
        yield view.frame(None)
        while True:
            await asyncio.sleep(max(1.0, len(view.tokens) / SLOW_ABOVE_CHARS) / frames_per_s)
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
            if updates or ended or now - drawn_at >= QUIET_S:
                drawn_at = now
                yield await asyncio.to_thread(view.frame, work.run)
            if ended:
                return
    finally:  # also when the page is closed in the middle
        ticket.stop.set()

"""A run as the page follows it: its lines in a feed, with status and meters."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any

from playground.engine.events import Finished, PromptProcessed, TokenEvent
from playground.runs.runner import Runner
from playground.runs.updates import Meters, RunRequest, Update
from playground.ui.components.feed import Feed
from playground.ui.shell.follow import follow
from playground.ui.shell.pages import Ticket
from playground.views import run as views

FRAMES_PER_S = 15
STOP_GRACE_S = 0.1  # how long the page waits for the engine's last event before it says "stopped"


class RunView:
    """The updates of a run so far: its lines, which the page requests, with its status and meters.

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
        """What goes with the lines."""
        return {"meters": self.meters, "status": self.status}

    def add(self, update: Update) -> None:
        """Take in an update."""
        if isinstance(update, TokenEvent):
            self.feed.lines.append(views.token_line(update))
            self._texts.append(update.text)
        elif isinstance(update, PromptProcessed):
            self.feed.lines.append(views.prompt_line(update))
        elif isinstance(update, Finished):
            if update.text:
                self.feed.lines.append(views.tail_line(update.text))
                self._texts.append(update.text)
            self._close(update.reason)
        self.status = views.status(update) or self.status

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this; what came so far stays."""
        if failed is not None:
            self.status = failed | ({"title": "The run failed; the answer so far is kept."} if self._texts else {})
        elif self.reason is None:
            self._close("cancelled")
            self.status = views.status(Finished("cancelled", "", 0.0)) or self.status
        self.feed.is_over = True

    def _close(self, reason: str) -> None:
        if self.reason is None:
            self.reason = reason
            self.feed.lines.append(views.end_line(reason))


async def run_frames(
    runner: Runner, request: RunRequest, ticket: Ticket, *, frames_per_s: float = FRAMES_PER_S
) -> AsyncGenerator[RunView]:
    """A run's view, each time something came, until it has ended, failed or been stopped. Closing this stops it."""
    view = RunView(ordered=request.settings.repetition_penalty == 1)

    def start(should_stop: Callable[[], bool]) -> Iterable[Update]:
        run = runner.start(request, should_stop)
        view.read = run.meters
        return run

    async with aclosing(follow(view, start, ticket, frames_per_s=frames_per_s, grace_s=STOP_GRACE_S)) as frames:
        async for _ in frames:
            yield view

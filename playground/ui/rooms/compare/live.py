"""A comparison as the page follows it: its updates taken in ten times a second; the engine has its own thread."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from playground.engine.events import Finished
from playground.errors import PlaygroundError
from playground.experiments.compare.experiment import COMPARE, CompareRequest
from playground.experiments.compare.pane_updates import PaneAgain, PaneBegun, PaneFailed, PaneUpdate
from playground.experiments.compare.records import CompareRecord
from playground.experiments.compare.run import ModeChosen
from playground.runs.budget import TimeUsed
from playground.runs.experiment import updates
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.ui.shell.follow import failure, follow
from playground.ui.shell.live import RunView
from playground.ui.shell.pages import Ticket
from playground.views.compare_panels import again_text

_FRAMES_PER_S = 10
MODES = {"batch": "together", "turns": "turns"}
"""The tab's choice, by how the panes ran."""
BUSY = ("queued", "loading", "reading", "running")


class PaneView(RunView):
    """A pane: it waits for its turn, then is a run like any other."""

    def __init__(self, *, ordered: bool):
        super().__init__(ordered=ordered)
        self.status = {"phase": "queued", "text": "waits for its turn"}

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """The comparison is over, or this pane's part of it."""
        if self.status["phase"] in BUSY:
            super().end(failed)
            if failed is None and not self.text:
                self.status = self.status | {"text": "stopped before it began"}
        self.feed.is_over = True


class CompareView:
    """A comparison so far.

    Attributes:
        request: What runs.
        panes: In their order.
        mode: Value of the tab's choice between batch and turns, where the panes run otherwise than requested.
        why: How they run, and the reason.
    """

    def __init__(self, request: CompareRequest):
        self.request = request
        self.panes = [PaneView(ordered=pane.settings.repetition_penalty == 1) for pane in request.runs()]
        self.mode: str | None = None
        self.why = self._chosen = ""

    def add(self, update: Any) -> None:
        """Take in an update."""
        if isinstance(update, ModeChosen):
            self.why = self._chosen = update.why
            if (update.mode == "batch") != self.request.together:
                self.mode = MODES[update.mode]
        elif isinstance(update, PaneAgain):
            self.why = f"{self._chosen} Now {again_text(update)}."
        elif isinstance(update, PaneBegun):
            self.panes[update.pane].read = update.meters
        elif isinstance(update, PaneFailed):
            self.panes[update.pane].end(failure(PlaygroundError(update.problem)))
        elif isinstance(update, PaneUpdate) and not isinstance(update.update, RunRecord):
            pane = self.panes[update.pane]
            if pane.reason is None or isinstance(update.update, Finished | TimeUsed):
                pane.add(update.update)

    def stopping(self) -> None:
        """Stop was pressed, but the engine has not stopped yet."""
        for pane in self.panes:
            if pane.status["phase"] in BUSY:
                pane.status = pane.status | {"text": "stopping…"}

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this."""
        self.why = self._chosen
        for pane in self.panes:
            pane.end(failed)


async def compare_frames(runner: Runner, view: CompareView, ticket: Ticket) -> AsyncGenerator[None]:
    """A frame each time something came, until all panes have ended. Closing this stops the engine."""
    work = follow(
        view, lambda stop: updates(runner, COMPARE, view.request, stop), ticket, keeps=CompareRecord,
        frames_per_s=_FRAMES_PER_S,
    )  # fmt: skip
    async with aclosing(work) as frames:
        async for _ in frames:
            if ticket.stop.is_set():
                view.stopping()
            yield

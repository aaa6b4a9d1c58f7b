"""A sweep as frames for the page: small multiples that grow, and how far it is."""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any

from playground.backends.base import Loading, Queued
from playground.engine.events import Finished, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.compare.records import SweepRecord
from playground.experiments.compare.run import PaneFailed, PaneUpdate
from playground.experiments.compare.sweep import SweepRequest, start_sweep
from playground.runs.records import RunRecord
from playground.runs.services import Runner
from playground.ui.rooms.compare import sweep_views
from playground.ui.shell.live import failure
from playground.ui.shell.pages import Ticket
from playground.ui.shell.work import follow_work
from playground.views import run as views
from playground.views.format import format_seconds

_FRAMES_PER_S = 8
_log = logging.getLogger(__name__)


class _SweepView:
    """What has been told of a sweep so far."""

    def __init__(self, request: SweepRequest):
        self.lines = sweep_views.first_line()
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self._request = request
        self._begun: set[int] = set()
        self._ended: set[int] = set()
        self._tokens = 0
        self._since = time.monotonic()

    def add(self, update: Any) -> None:
        """Take an update in."""
        if isinstance(update, PaneFailed):
            self._open(update.pane)
            self._close(update.pane, update.problem)
        elif isinstance(update, PaneUpdate):
            self._run(update.pane, update.update)

    def _run(self, cell: int, update: Any) -> None:
        if isinstance(update, TokenEvent):
            self._open(cell)
            self._tokens += 1
            self.lines += sweep_views.cell_lines(cell, update)
        elif isinstance(update, RunRecord):
            self._open(cell)
            self._close(cell, update)
        elif isinstance(update, Finished):
            return  # its record comes next, with the figures
        self.status = views.status(update) if isinstance(update, Queued | Loading) else self._progress()  # pyrefly: ignore[bad-assignment]  # these two always have one

    def _open(self, cell: int) -> None:
        if cell not in self._begun:
            self._begun.add(cell)
            self.lines += sweep_views.cell_start(cell, self._request.name, self._request.values[cell])

    def _close(self, cell: int, end: RunRecord | str) -> None:
        if cell not in self._ended:
            self._ended.add(cell)
            self.lines += sweep_views.cell_end(cell, end)

    def _progress(self) -> dict[str, Any]:
        done, asked = len(self._ended), len(self._request.values)
        spent = format_seconds(time.monotonic() - self._since)
        text = f"{done} of {asked} runs, {self._tokens:,} tokens, {spent}"
        return {"phase": "reading", "text": text, "fraction": done / asked, "turn": done}

    def finish(self, record: SweepRecord | None) -> None:
        """The sweep is over."""
        asked, kept = len(self._request.values), len(record.runs) if record else 0
        for cell in self._begun - self._ended:
            self._close(cell, "stopped")
        if kept == asked:
            self.status = {"phase": "finished", "text": f"finished: {asked} runs, {self._tokens:,} tokens"}
        else:
            self.status = {"phase": "stopped", "text": f"ended with {kept} of {asked} runs; they are kept"}

    def fail(self, error: BaseException) -> None:
        """It broke."""
        self.status = failure(error)


async def sweep_frames(runner: Runner, request: SweepRequest, ticket: Ticket) -> AsyncGenerator[tuple[str, dict]]:
    """Small multiples and status until the sweep has ended. Closing this stops the engine."""
    view = _SweepView(request)
    yield view.lines, view.status
    try:
        async with aclosing(follow_work(_work(runner, request, ticket), ticket, frames_per_s=_FRAMES_PER_S)) as some:
            async for updates in some:
                for update in updates:
                    view.add(update)
                if ticket.stop.is_set():
                    view.status = view.status | {"text": "stopping…"}
                yield view.lines, view.status
        record = ticket.record
        view.finish(record if isinstance(record, SweepRecord) else None)
    except PlaygroundError as error:
        view.fail(error)
    except Exception as error:
        _log.exception("a sweep failed")
        view.fail(error)
    yield view.lines, view.status


def _work(runner: Runner, request: SweepRequest, ticket: Ticket) -> Callable[[Callable[[], bool]], Iterator[Any]]:
    def start(should_stop: Callable[[], bool]) -> Iterator[Any]:
        sweep = start_sweep(runner, request, should_stop)
        try:
            for update in sweep:
                if isinstance(update, SweepRecord):
                    ticket.record = update  # also when the page has stopped looking
                yield update
        finally:
            sweep.close()

    return start

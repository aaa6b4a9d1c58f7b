"""A comparison as the page follows it: its updates taken in ten times a second; the engine has a thread of its own."""

import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from playground.engine.events import Finished
from playground.errors import PlaygroundError
from playground.experiments.compare.records import CompareRecord
from playground.experiments.compare.run import (
    CompareRequest,
    Comparison,
    ModeChosen,
    PaneFailed,
    PaneUpdate,
    start_compare,
)
from playground.runs.records import RunRecord
from playground.runs.services import Runner
from playground.runs.updates import Meters
from playground.ui.shell.live import RunView, failure
from playground.ui.shell.pages import Ticket
from playground.ui.shell.work import follow_work

FRAMES_PER_S = 10
_BUSY = ("queued", "loading", "reading", "running")
_log = logging.getLogger(__name__)


class PaneView(RunView):
    """A pane: it waits for its turn, then is a run like any other."""

    def __init__(self, *, ordered: bool):
        super().__init__(ordered=ordered)
        self.status = {"phase": "queued", "text": "waits for its turn"}

    def stop(self) -> None:
        """The comparison is over, or is about to be."""
        if self.status["phase"] in _BUSY:
            self.end("cancelled")
            self.status = {"phase": "stopped", "text": "stopped" if self.text else "stopped before it began"}
        self.feed.is_over = True


class _Work:
    """The comparison's updates, to be iterated in a thread; it can be asked for meters meanwhile."""

    def __init__(self, runner: Runner, request: CompareRequest, ticket: Ticket):
        self.comparison: Comparison | None = None
        self._runner, self._request, self._ticket = runner, request, ticket

    def meters(self, place: int) -> Meters | None:
        """Everything measured so far of a pane."""
        return self.comparison.meters(place) if self.comparison is not None else None

    def updates(self, should_stop: Any) -> Iterator[Any]:
        self.comparison = start_compare(self._runner, self._request, should_stop)
        try:
            for update in self.comparison:
                if isinstance(update, CompareRecord):
                    self._ticket.record = update  # also when the page has stopped looking
                yield update
        finally:
            self.comparison.close()


async def compare_views(
    runner: Runner, request: CompareRequest, ticket: Ticket, *, frames_per_s: float = FRAMES_PER_S
) -> AsyncGenerator[tuple[str, list[PaneView]]]:
    """How the panes run and why, and their views, each time something came, until all have ended.

    Closing this stops the engine.
    """
    panes = [PaneView(ordered=pane.settings.repetition_penalty == 1) for pane in request.panes]
    work = _Work(runner, request, ticket)
    for place, pane in enumerate(panes):
        pane.read = partial(work.meters, place)
    why = ""
    try:
        yield why, panes
        async with aclosing(follow_work(work.updates, ticket, frames_per_s=frames_per_s)) as handfuls:
            async for updates in handfuls:
                for update in updates:
                    why = _take(panes, update) or why
                if ticket.stop.is_set():
                    _stopping(panes)
                yield why, panes
    except PlaygroundError as error:
        _fail(panes, error)
    except Exception as error:
        _log.exception("a comparison failed")
        _fail(panes, error)
    finally:  # also when the page is closed in the middle
        for pane in panes:
            pane.stop()
    yield why, panes


def _take(panes: Sequence[PaneView], update: Any) -> str | None:
    """Take an update in; how the panes run, if it tells that."""
    if isinstance(update, ModeChosen):
        return update.why
    if isinstance(update, PaneFailed):
        panes[update.pane].fail(PlaygroundError(update.problem))
    elif isinstance(update, PaneUpdate) and not isinstance(update.update, RunRecord):
        pane = panes[update.pane]
        if pane.reason is None or isinstance(update.update, Finished):
            pane.add(update.update)
    return None


def _stopping(panes: Sequence[PaneView]) -> None:
    for pane in panes:
        if pane.status["phase"] in _BUSY:
            pane.status = pane.status | {"text": "stopping…"}


def _fail(panes: Sequence[PaneView], error: BaseException) -> None:
    for pane in panes:
        if pane.status["phase"] in _BUSY:
            pane.status = failure(error)
            if pane.text:
                pane.status["title"] = "The run broke off; what had come is kept."


def slots_of(record: CompareRecord, slots: Sequence[int]) -> tuple[int, ...]:
    """Which pane of the page each run of a record was: those that failed have none."""
    failed = {one.pane for one in record.failed}
    return tuple(slot for place, slot in enumerate(slots) if place not in failed)

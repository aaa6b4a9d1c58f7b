"""A comparison as frames for the page: all panes in one, ten a second; the engine works in a thread of its own."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
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
from playground.experiments.records import RunRecord
from playground.experiments.services import Runner
from playground.ui import views
from playground.ui.live import RunView, failure
from playground.ui.sessions import Ticket
from playground.ui.work import follow_work

__all__ = ["FRAMES_PER_S", "PaneFrame", "compare_frames", "slots_of"]

FRAMES_PER_S = 10
_BUSY = ("queued", "loading", "reading", "running")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PaneFrame:
    """What a pane shows at a moment."""

    tokens: str = ""
    status: dict[str, Any] | None = None
    meters: dict[str, Any] | None = None


class _PaneView(RunView):
    """A pane: it waits for its turn, then is a run like any other."""

    def __init__(self, *, ordered: bool):
        super().__init__(ordered=ordered)
        self.status = {"phase": "queued", "text": "waits for its turn"}
        self.meters: dict[str, Any] = {}

    def stop(self) -> None:
        """The comparison is over, or is about to be."""
        if self.status["phase"] in _BUSY:
            self.end("cancelled")
            self.status = {"phase": "stopped", "text": "stopped" if self.text else "stopped before it began"}


class _Work:
    """The comparison's updates, to be iterated in a thread; it can be asked for meters meanwhile."""

    def __init__(self, runner: Runner, request: CompareRequest, ticket: Ticket):
        self.comparison: Comparison | None = None
        self._runner, self._request, self._ticket = runner, request, ticket

    def updates(self, should_stop: Any) -> Iterator[Any]:
        self.comparison = start_compare(self._runner, self._request, should_stop)
        try:
            for update in self.comparison:
                if isinstance(update, CompareRecord):
                    self._ticket.record = update  # also when the page has stopped looking
                yield update
        finally:
            self.comparison.close()


async def compare_frames(
    runner: Runner, request: CompareRequest, ticket: Ticket, *, frames_per_s: float = FRAMES_PER_S
) -> AsyncGenerator[tuple[str, list[PaneFrame]]]:
    """How the panes run and why, and a frame of each pane, until all have ended. Closing this stops the engine."""
    panes = [_PaneView(ordered=pane.settings.repetition_penalty == 1) for pane in request.panes]
    work = _Work(runner, request, ticket)
    why = ""
    yield why, [_frame(pane) for pane in panes]
    try:
        async with aclosing(follow_work(work.updates, ticket, frames_per_s=frames_per_s)) as handfuls:
            async for updates in handfuls:
                for update in updates:
                    why = _take(panes, update) or why
                if ticket.stop.is_set():
                    _stopping(panes)
                await asyncio.to_thread(_measure, panes, work.comparison)
                yield why, [_frame(pane) for pane in panes]
    except PlaygroundError as error:
        _fail(panes, error)
    except Exception as error:
        _log.exception("a comparison failed")
        _fail(panes, error)
    for pane in panes:
        pane.stop()
    yield why, [_frame(pane) for pane in panes]


def _take(panes: Sequence[_PaneView], update: Any) -> str | None:
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


def _stopping(panes: Sequence[_PaneView]) -> None:
    for pane in panes:
        if pane.status["phase"] in _BUSY:
            pane.status = pane.status | {"text": "stopping…"}


def _fail(panes: Sequence[_PaneView], error: BaseException) -> None:
    for pane in panes:
        if pane.status["phase"] in _BUSY:
            pane.status = failure(error)
            if pane.text:
                pane.status["title"] = "The run broke off; what had come is kept."


def _measure(panes: Sequence[_PaneView], comparison: Comparison | None) -> None:
    for place, pane in enumerate(panes):
        if comparison is not None:
            pane.meters = views.meter_values(comparison.meters(place), pane.reason)


def _frame(pane: _PaneView) -> PaneFrame:
    return PaneFrame(pane.tokens, pane.status, pane.meters)


def slots_of(record: CompareRecord, slots: Sequence[int]) -> tuple[int, ...]:
    """Which pane of the page each run of a record was: those that failed have none."""
    failed = {one.pane for one in record.failed}
    return tuple(slot for place, slot in enumerate(slots) if place not in failed)

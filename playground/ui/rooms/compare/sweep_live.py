"""A sweep as the page shows it: small multiples that grow, and how far it is."""

import time
from typing import Any

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.engine.events import Finished, TokenEvent
from playground.experiments.compare.experiment import SweepRequest
from playground.experiments.compare.pane_updates import PaneAgain, PaneBegun, PaneFailed, PaneUpdate
from playground.experiments.compare.records import SweepRecord
from playground.runs.budget import TimeUsed
from playground.runs.records import RunRecord
from playground.ui.rooms.compare import sweep_views
from playground.views import run as views
from playground.views.compare_panels import again_text
from playground.views.format import format_seconds


class SweepView:
    """The state of a sweep so far."""

    def __init__(self, request: SweepRequest):
        self.lines = sweep_views.first_line()
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self._name, self._values = request.vary
        self._runs, self._again, self._doing = len(request.all_rounds(self._values)), 0, ""
        self._begun: set[int] = set()
        self._ended: set[int] = set()
        self._tokens = self._kept = 0
        self._limit = ""
        self._since = time.monotonic()

    def add(self, update: Any) -> None:
        """Take in an update."""
        if isinstance(update, PaneBegun):
            self._open(update.pane)
        elif isinstance(update, PaneFailed):
            self._open(update.pane)
            self._close(update.pane, update.problem)
        elif isinstance(update, PaneUpdate):
            self._run(update.pane, update.update)
        elif isinstance(update, PaneAgain):
            self._again, self._doing = self._again + 1, f"; {again_text(update)}"
            self.status = self._progress()
        elif isinstance(update, TimeUsed):
            self._limit = f"; {update.text}"
        elif isinstance(update, SweepRecord):
            self._kept = len(update.runs)

    def _run(self, cell: int, update: Any) -> None:
        if isinstance(update, TokenEvent):
            self._tokens += 1
            self.lines += sweep_views.cell_lines(cell, update)
        elif isinstance(update, RunRecord):
            self._close(cell, update)
        elif isinstance(update, Finished):
            return  # its record comes next, with the figures
        self.status = views.status(update) if isinstance(update, Queued | Loading) else self._progress()  # pyrefly: ignore[bad-assignment]  # these two always have one

    def _open(self, cell: int) -> None:
        if cell not in self._begun:
            self._begun.add(cell)
            self.lines += sweep_views.cell_start(cell, self._name, self._values[cell])

    def _close(self, cell: int, end: RunRecord | str) -> None:
        self._ended.add(cell)
        self.lines += sweep_views.cell_end(cell, end)

    def _progress(self) -> dict[str, Any]:
        done, count = len(self._ended), len(self._values)
        passed = done + max(0, self._again - 1)
        spent = format_seconds(time.monotonic() - self._since)
        text = f"{done} of {count} runs, {self._tokens:,} tokens, {spent}{self._doing}"
        return {"phase": "reading", "text": text, "fraction": passed / self._runs, "turn": done}

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """The sweep is over."""
        count = len(self._values)
        for cell in self._begun - self._ended:
            self._close(cell, "stopped")
        if failed is not None:
            self.status = failed
        elif self._kept == count:
            self.status = {"phase": "finished", "text": f"finished: {count} runs, {self._tokens:,} tokens"}
        else:
            self.status = {
                "phase": "stopped",
                "text": f"ended with {self._kept} of {count} runs; they are kept{self._limit}",
            }

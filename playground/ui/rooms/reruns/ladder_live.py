"""Long work while it goes on: what has come so far, as values of the page's parts."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from playground.runs.stages import Stage
from playground.ui.shell.follow import Start, follow
from playground.ui.shell.pages import Slot
from playground.views.run import status

_BUTTONS = "() => [{{__type__: 'update', interactive: {0}}}, {{__type__: 'update', interactive: {1}}}]"
STARTED, ENDED = _BUTTONS.format("false", "true"), _BUTTONS.format("true", "false")
"""What a click does at once to the buttons that start and stop, and what the end of the work does."""


class LabView:
    """What both have: a status in words, and figures that are made anew only when something was found."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self._model = ""
        self._found: tuple[Any, ...] | None = None

    def add(self, update: object) -> None:
        """Take in what was told; the record, which comes last, replaces everything before it."""
        if isinstance(update, Stage):
            self.status = {"phase": "running", "text": update.text, "fraction": update.fraction}
        elif self._take(update):
            self._found = None
        else:
            self.status = status(update) or self.status

    def values(self) -> tuple[Any, ...]:
        """The status, then the figures."""
        if self._found is None:
            self._found = self._figures()
        return self.status, *self._found

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """It is over, by itself or because somebody stopped it, or it broke; what was found stays."""
        phase = "finished" if self._complete() else "stopped"
        self.status = failed or {"phase": phase, "text": f"{phase}: {self._kept()}"}

    def opened(self) -> None:
        """It is a saved one."""
        self.status = {"phase": "finished", "text": f"opened: {self._kept()}, {self._model}"}

    def _take(self, update: object) -> bool:
        raise NotImplementedError

    def _figures(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def _complete(self) -> bool:
        raise NotImplementedError

    def _kept(self) -> str:
        raise NotImplementedError


async def frames(view: LabView, start: Start[Any], slot: Slot, session: str) -> AsyncGenerator[tuple[Any, ...]]:
    """The view's values again and again until the work has ended, or the page shows something else."""
    async with aclosing(follow(view, start, slot.begin(session))) as looks:
        async for _ in looks:
            yield view.values()

"""Long work followed on standard error."""

import sys
from collections.abc import Iterable
from typing import Any, TypeVar

from rich.console import Console

from playground.backends.base import Loading, Queued
from playground.errors import PlaygroundError
from playground.runs.records import Document
from playground.runs.stages import Stage

D = TypeVar("D", bound=Document)
_STEP = 0.1  # share of the whole after which a log, which has no moving line, is told again


def last_record(document: type[D], updates: Iterable[Any], when: str) -> D:
    """Follow the work on standard error; its record.

    Raises:
        PlaygroundError: It was stopped before there was one; `when` says when.
    """
    record, line = None, _Line()
    for update in updates:
        if isinstance(update, Stage):
            line.show(update.text, update.fraction)
        elif isinstance(update, Loading | Queued):
            line.show(getattr(update, "stage", "waiting"), None)
        elif isinstance(update, document):
            record = update
    line.clear()
    if record is None:
        raise PlaygroundError(f"It was stopped {when}: there is nothing to show.")
    return record


class _Line:
    """What is being done: one line that changes, or, in a log, a line each time it is something else."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._status = self._console.status("") if sys.stderr.isatty() else None
        self._said: tuple[str, int] | None = None
        if self._status is not None:
            self._status.start()

    def show(self, text: str, fraction: float | None) -> None:
        """Say it, unless it was just said."""
        share = "" if fraction is None else f" {fraction:.0%}"
        if self._status is not None:
            self._status.update(f"{text}{share}".replace("[", r"\["))
            return
        said = (text.split(":")[0], int((fraction or 0) / _STEP))
        if said != self._said:
            self._said = said
            print(f"{text}{share}", file=sys.stderr)

    def clear(self) -> None:
        """Leave the line empty."""
        if self._status is not None:
            self._status.stop()

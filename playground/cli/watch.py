"""Work in a terminal while it runs: how far it is on standard error, what is read as it comes on standard output."""

import sys
from collections.abc import Iterator
from typing import Any, TypeVar

from rich.console import Console
from rich.live import Live
from rich.text import Text

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.engine.events import PreparedPrompt
from playground.runs.budget import TimeUsed
from playground.runs.stages import Stage
from playground.views.panels import View
from playground.views.run import notes_of
from playground.views.terminal import safe_text

R = TypeVar("R")


def watch(came: Iterator[Any], kind: type[R], view: View, *, text: bool) -> R | None:
    """Consume the work; returns its record, or None if it was stopped before there was one.

    Args:
        came: Updates, the record last.
        kind: Of the record.
        view: Says what of an update is shown.
        text: Whether a person reads standard output.
    """
    record, console, before = None, Console(stderr=True), ""
    with Live(console=console, transient=True, auto_refresh=False, redirect_stdout=False) as live:
        for update in came:
            streamed = view.stream(update) if text else ""
            print(safe_text(streamed), end="", flush=True)
            if isinstance(update, kind):
                record = update
            elif isinstance(update, Stage):
                if console.is_terminal:
                    live.update(Text(update.text if type(update) is Stage else view.line(update)), refresh=True)
            elif not streamed:
                words = _said(update, view)
                if words and words != before:
                    print(safe_text(words), file=sys.stderr)
                before = words
    return record


def _said(update: Any, view: View) -> str:
    """What is said of an update, on a line of its own."""
    if isinstance(update, Loading | Queued):
        return update.stage if isinstance(update, Loading) else "waiting"
    if isinstance(update, TimeUsed):
        return update.text
    return "\n".join(notes_of(update)) if isinstance(update, PreparedPrompt) else view.line(update)

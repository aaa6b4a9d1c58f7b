"""Work in a terminal while it runs: how far it is on standard error, what is read as it comes on standard output."""

import sys
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from playground.backends.base import Loading, Queued
from playground.cli.terminal import safe_text
from playground.runs.stages import Stage
from playground.views.panels import View


def watch(came: Iterator[Any], view: View, *, text: bool) -> Any:
    """Consume the work; returns what came last.

    Args:
        came: Updates, the record last.
        view: Says what of an update is shown.
        text: Whether a person reads standard output.
    """
    update, console, before = None, Console(stderr=True), ""
    with Live(console=console, transient=True, auto_refresh=False, redirect_stdout=False) as live:
        for update in came:
            if text and (streamed := view.stream(update)):
                print(safe_text(streamed), end="", flush=True)
            elif isinstance(update, Stage):
                if console.is_terminal:
                    live.update(Text(update.text if type(update) is Stage else view.line(update)), refresh=True)
            else:
                loading = update.stage if isinstance(update, Loading) else ""
                words = loading or ("waiting" if isinstance(update, Queued) else view.line(update))
                if words and words != before:
                    print(safe_text(words), file=sys.stderr)
                before = words
    return update

"""Work that may take long starts only if the person confirms it."""

import sys

import typer

from playground.errors import PlaygroundError
from playground.runs.speed import LONG_S, Estimate
from playground.views.format import estimate_text
from playground.views.terminal import safe_text


def confirm(estimate: Estimate, name: str, *, yes: bool) -> None:
    """Print the estimate of work of this name; continue if it is short, or if the person agrees.

    Raises:
        PlaygroundError: It is long, and no terminal is there to confirm it.
        Abort: The person does not agree.
    """
    print(safe_text(estimate_text(estimate)), file=sys.stderr)
    if yes or not estimate.is_long:
        return
    if not can_ask():
        raise PlaygroundError(
            f"This {name} may take more than {LONG_S / 60:g} minutes, and no terminal is there to confirm it: give "
            "--yes to run it, or lower max_new_tokens."
        )
    print("Run it? [y/N] ", end="", file=sys.stderr, flush=True)  # standard output is for the document
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Abort


def can_ask() -> bool:
    """Whether a person is at the terminal."""
    return sys.stdin.isatty()

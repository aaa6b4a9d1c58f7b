"""What the command line shows: progress, streamed text and meters. Pure formatting, and one progress bar."""

import io
import json
import re
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from playground.backends.base import Loading, PreparedPrompt
from playground.runs.progress import Step
from playground.views.run import notes_of
from playground.views.terminal import safe_text


def print_json(document: str) -> None:
    """One JSON document on standard output, UTF-8 whatever the locale says."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    print(ascii_json(document) if sys.platform == "win32" else document)


def ascii_json(document: str) -> str:
    """The same JSON in ASCII: PowerShell's `>` reads our bytes in an old code page and would spoil other characters."""
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], document)


def print_notes(prompt: PreparedPrompt) -> None:
    """Notes about parts of a prompt that are not read as written, on standard error."""
    for note in notes_of(prompt):
        print(safe_text(note), file=sys.stderr)


def show_progress(steps: Iterator[Step]) -> None:
    """Consume the steps of long work behind a progress bar on standard error."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("loading", total=1.0)
        said = ""
        for stage, fraction in steps:
            progress.update(task, description=stage, completed=fraction, total=None if fraction is None else 1.0)
            if not sys.stderr.isatty() and stage != said:
                print(stage, file=sys.stderr)
                said = stage


def loading_steps(loading: Iterator[Loading]) -> Iterator[Step]:
    """Loading of a model as steps of progress."""
    return ((step.stage, step.fraction) for step in loading)

"""`playground ladder` and `playground load`."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from playground.backends.base import Loading, Queued
from playground.cli.build import build_runner
from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt
from playground.cli.ladder_text import ladder_text, load_text
from playground.cli.terminal import loading_steps, show_progress
from playground.errors import PlaygroundError
from playground.experiments.determinism.ladder import LadderRequest, check_ladder, ladder
from playground.experiments.determinism.load import LIMITS, LoadRequest, load
from playground.experiments.determinism.records import LadderRecord, LoadRecord
from playground.runs.records import Document
from playground.runs.stages import Stage
from playground.runs.updates import RunRequest
from playground.settings import make_settings

D = TypeVar("D", bound=Document)
_STEP = 0.1  # share of the whole after which a log, which has no moving line, is told again


def run_ladder(
    prompt: str,
    values: dict[str, Any],
    *,
    only: list[str],
    quick: bool,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Climb the ladder of one prompt; `values` are the settings that were given."""
    prompt = read_prompt(prompt)
    settings = make_settings(**values)
    if save is not None:
        check_folder_of(Path(save))
    runner, name = build_runner(model)
    asked = LadderRequest(RunRequest(prompt, name, quantization or "fp32", settings), tuple(only), quick)
    check_ladder(runner, asked)
    show_progress(loading_steps(runner.load(name, quantization or "fp32")))  # Ctrl+C ends a download at once
    with stop_on_interrupt() as stopped:
        record = last_record(LadderRecord, ladder(runner, asked, stopped.is_set), "before the control was done")
    give(record, ladder_text(record), save, json)


def run_load(
    prompt: str,
    *,
    requests: str,
    max_new_tokens: str,
    seed: str,
    arms: list[str],
    model: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Greedy requests of one prompt under changing load."""
    prompt = read_prompt(prompt)
    counts = _whole("requests", requests), _whole("max_new_tokens", max_new_tokens), _whole("seed", seed)
    if save is not None:
        check_folder_of(Path(save))
    runner, name = build_runner(model)
    asked = LoadRequest(prompt, name, *counts, arms=tuple(arms))
    with stop_on_interrupt() as stopped:
        record = last_record(LoadRecord, load(runner, asked, stopped.is_set), "before the first arm was done")
    give(record, load_text(record), save, json)


def _whole(name: str, text: str) -> int:
    low, high = LIMITS[name]
    try:
        return int(text)
    except ValueError:
        raise PlaygroundError(f"{name} must be a whole number from {low:,} to {high:,}; got {text[:60]!r}.") from None


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

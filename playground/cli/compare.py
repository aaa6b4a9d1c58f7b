"""`playground compare` and `playground sweep`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import typer

from playground.backends.base import Loading
from playground.cli.build import build_runner_of
from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt
from playground.cli.compare_text import changes_text, compare_text, estimate_text, pane_numbers, sweep_text
from playground.cli.terminal import print_notes, safe_text, show_progress
from playground.engine.events import Finished, PreparedPrompt, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.compare.changes import parse_changes, parse_vary
from playground.experiments.compare.panes import PaneFailed, PaneUpdate
from playground.experiments.compare.records import CompareRecord, SweepRecord
from playground.experiments.compare.run import MAX_PANES, MIN_PANES, ModeChosen, make_compare, start_compare
from playground.experiments.compare.sweep import LONG_S, SweepRequest, estimate_sweep, make_sweep, start_sweep
from playground.runs.progress import Step
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest
from playground.settings import make_settings

U = TypeVar("U")


def run_compare(
    prompt: str,
    values: dict[str, Any],
    panes: list[str],
    *,
    together: bool,
    reference: str,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Answer one prompt under 2 to 4 settings; `values` are the settings that all panes share."""
    prompt, settings = read_prompt(prompt), make_settings(**values)
    changes = [parse_changes(text) for text in panes]
    if not MIN_PANES <= len(changes) <= MAX_PANES:
        raise PlaygroundError(
            f"Give --set {MIN_PANES} to {MAX_PANES} times, once for each pane; got {len(changes)}. "
            'A pane of the settings as given is --set "".'
        )
    place = _place(reference, len(changes))
    if save is not None:
        check_folder_of(Path(save))
    own = [pane["model"] for pane in changes if "model" in pane]
    runner, (base_model, *ids) = build_runner_of([model, *own])
    named = iter(ids)
    changes = [pane | ({"model": next(named)} if "model" in pane else {}) for pane in changes]
    base = RunRequest(prompt, base_model, quantization or "fp32", settings)
    request = make_compare(base, changes, reference=place, together=together)
    titles = [f"pane {n + 1}: {changes_text(pane)}" for n, pane in enumerate(changes)]
    with stop_on_interrupt() as stopped:
        record = _follow(iter(start_compare(runner, request, stopped.is_set)), titles, text=not json)
    give(record, _text(record), save, json)


def _place(reference: str, panes: int) -> int:
    if reference.strip().isdecimal() and 1 <= int(reference) <= panes:
        return int(reference) - 1
    raise PlaygroundError(f"--reference must be the number of a pane, 1 to {panes}; got {reference[:60]!r}.")


def run_sweep(
    prompt: str,
    values: dict[str, Any],
    vary: str,
    *,
    yes: bool,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Answer one prompt over several values of one setting; `values` are the settings that all runs share."""
    prompt, settings = read_prompt(prompt), make_settings(**values)
    name, varied = parse_vary(vary)
    if save is not None:
        check_folder_of(Path(save))
    runner, (base_model, *ids) = build_runner_of([model, *(varied if name == "model" else ())])
    base = RunRequest(prompt, base_model, quantization or "fp32", settings)
    request = make_sweep(base, name, tuple(ids) if name == "model" else varied)
    _ask(runner, request, yes)
    titles = [f"{n + 1} of {len(varied)}: {changes_text({name: value})}" for n, value in enumerate(request.values)]
    with stop_on_interrupt() as stopped:
        started = start_sweep(runner, request, stopped.is_set)
        if settings.seed is None and name != "seed":
            print(f"All runs draw with seed {started.request.base.settings.seed}.", file=sys.stderr)
        record = _follow(iter(started), titles, text=not json)
    give(record, _text(record), save, json)


def _ask(runner: Runner, request: SweepRequest, yes: bool) -> None:
    """Print the estimate; continue if it is short, or if the person agrees."""
    estimate = estimate_sweep(runner, request)
    print(safe_text(estimate_text(estimate)), file=sys.stderr)
    if yes or not estimate.is_long:
        return
    if not _can_ask():
        raise PlaygroundError(
            f"This sweep may take more than {LONG_S / 60:g} minutes, and no terminal is there to confirm it: give "
            "--yes to run it, or lower max_new_tokens."
        )
    print("Run it? [y/N] ", end="", file=sys.stderr, flush=True)  # standard output is for the document
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Abort


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _follow(updates: Iterator[U], titles: list[str], *, text: bool) -> CompareRecord | SweepRecord:
    """Consume a comparison or a sweep: each answer under its title if `text`, else the titles as progress."""
    record, as_batch, said = None, False, set[int]()
    for update in _with_loading_shown(updates):
        if isinstance(update, ModeChosen):
            as_batch = update.mode == "batch"
            print(update.why, file=sys.stderr)
        elif isinstance(update, PaneFailed):
            print(safe_text(f"{titles[update.pane]} failed: {update.problem}"), file=sys.stderr)
        elif isinstance(update, PaneUpdate):
            if isinstance(update.update, PreparedPrompt) and update.pane not in said:
                said.add(update.pane)
                print(safe_text(titles[update.pane]), file=sys.stdout if text and not as_batch else sys.stderr)
                print_notes(update.update)
            elif text and not as_batch:
                _print_text(update)
        elif isinstance(update, CompareRecord | SweepRecord):
            record = update
    if record is None:
        raise PlaygroundError("Stopped before any run had an answer to keep.")
    if text and as_batch and isinstance(record, CompareRecord):
        _print_answers(record)
    return record


def _print_text(update: PaneUpdate) -> None:
    event = update.update
    if isinstance(event, TokenEvent | Finished):
        print(safe_text(event.text), end="\n\n" if isinstance(event, Finished) else "", flush=True)


def _print_answers(record: CompareRecord) -> None:
    """The answers of a batch, whose tokens came interleaved."""
    for number, changes, run in zip(pane_numbers(record), record.changes, record.panes, strict=True):
        print(safe_text(f"pane {number}: {changes_text(changes)}\n{run.text}\n"))


def _with_loading_shown(updates: Iterator[U]) -> Iterator[U]:
    """All updates except loading, which is shown as progress."""
    for update in updates:
        if (step := _loading(update)) is None:
            yield update
        else:
            after: list[U] = []
            show_progress(_loading_steps(step, updates, after))
            yield from after


def _loading_steps(first: Step, updates: Iterator[U], after: list[U]) -> Iterator[Step]:
    """Steps until another kind of update comes, which is put into `after`."""
    yield first
    for update in updates:
        if (step := _loading(update)) is None:
            after.append(update)
            return
        yield step


def _loading(update: object) -> Step | None:
    event = update.update if isinstance(update, PaneUpdate) else None
    return (event.stage, event.fraction) if isinstance(event, Loading) else None


def _text(record: CompareRecord | SweepRecord) -> str:
    return compare_text(record) if isinstance(record, CompareRecord) else sweep_text(record)

"""`playground rerun`: one prompt many times, also at several temperatures."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from playground.backends.base import Loading, PreparedPrompt, Queued
from playground.cli.build import build_runner
from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt
from playground.cli.rerun_text import ladder_text, progress_text, rerun_text
from playground.cli.terminal import loading_steps, print_notes, show_progress
from playground.errors import PlaygroundError
from playground.experiments.reruns.records import RerunRecord, SeedMode, TemperatureLadderRecord
from playground.experiments.reruns.request import check_temperatures
from playground.experiments.reruns.run import (
    LadderStep,
    LadderUpdate,
    RerunProgress,
    make_rerun,
    rerun,
    temperature_ladder,
)
from playground.runs.updates import BatchPlan, RunRequest
from playground.settings import make_settings


def run_reruns(
    prompt: str,
    values: dict[str, Any],
    *,
    n: str,
    same_seed: bool,
    unseeded: bool,
    mentions: list[str],
    temperatures: str | None,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Answer one prompt many times; `values` are the settings that were given."""
    prompt, settings = read_prompt(prompt), make_settings(**values)
    if save is not None:
        check_folder_of(Path(save))
    ladder = None if temperatures is None else check_temperatures(temperatures.split(","))
    runner, model_name = build_runner(model)
    run = RunRequest(prompt, model_name, quantization or "fp32", settings)
    request = make_rerun(run, n, _seed_mode(same_seed, unseeded), mentions)
    runner.check(run.model, run.quantization)
    show_progress(loading_steps(runner.load(run.model, run.quantization)))
    with stop_on_interrupt() as stopped:
        if ladder is None:
            record = _follow(rerun(runner, request, stopped.is_set))
        else:
            record = _follow(temperature_ladder(runner, request, ladder, stopped.is_set))
    give(record, rerun_text(record) if isinstance(record, RerunRecord) else ladder_text(record), save, json)


def _seed_mode(same_seed: bool, unseeded: bool) -> SeedMode:
    if same_seed and unseeded:
        raise PlaygroundError("--same-seed and --unseeded exclude each other: give one of them.")
    return "same" if same_seed else "none" if unseeded else "different"


def _follow(updates: Iterator[LadderUpdate]) -> RerunRecord | TemperatureLadderRecord:
    """Consume a rerun or a series of them, with progress on standard error; returns the last record."""
    record, step, console = None, "", Console(stderr=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        for update in updates:
            if isinstance(update, Queued | Loading):
                print(getattr(update, "stage", "waiting"), file=sys.stderr)
            elif isinstance(update, PreparedPrompt):
                print_notes(update)
            elif isinstance(update, LadderStep):
                step = f"temperature {update.temperature:g}: "
            elif isinstance(update, BatchPlan) and update.rows > update.rows_at_once:
                print(f"{step}{update.rows} runs, {update.rows_at_once} at once", file=sys.stderr)
            elif isinstance(update, RerunProgress) and console.is_terminal:
                live.update(Text(step + progress_text(update)), refresh=True)
            elif isinstance(update, RerunRecord | TemperatureLadderRecord):
                record = update
                if step and isinstance(update, RerunRecord):
                    print(f"{step}{update.summary.unique} different answers of {update.n}", file=sys.stderr)
    if record is None:
        raise PlaygroundError("Stopped before any run had finished.")
    return record

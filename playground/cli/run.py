"""`playground run`."""

import sys
from pathlib import Path
from typing import Any

from playground.backends.base import Loading, PreparedPrompt
from playground.backends.job import Queued
from playground.cli.common import read_prompt, stop_on_interrupt, with_model
from playground.cli.terminal import print_json, print_notes
from playground.data.preset_files import load_presets
from playground.engine.events import TokenEvent
from playground.errors import PlaygroundError
from playground.paths import data_dir, presets_dir
from playground.runs.budget import TimeUsed
from playground.runs.records import RunRecord
from playground.runs.run import Run
from playground.runs.store import save_record
from playground.runs.updates import RunRequest
from playground.settings import make_settings
from playground.views.run_text import meters_text, tokens_text
from playground.views.terminal import safe_text


def run_prompt(
    prompt: str, values: dict[str, Any], *, model: str | None, quantization: str | None, preset: str | None,
    save: str | None, json: bool,
) -> None:  # fmt: skip
    """Answer one prompt; `values` are the settings that were given."""
    prompt = read_prompt(prompt)
    shown_top, preset_model = "top" in values, None
    if preset is not None:
        chosen = load_presets(presets_dir() / "sampling", data_dir() / "presets").find(preset)
        values = {**chosen.settings, **values}
        preset_model, quantization = chosen.model, quantization or chosen.quantization
    settings = make_settings(**values)
    # Loaded before the run, so that its times are the run's own.
    runner, model_name = with_model(model, quantization or "fp32", preferred=preset_model, save=save)
    with stop_on_interrupt() as stopped:
        run = runner.start(RunRequest(prompt, model_name, quantization or "fp32", settings), stopped.is_set)
        record = _follow(run, text=not json)
    if json:
        print_json(record.to_json())
    else:
        meters = run.meters()
        assert meters is not None
        if shown_top:
            print("\n" + safe_text(tokens_text(record)), file=sys.stderr)
        print("\n" + meters_text(record, meters), file=sys.stderr)
    if save is not None:  # last, so that a full disk loses nothing that could be shown
        save_record(record, Path(save))


def _follow(run: Run, text: bool) -> RunRecord:
    """Consume a run, printing its text; returns its record."""
    record = None
    for update in run:
        if isinstance(update, TokenEvent) and text:
            print(safe_text(update.text), end="", flush=True)
        elif isinstance(update, PreparedPrompt):
            print_notes(update)
        elif isinstance(update, Loading | Queued):
            print(getattr(update, "stage", "waiting"), file=sys.stderr)
        elif isinstance(update, TimeUsed):
            print(update.text, file=sys.stderr)
        elif isinstance(update, RunRecord):
            record = update
    if text:
        print(flush=True)
    if record is None:
        raise PlaygroundError("The run was stopped before it began.")
    return record

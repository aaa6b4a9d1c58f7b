"""`playground lens` and `playground train`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from playground.cli.build import build_runner
from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt
from playground.cli.ladder import last_record
from playground.cli.lens_text import lens_text, training_text
from playground.cli.terminal import loading_steps, show_progress
from playground.errors import PlaygroundError
from playground.experiments.lens.records import LensRecord
from playground.experiments.lens.request import LensRequest, LookAt, check_number
from playground.experiments.lens.run import lens
from playground.experiments.training.records import TrainingRecord
from playground.experiments.training.run import make_training, train
from playground.runs.updates import RunRequest
from playground.settings import make_settings


def run_lens(
    prompt: str,
    values: dict[str, Any],
    *,
    layer: str | None,
    head: str | None,
    positions: str,
    answer_tokens: str,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Look between the layers; `values` are the settings that were given."""
    prompt, settings = read_prompt(prompt), make_settings(**values)
    if save is not None:
        check_folder_of(Path(save))
    shown, generated = check_number("positions", positions), check_number("answer_tokens", answer_tokens)
    chosen = None if head is None else _count("head", head)
    look = None if layer is None and head is None else LookAt(None if layer is None else _count("layer", layer))
    if look is not None and chosen is not None:
        look = replace(look, head=chosen)
    runner, name = build_runner(model)
    run = RunRequest(prompt, name, quantization or "fp32", settings)
    request = LensRequest(run, generated, shown, look)
    runner.check(name, request.run.quantization)
    show_progress(loading_steps(runner.load(name, request.run.quantization)))
    with stop_on_interrupt() as stopped:
        record = last_record(LensRecord, lens(runner, request, stopped.is_set), "before all layers were read")
    give(record, lens_text(record, chosen), save, json)


def run_training(
    prompt: str,
    sentence: str,
    values: dict[str, Any],
    *,
    learning_rate: str,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """One gradient step on a copy; `values` are the settings that were given."""
    prompt, settings = read_prompt(prompt), make_settings(**values)
    if save is not None:
        check_folder_of(Path(save))
    runner, name = build_runner(model)
    request = make_training(RunRequest(prompt, name, quantization or "fp32", settings), sentence, learning_rate)
    runner.check(name, request.run.quantization)
    show_progress(loading_steps(runner.load(name, request.run.quantization)))
    with stop_on_interrupt() as stopped:
        record = last_record(TrainingRecord, train(runner, request, stopped.is_set), "before the step was done")
    give(record, training_text(record), save, json)


def _count(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise PlaygroundError(f"{name} must be a whole number from 1; got {text[:60]!r}.")
    return number

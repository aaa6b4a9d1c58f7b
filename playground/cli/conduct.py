"""A declared experiment in a terminal: its request from what was given, its record on standard output."""

from pathlib import Path
from typing import Any

from playground.cli.build import build_runner_of
from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt
from playground.cli.confirm import confirm
from playground.cli.fields import given_text
from playground.cli.watch import watch
from playground.errors import PlaygroundError
from playground.runs.experiment import Experiment, late, updates
from playground.runs.request import read_request
from playground.saving import write_atomic
from playground.views.panels import Sofar
from playground.views.report import record_html
from playground.views.terminal import view_text


def conduct(
    experiment: Experiment[Any, Any], given: dict[str, Any], *, model: str | None, quantization: str | None,
    save: str | None, html: str | None, json: bool, yes: bool = False,
) -> None:  # fmt: skip
    """Run it from the values that were given, print the record, and save it.

    Raises:
        PlaygroundError: A value is wrong, or it ended without a record.
        Abort: It is long, and the person does not confirm it.
    """
    given |= {
        name: given_text(field, given[name]) for name, field in experiment.request.items().items() if name in given
    }
    if "prompt" in given:
        given["prompt"] = read_prompt(given["prompt"])
    if "values" in given:
        given["settings"] = given.pop("values")
    given["quantization"] = quantization or experiment.request.model_fields["quantization"].default
    request = read_request(experiment.request, {**given, "model": ""})  # refused before the model is looked for
    for file in (save, html):
        if file is not None:
            check_folder_of(Path(file))
    runner, names = build_runner_of([model, *request.more_models()])
    request, view = request.with_models(names), late(experiment.view)
    if experiment.estimate is not None:
        confirm(late(experiment.estimate)(runner, request), experiment.name, yes=yes or not experiment.asks)
    with stop_on_interrupt() as stopped:
        record = watch(updates(runner, experiment, request, stopped.is_set), experiment.record, view, text=not json)
    if record is None:
        raise PlaygroundError(f"The {experiment.name} was stopped before there was anything to keep.")
    if html is not None:
        write_atomic(Path(html), record_html(experiment.title, experiment.about, view, record).encode())
    give(record, view_text(view, Sofar(request=request, record=record)), save, json)

"""A declared experiment in a terminal: its progress on standard error, its record on standard output."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from playground.backends.base import Loading, Queued
from playground.cli.build import build_runner
from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt
from playground.errors import PlaygroundError
from playground.files import read_text, write_atomic
from playground.runs.experiment import Experiment, late, updates
from playground.runs.request import read_request
from playground.runs.stages import Stage
from playground.settings import MAX_PROMPT_CHARS
from playground.views.panels import Sofar
from playground.views.report import record_html
from playground.views.terminal import view_text


def conduct(
    experiment: Experiment[Any, Any], given: dict[str, Any], *, model: str | None, quantization: str | None,
    save: str | None, html: str | None, json: bool,
) -> None:  # fmt: skip
    """Run it from the values that were given, print the record, and save it.

    Raises:
        PlaygroundError: A value is wrong, or it ended without a record.
    """
    for name, field in experiment.request.items().items():
        extra = cast(dict[str, Any], field.json_schema_extra)
        if name in given and extra["file"]:
            given[name] = read_text(Path(given[name]), 4 * MAX_PROMPT_CHARS)
        elif isinstance(given.get(name), list | tuple) and not extra["lines"]:
            given[name] = ",".join(given[name])
    if "prompt" in given:
        given["prompt"] = read_prompt(given["prompt"])
    if "values" in given:
        given["settings"] = given.pop("values")
    given["quantization"] = quantization or experiment.request.model_fields["quantization"].default
    read_request(experiment.request, {**given, "model": ""})  # refused before the model is looked for
    for file in (save, html):
        if file is not None:
            check_folder_of(Path(file))
    runner, name = build_runner(model)
    request = read_request(experiment.request, {**given, "model": name})
    view = late(experiment.view)
    with stop_on_interrupt() as stopped:
        record = _follow(updates(runner, experiment, request, stopped.is_set), experiment, view.line)
    if html is not None:
        write_atomic(Path(html), record_html(experiment.title, experiment.about, view, record).encode())
    give(record, view_text(view, Sofar(request=request, record=record)), save, json)


def _follow(came: Iterator[Any], experiment: Experiment[Any, Any], line: Callable[[Any], str]) -> Any:
    """Consume the work, showing how far it is on standard error; returns its record."""
    record, console, before = None, Console(stderr=True), ""
    with Live(console=console, transient=True, auto_refresh=False) as live:
        for update in came:
            if isinstance(update, experiment.record):
                record = update
            elif isinstance(update, Stage):
                if console.is_terminal:
                    live.update(Text(update.text if type(update) is Stage else line(update)), refresh=True)
            else:
                loading = update.stage if isinstance(update, Loading) else ""
                words = loading or ("waiting" if isinstance(update, Queued) else line(update))
                if words and words != before:
                    print(words, file=sys.stderr)
                before = words
    if record is None:
        raise PlaygroundError(f"The {experiment.name} was stopped before there was anything to keep.")
    return record

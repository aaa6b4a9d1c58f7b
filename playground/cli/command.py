"""The command of a declared experiment: its options, its progress on standard error, its record on standard output."""

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, get_origin

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from playground.cli.options import Json, Model, Prompt, Quantization, Save, errors_in_one_line, takes_settings
from playground.experiments.registry import experiments
from playground.runs.experiment import Experiment, late, updates
from playground.runs.request import PromptRequest, plain_type, read_request, shown_value

_Html = Annotated[str | None, typer.Option("--html", help="Write what is shown to this HTML file.", metavar="FILE")]
_METAVARS = {int: "NUMBER", float: "NUMBER", tuple: "A,B,..."}
_SHARED: dict[str, tuple[Any, Any]] = {
    "model": (Model, None), "quantization": (Quantization, None), "save": (Save, None), "html": (_Html, None),
    "json": (Json, False),
}  # fmt: skip


def add_experiments(app: typer.Typer) -> None:
    """A command for each declared experiment."""
    for experiment in experiments().values():
        app.command(experiment.name)(command(experiment))


def command(experiment: Experiment[Any, Any]) -> Callable[..., None]:
    """A function whose signature holds the options that the experiment's request declares."""
    items = experiment.request.items()

    def run(**values: Any) -> None:
        shared = {name: values.pop(name) for name in _SHARED}
        given = {name: value for name, value in values.items() if value is not None}
        _conduct(experiment, given, **shared)

    hints = {name: (_hint(name, field), None) for name, field in items.items()} | _SHARED
    prompted = issubclass(experiment.request, PromptRequest)
    first = {"prompt": (Prompt, inspect.Parameter.empty)} if prompted else {}
    if prompted:
        hints = {"values": (dict[str, Any], inspect.Parameter.empty), **hints}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        for name, (hint, default) in (first | hints).items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # pyrefly: ignore[missing-attribute]  # what typer reads
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__doc__ = experiment.about.partition(". ")[0].rstrip(".") + "."
    return errors_in_one_line(takes_settings(run) if prompted else run)


def _hint(name: str, field: FieldInfo) -> Any:
    """An option: its help is the field's label and sentence; values are checked later, in words."""
    extra: Any = field.json_schema_extra
    flags = extra["flags"] or [f"--{name.replace('_', '-')}"]
    default = (
        "" if field.default in (None, PydanticUndefined, "", ()) else f"{shown_value(field.default)} if not given."
    )
    text = " ".join(part for part in (f"{field.title}.", field.description or "", default) if part)
    kind = plain_type(field.annotation)
    if kind is bool:
        return Annotated[bool | None, typer.Option(*flags, help=text.removesuffix(default).strip(), show_default=False)]
    return Annotated[
        str | None, typer.Option(*flags, help=text, metavar=_METAVARS.get(get_origin(kind) or kind, "TEXT"))
    ]


def _conduct(
    experiment: Experiment[Any, Any], given: dict[str, Any], *, model: str | None, quantization: str | None,
    save: str | None, html: str | None, json: bool,
) -> None:  # fmt: skip
    from playground.cli.build import build_runner  # noqa: PLC0415  --help must not wait for torch
    from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt  # noqa: PLC0415
    from playground.files import write_atomic  # noqa: PLC0415
    from playground.views.panels import Sofar  # noqa: PLC0415
    from playground.views.report import record_html  # noqa: PLC0415
    from playground.views.terminal import view_text  # noqa: PLC0415

    if "prompt" in given:
        given = {**given, "prompt": read_prompt(given["prompt"])}
    if "values" in given:
        given["settings"] = given.pop("values")
    given = {**given, "quantization": quantization or "fp32"}
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
    from rich.console import Console  # noqa: PLC0415  --help must not wait for it
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from playground.backends.base import Loading, Queued  # noqa: PLC0415
    from playground.errors import PlaygroundError  # noqa: PLC0415
    from playground.runs.stages import Stage  # noqa: PLC0415

    record, console, before = None, Console(stderr=True), ""
    with Live(console=console, transient=True, auto_refresh=False) as live:
        for update in came:
            if isinstance(update, experiment.record):
                record = update
            elif isinstance(update, Stage):
                if console.is_terminal:
                    live.update(Text(update.text), refresh=True)
            else:
                loading = update.stage if isinstance(update, Loading) else ""
                words = loading or ("waiting" if isinstance(update, Queued) else line(update))
                if words and words != before:
                    print(words, file=sys.stderr)
                before = words
    if record is None:
        raise PlaygroundError(f"The {experiment.name} was stopped before there was anything to keep.")
    return record

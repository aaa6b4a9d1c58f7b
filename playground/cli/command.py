"""The command of a declared experiment: its options are the fields of its request."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, cast, get_origin

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from playground.cli.options import Json, Model, Prompt, Quantization, Save, errors_in_one_line, takes_settings
from playground.experiments.registry import experiments
from playground.runs.experiment import Experiment
from playground.runs.request import PromptRequest, plain_type, shown_value

Html = Annotated[str | None, typer.Option("--html", help="Write what is shown to this HTML file.", metavar="FILE")]
_MAX_DEFAULT = 60  # characters; a longer one is described by the field
_METAVARS = {int: "NUMBER", float: "NUMBER", tuple: "A,B,..."}
_SHARED: dict[str, tuple[Any, Any]] = {
    "model": (Model, None), "quantization": (Quantization, None), "save": (Save, None), "html": (Html, None),
    "json": (Json, False),
}  # fmt: skip


def add_experiments(app: typer.Typer) -> None:
    """A command for each declared experiment, unless one of its name was made by hand before."""
    taken = {one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands}
    for experiment in experiments().values():
        if (name := experiment.command or experiment.name) not in taken:
            app.command(name)(command(experiment))


def command(experiment: Experiment[Any, Any]) -> Callable[..., None]:
    """A function whose signature holds the options that the experiment's request declares."""
    items = experiment.request.items()

    def run(**values: Any) -> None:
        shared = {name: values.pop(name) for name in _SHARED}
        given = {name: value for name, value in values.items() if value not in (None, [])}
        from playground.cli.conduct import conduct  # noqa: PLC0415  --help must not wait for torch

        conduct(experiment, given, **shared)

    hints = {name: (hint(name, field), None) for name, field in items.items()} | _SHARED
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
    own = {flag for field in items.values() for flag in cast(dict[str, Any], field.json_schema_extra)["flags"]}
    return errors_in_one_line(takes_settings(run, without=own) if prompted else run)


def hint(name: str, field: FieldInfo) -> Any:
    """An option: its help is the field's label and sentence; values are checked later, in words."""
    extra: Any = field.json_schema_extra
    flags = extra["flags"] or [f"--{name.replace('_', '-')}"]
    value = "" if field.default in (None, PydanticUndefined) else str(shown_value(field.default))
    value = f'"{value}"' if isinstance(field.default, str) and " " in value else value
    default = f"{value} if not given." if 0 < len(value) <= _MAX_DEFAULT else ""
    text = " ".join(part for part in (f"{field.title}.", field.description or "", default) if part)
    kind = plain_type(field.annotation)
    if not flags[0].startswith("-"):
        return Annotated[str | None, typer.Argument(help=text, metavar=flags[0], show_default=False)]
    if kind is bool:
        return Annotated[bool | None, typer.Option(*flags, help=text.removesuffix(default).strip(), show_default=False)]
    metavar = "FILE" if extra["file"] else _METAVARS.get(get_origin(kind) or kind, "TEXT")
    option = typer.Option(*flags, help=text, metavar=metavar)
    return Annotated[list[str] | None if get_origin(kind) is tuple else str | None, option]

"""The command of a declared experiment: its options are the fields of its request."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from playground.cli.fields import extra_of, hint, shortcuts, without_shortcuts
from playground.cli.options import Json, Model, Prompt, Quantization, Save, errors_in_one_line, takes_settings
from playground.experiments.registry import experiments
from playground.runs.experiment import Experiment
from playground.runs.request import PromptRequest

Html = Annotated[str | None, typer.Option("--html", help="Write what is shown to this HTML file.", metavar="FILE")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, however long it may take.")]
_SHARED: dict[str, tuple[Any, Any]] = {
    "model": (Model, None), "quantization": (Quantization, None), "save": (Save, None), "html": (Html, None),
    "json": (Json, False),
}  # fmt: skip


def add_experiments(app: typer.Typer) -> None:
    """A command for each declared experiment, unless one of its name was made by hand before.

    Experiments that name the same command share it.
    """
    taken = {one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands}
    sharing = dict[str, list[Experiment[Any, Any]]]()
    groups = dict[str, typer.Typer]()
    for experiment in experiments().values():
        if experiment.group:
            if experiment.group not in groups:
                groups[experiment.group] = _group(app, experiment.group)
            groups[experiment.group].command(experiment.command)(command(experiment))
        else:
            sharing.setdefault(experiment.command or experiment.name, []).append(experiment)
    for name, sharers in sharing.items():
        if name not in taken:
            app.command(name)(command(*sharers))


_GROUPS = {"optimise": "Make inference cheaper: what each way gains here, what it costs, and whether it says the same."}
_List = Annotated[bool, typer.Option("--list", help="List what can be measured.")]


def _group(app: typer.Typer, name: str) -> typer.Typer:
    """Commands under one name."""
    group = typer.Typer(help=_GROUPS[name], rich_markup_mode=None)
    app.add_typer(group, name=name, invoke_without_command=True)

    @group.callback()
    def listed(context: typer.Context, list_: _List = False) -> None:
        if list_ or context.invoked_subcommand is None:
            members = [one for one in experiments().values() if one.group == name]
            width = max(len(one.command) for one in members)
            typer.echo("\n".join(f"{one.command:<{width}}  {one.about.partition('. ')[0]}." for one in members))

    return group


def command(*sharers: Experiment[Any, Any]) -> Callable[..., None]:
    """A function whose signature holds the options of all; the first whose request has what was given is run."""
    first = sharers[0].request
    items = {name: field for one in sharers for name, field in one.request.items().items()}
    shared = ({"yes": (_Yes, False)} if any(one.asks for one in sharers) else {}) | _SHARED

    def run(**values: Any) -> None:
        own = {name: values.pop(name) for name in shared}
        given = {name: value for name, value in without_shortcuts(items, values).items() if value not in (None, [])}
        chosen = next(one for one in sharers if one.request.items().keys() >= given.keys() & items.keys())
        from playground.cli.conduct import conduct  # noqa: PLC0415  --help must not wait for torch

        conduct(chosen, given, **own)

    hints = dict[str, tuple[Any, Any]]()
    for name, field in items.items():
        hints |= {name: (hint(name, field, has_default=name in first.items()), None)} | shortcuts(field)
    needed = inspect.Parameter.empty
    if issubclass(first, PromptRequest):
        hints = {"prompt": (Prompt, needed), "values": (dict[str, Any], needed), **hints}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        for name, (hint, default) in (hints | shared).items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # pyrefly: ignore[missing-attribute]  # what typer reads
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__doc__ = sharers[0].about.partition(". ")[0].rstrip(".") + "."
    own = {flag for field in items.values() for flag in extra_of(field)["flags"]}
    return errors_in_one_line(takes_settings(run, without=own) if "prompt" in hints and "values" in hints else run)

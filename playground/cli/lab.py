"""Commands of the experiments: compare, sweep."""

from typing import Annotated, Any

import typer

from playground.cli.options import (
    Json,
    Model,
    Prompt,
    Quantization,
    Save,
    errors_in_one_line,
    option,
    takes_settings,
)


@errors_in_one_line
@takes_settings
def compare(
    prompt: Prompt,
    values: dict[str, Any],
    set: Annotated[list[str] | None, option("One pane: name=value[,name=value...]; give 2 to 4.", "PANE")] = None,
    together: Annotated[bool, typer.Option("--together", help="As one batch where panes allow it.")] = False,
    reference: Annotated[str, option("Number of the pane that the others are compared with, from 1.")] = "1",
    model: Model = None,
    quantization: Quantization = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """One prompt under 2 to 4 settings: texts, first differing token, every metric."""
    from playground.cli.compare import run_compare  # noqa: PLC0415  --help must not wait for torch

    run_compare(
        prompt, values, set or [], together=together, reference=reference, model=model, quantization=quantization,
        save=save, json=json,
    )  # fmt: skip


@errors_in_one_line
@takes_settings
def sweep(
    prompt: Prompt,
    values: dict[str, Any],
    vary: Annotated[str, option("One setting and its values: temperature=0,0.5,1.", "NAME=A,B,...")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, however long it may take.")] = False,
    model: Model = None,
    quantization: Quantization = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """One prompt over several values of one setting."""
    from playground.cli.compare import run_sweep  # noqa: PLC0415  --help must not wait for torch

    run_sweep(prompt, values, vary, yes=yes, model=model, quantization=quantization, save=save, json=json)


def add_commands(app: typer.Typer) -> None:
    """Register them."""
    for command in (compare, sweep):
        app.command()(command)

"""Commands of the experiments: compare, sweep, rerun."""

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


@errors_in_one_line
@takes_settings
def rerun(
    prompt: Prompt,
    values: dict[str, Any],
    n: Annotated[str, option("Number of runs, 2 to 200.")] = "16",
    same_seed: Annotated[bool, typer.Option("--same-seed", help="All runs draw with one seed.")] = False,
    unseeded: Annotated[bool, typer.Option("--unseeded", help="Each run draws a seed of its own by chance.")] = False,
    mention: Annotated[list[str] | None, option("Count the runs that say this; may be repeated.", "WORD")] = None,
    temperatures: Annotated[str | None, option("Repeat at each of these temperatures.", "A,B,...")] = None,
    model: Model = None,
    quantization: Quantization = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """One prompt many times: how many different answers, where they part, what they mention."""
    from playground.cli.rerun import run_reruns  # noqa: PLC0415  --help must not wait for torch

    run_reruns(
        prompt, values, n=n, same_seed=same_seed, unseeded=unseeded, mentions=mention or [], temperatures=temperatures,
        model=model, quantization=quantization, save=save, json=json,
    )  # fmt: skip


def add_commands(app: typer.Typer) -> None:
    """Register them."""
    for command in (compare, sweep, rerun):
        app.command()(command)

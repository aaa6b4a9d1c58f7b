"""Commands that look inside a token, and at what costs: inspect, branch."""

from typing import Annotated, Any

import typer

from playground.cli.options import Json, Model, Save, errors_in_one_line, option, takes_settings


@errors_in_one_line
@takes_settings
def branch(
    file: Annotated[str, typer.Argument(help="A saved run, or a file of branches.")],
    values: dict[str, Any],
    at: Annotated[str, option("Index of the token to replace, from 0.")],
    token: Annotated[
        str | None, option("The token to put there: an id, or the text of one token ('\"7\"' for a number).", "ID|TEXT")
    ] = None,
    how: Annotated[str | None, option("How to continue: greedy, sample or beam; as before by default.", "WAY")] = None,
    width: Annotated[str | None, option("Beams that a search keeps, 2 to 8; 4 if not given.")] = None,
    leaving: Annotated[
        str, typer.Option("--from", help="Number of the branch to leave; 0 is the run.", metavar="NUMBER")
    ] = "0",
    model: Annotated[str | None, option("Path of the model, if it was a folder or GGUF file.", "PATH")] = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """Another word at a token of a saved answer, and where it leads; the text before it is not read again."""
    from playground.cli.branch import run_branch  # noqa: PLC0415  --help must not wait for torch

    run_branch(
        file, values, at=at, token=token, how=how, width=width, leaving=leaving, model=model, save=save, json=json
    )


@errors_in_one_line
def inspect(
    file: Annotated[str, typer.Argument(help="A saved run.")],
    step: Annotated[str, option("Index of the token in the answer, from 0.")],
    top: Annotated[str, option("Number of the likeliest tokens to list at each stage.")] = "10",
    order: Annotated[str, option("Order of the stages: transformers, as here, or llama.cpp.", "NAME")] = "transformers",
    temperature: Annotated[str | None, option("Replaces the value of the run.")] = None,
    top_p: Annotated[str | None, option("Replaces the value of the run.")] = None,
    top_k: Annotated[str | None, option("Replaces the value of the run.")] = None,
    min_p: Annotated[str | None, option("Replaces the value of the run.")] = None,
    repetition_penalty: Annotated[str | None, option("Replaces the value of the run.")] = None,
    model: Model = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """From logits to a token: one step of a saved run, stage by stage, its logits computed again."""
    from playground.cli.inspect_step import run_inspect  # noqa: PLC0415  --help must not wait for torch

    given = {
        "temperature": temperature, "top_p": top_p, "top_k": top_k, "min_p": min_p,
        "repetition_penalty": repetition_penalty,
    }  # fmt: skip
    overrides = {name: value for name, value in given.items() if value is not None}
    run_inspect(file, step=step, top=top, order=order, overrides=overrides, model=model, save=save, json=json)

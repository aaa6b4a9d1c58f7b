"""Commands that look inside a token, and at what costs: inspect, branch, lens, train."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from playground.cli.options import Json, Model, Prompt, Quantization, Save, errors_in_one_line, option, takes_settings


@errors_in_one_line
@takes_settings
def branch(
    file: Annotated[str, typer.Argument(help="A saved run, or a file of branches.")],
    values: dict[str, Any],
    at: Annotated[str, option("Index of the token to replace, from 0.")],
    token: Annotated[
        str | None, option("What comes there: an id, or the text of one token ('\"7\"' for a number).", "ID|TEXT")
    ] = None,
    how: Annotated[str | None, option("How it goes on: greedy, sample or beam; as before if not given.", "WAY")] = None,
    width: Annotated[str | None, option("Beginnings that a beam search keeps, 2 to 8; 4 if not given.")] = None,
    leaving: Annotated[
        str, typer.Option("--from", help="Number of the branch to leave; 0 is the run.", metavar="NUMBER")
    ] = "0",
    model: Annotated[str | None, option("Path of the model, if it was a folder or GGUF file.", "PATH")] = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """Another word at a token of a saved answer, and where it leads; what stands before is not read again."""
    from playground.cli.branch import run_branch  # noqa: PLC0415  --help must not wait for torch

    run_branch(
        file, values, at=at, token=token, how=how, width=width, leaving=leaving, model=model, save=save, json=json
    )


@errors_in_one_line
def inspect(
    file: Annotated[str, typer.Argument(help="A saved run.")],
    step: Annotated[str, option("Which token of the answer, from 0.")],
    top: Annotated[str, option("So many of the likeliest tokens are told at each stage.")] = "10",
    order: Annotated[str, option("Of the stages: transformers, as ours, or llama.cpp.", "NAME")] = "transformers",
    temperature: Annotated[str | None, option("In place of the run's own.")] = None,
    top_p: Annotated[str | None, option("In place of the run's own.")] = None,
    top_k: Annotated[str | None, option("In place of the run's own.")] = None,
    min_p: Annotated[str | None, option("In place of the run's own.")] = None,
    repetition_penalty: Annotated[str | None, option("In place of the run's own.")] = None,
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


@errors_in_one_line
@takes_settings
def lens(
    prompt: Prompt,
    values: dict[str, Any],
    layer: Annotated[str | None, option("Also where this layer attends to, from 1.")] = None,
    head: Annotated[str | None, option("Of which the text shows the attention; the mean if not given.")] = None,
    positions: Annotated[str, option("How many of the last tokens the grid has, 1 to 64.")] = "24",
    answer_tokens: Annotated[str, option("Greedy tokens to generate first.")] = "8",
    model: Model = None,
    quantization: Quantization = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """Between the layers: what each would say next, how much it changes, how long it takes, where it attends to."""
    from playground.cli.lens import run_lens  # noqa: PLC0415  --help must not wait for torch

    run_lens(
        prompt, values, layer=layer, head=head, positions=positions, answer_tokens=answer_tokens, model=model,
        quantization=quantization, save=save, json=json,
    )  # fmt: skip


@errors_in_one_line
@takes_settings
def train(
    sentence: Annotated[str, typer.Argument(help="What a copy of the model learns from, in one gradient step.")],
    values: dict[str, Any],
    prompt: Annotated[str, option("What is asked before and after.", "TEXT")] = "What is the capital of France?",
    learning_rate: Annotated[str, option("Of plain SGD.")] = "0.0005",
    model: Model = None,
    quantization: Quantization = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """Training against inference: a run changes no weight, one gradient step on a throw-away copy does."""
    from playground.cli.lens import run_training  # noqa: PLC0415  --help must not wait for torch

    run_training(
        prompt, sentence, values, learning_rate=learning_rate, model=model, quantization=quantization, save=save,
        json=json,
    )  # fmt: skip


_COMMANDS: tuple[Callable[..., None], ...] = (
    inspect,
    branch,
    lens,
    train,
)


def add_inside_commands(app: typer.Typer) -> None:
    """Register them."""
    for command in _COMMANDS:
        app.command()(command)

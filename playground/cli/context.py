"""`playground context`: the length curve, the needle test with `--needle`, or a text in tokens with `--tokens`."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from playground.cli.command import Html
from playground.cli.fields import hint
from playground.cli.options import Json, Model, Quantization, Save, errors_in_one_line, option, takes_options
from playground.errors import PlaygroundError
from playground.experiments.registry import experiments


def context_command() -> Callable[..., None]:
    """One command for the two declared experiments, with the options of both, and for a text."""
    curve, needle = (experiments()[name] for name in ("context", "needle"))
    items = needle.request.items() | curve.request.items()

    @errors_in_one_line
    @takes_options({name: hint(name, field) for name, field in items.items()})
    def context(
        values: dict[str, Any],
        with_needle: Annotated[
            bool, typer.Option("--needle", help="Hide a fact in long texts and ask for it.")
        ] = False,
        tokens: Annotated[str | None, option("Show this text in tokens instead.", "TEXT")] = None,
        chat: Annotated[bool, typer.Option("--chat", help="With --tokens: wrapped in the chat template.")] = False,
        inject: Annotated[
            bool, typer.Option("--inject", help="With --tokens: read control tokens in it as such.")
        ] = False,
        model: Model = None,
        quantization: Quantization = None,
        save: Save = None,
        html: Html = None,
        json: Json = False,
    ) -> None:
        """What length costs: prefill time, KV bytes and price; or a needle test; or a text in tokens."""
        if with_needle and tokens is not None:
            raise PlaygroundError("--needle and --tokens can't be combined: give one of them.")
        if tokens is not None:
            from playground.cli.tokens import show_tokens  # noqa: PLC0415  --help must not wait for torch

            show_tokens(tokens, {"chat": chat, "inject": inject}, model, quantization or "fp32", save=save, json=json)
            return
        from playground.cli.conduct import conduct  # noqa: PLC0415  --help must not wait for torch

        experiment = needle if with_needle else curve
        given = {name: value for name, value in values.items() if name in experiment.request.model_fields}
        conduct(experiment, given, model=model, quantization=quantization, save=save, html=html, json=json)

    return context

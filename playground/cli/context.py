"""`playground context`: the length curve, the needle test with `--needle`, or a text in tokens with `--tokens`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from playground.cli.command import Html, hint
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
            raise PlaygroundError("--needle and --tokens exclude each other: give one of them.")
        if tokens is not None:
            _show_tokens(tokens, {"chat": chat, "inject": inject}, model, quantization or "fp32", save, json)
            return
        from playground.cli.conduct import conduct  # noqa: PLC0415  --help must not wait for torch

        experiment = needle if with_needle else curve
        given = {name: value for name, value in values.items() if name in experiment.request.model_fields}
        conduct(experiment, given, model=model, quantization=quantization, save=save, html=html, json=json)

    return context


def _show_tokens(
    text: str, how: dict[str, bool], model: str | None, quantization: str, save: str | None, json: bool
) -> None:
    from playground.cli.build import build_runner  # noqa: PLC0415  --help must not wait for torch
    from playground.cli.common import check_folder_of, give  # noqa: PLC0415
    from playground.cli.terminal import loading_steps, show_progress  # noqa: PLC0415
    from playground.experiments.context.tokens import record_of  # noqa: PLC0415

    if save is not None:
        check_folder_of(Path(save))
    runner, name = build_runner(model)
    show_progress(loading_steps(runner.load(name, quantization)))
    record = record_of(runner, name, text, **how)
    give(record, "\n".join(_lines(record)), save, json)


def _lines(record: Any) -> list[str]:
    """Every token in a line, then the counts and what languages cost."""
    from playground.views.context import tokens_summary  # noqa: PLC0415
    from playground.views.format import format_number  # noqa: PLC0415
    from playground.views.panels import Table  # noqa: PLC0415
    from playground.views.terminal import table_lines, wrapped  # noqa: PLC0415

    marks = {"control": "control", "template": "template", "text": ""}
    tokens = [f"{token.id:>8}  {token.text!r:<24} {marks[token.kind]}".rstrip() for token in record.tokens]
    rows = [(one.title, str(one.tokens), format_number(one.characters / one.tokens)) for one in record.languages]
    table = Table(("language", "tokens", "characters a token"), rows)
    return [*tokens, "", *wrapped(tokens_summary(record)), "", record.languages_source, *table_lines(table)]

"""`playground context`: what length costs, a needle in a haystack, or a text in tokens."""

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from playground.cli.build import build_runner
from playground.cli.common import check_folder_of, give, stop_on_interrupt
from playground.cli.context_text import document_text
from playground.cli.terminal import loading_steps, show_progress
from playground.errors import PlaygroundError
from playground.experiments.context.curve import CurveRequest, CurveUpdate, check_curve, context_curve
from playground.experiments.context.needle import (
    DEFAULT_DEPTHS,
    DEFAULT_LENGTHS,
    NeedleRequest,
    NeedleUpdate,
    check_needle,
    needle,
)
from playground.experiments.context.tokens import tokens_of
from playground.runs.records import Document
from playground.runs.runner import Runner
from playground.runs.stages import Stage


@dataclass(frozen=True)
class _Asked:
    """What the flags say, checked."""

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    time_limit_s: float
    quantization: str


def run_context(
    *,
    lengths: str | None,
    depths: str | None,
    time_limit_s: str,
    with_needle: bool,
    tokens: str | None,
    chat: bool,
    inject: bool,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """One of the three, as the flags say."""
    if with_needle and tokens is not None:
        raise PlaygroundError("--needle and --tokens exclude each other: give one of them.")
    asked = _Asked(
        tuple(int(length) for length in _numbers(lengths, "lengths", whole=True)),
        tuple(_numbers(depths, "depths")),
        _numbers(time_limit_s, "time-limit-s")[0],
        quantization or "fp32",
    )
    if save is not None:
        check_folder_of(Path(save))
    runner, name = build_runner(model)
    if tokens is not None:
        record: Document = _tokens(runner, name, asked.quantization, tokens, chat, inject)
    else:
        record = _needle(runner, name, asked) if with_needle else _curve(runner, name, asked)
    give(record, document_text(record), save, json)


def _numbers(text: str | None, name: str, *, whole: bool = False) -> list[float]:
    """Numbers with commas between them.

    Raises:
        PlaygroundError: One of them is none.
    """
    if text is None:
        return []
    try:
        values = [float(one) for one in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(math.isfinite(value) for value in values) or (whole and any(v % 1 for v in values)):
        kind = "whole numbers" if whole else "numbers"
        raise PlaygroundError(f"--{name} takes {kind} with commas between them; got {text[:60]!r}.")
    return values


def _tokens(runner: Runner, name: str, quantization: str, text: str, chat: bool, inject: bool) -> Document:
    show_progress(loading_steps(runner.load(name, quantization)))
    backend = runner.loaded(name)
    assert backend is not None  # it was loaded
    return backend.tokenize(lambda tokenizer: tokens_of(tokenizer, name, text, chat=chat, inject=inject))


def _curve(runner: Runner, name: str, asked: _Asked) -> Document:
    request = CurveRequest(name, asked.quantization, asked.lengths, asked.time_limit_s)
    check_curve(runner, request)
    with stop_on_interrupt() as stopped:
        return _follow(context_curve(runner, request, stopped.is_set))


def _needle(runner: Runner, name: str, asked: _Asked) -> Document:
    lengths, depths = asked.lengths or DEFAULT_LENGTHS, asked.depths or DEFAULT_DEPTHS
    request = NeedleRequest(name, asked.quantization, lengths, depths)
    check_needle(runner, request)
    with stop_on_interrupt() as stopped:
        return _follow(needle(runner, request, stopped.is_set))


def _follow(updates: Iterator[CurveUpdate] | Iterator[NeedleUpdate]) -> Document:
    """Consume long work, telling how far it is on standard error; returns its record."""
    record, console, said = None, Console(stderr=True), ""
    with Live(console=console, transient=True, auto_refresh=False) as live:
        for update in updates:
            words = getattr(update, "text", getattr(update, "stage", "")) if not isinstance(update, Document) else ""
            if isinstance(update, Document):
                record = update
            elif console.is_terminal and isinstance(update, Stage):
                live.update(Text(words), refresh=True)
            elif words and words != said:
                print(words, file=sys.stderr)
                said = words
    if record is None:
        raise PlaygroundError("Stopped before anything was measured.")
    return record

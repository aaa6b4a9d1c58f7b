"""Two cards of the Context section: what length costs, and the needle test. Layout, then wiring."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.context.curve import CurveRequest, check_curve, context_curve
from playground.experiments.context.needle import (
    DEFAULT_DEPTHS,
    DEFAULT_LENGTHS,
    NeedleRequest,
    check_needle,
    needle,
)
from playground.runs.services import Runner
from playground.ui.components.base import attribute
from playground.ui.components.charts import chart
from playground.ui.components.forms import download
from playground.ui.components.status import notice, status_line
from playground.ui.components.tables import plain_table
from playground.ui.rooms.inside.context.live import CurveView, NeedleView
from playground.ui.rooms.reruns.ladder import ENDED, STARTED
from playground.ui.rooms.reruns.ladder_live import LabView, frames
from playground.ui.shell.common import QUIET, Controls, named, session_of
from playground.ui.shell.follow import failure
from playground.ui.shell.pages import Pages, Slot
from playground.ui.shell.saving import saved

DEFAULT_LIMIT_S = 60
_CURVE = (
    "Prefill time, bytes of keys and values, and list price, from short prompts to the model's limit or the time "
    "allowed. A fitted curve parts what grows with length from what grows with its square."
)
_NEEDLE = (
    "A fact hidden in a long text at some depth, asked for at the end. The score is the probability that the model "
    "gives to the right answer: a number between knowing and guessing."
)
Start = Callable[[Callable[[], bool]], Iterator[Any]]
Ask = Callable[[dict[str, Any]], tuple[LabView, Start]]


@dataclass(frozen=True)
class Card:
    """Long work with its fields; `shown` is what its view fills, the status first."""

    run: gr.Button
    stop: gr.Button
    save: gr.Button
    fields: Controls
    notice: gr.HTML
    download: gr.HTML
    shown: tuple[gr.HTML, ...]


def title(text: str, about: str) -> gr.HTML:
    """The head of a card."""
    return gr.HTML(f'<h2>{attribute(text)}</h2><p class="sub">{attribute(about)}</p>', elem_classes="context-title")


def _actions(name: str, label: str) -> tuple[gr.Button, gr.Button, gr.Button]:
    with gr.Row(elem_classes="actions"):
        run = gr.Button(label, variant="primary", elem_id=f"context-{name}-run")
        stop = gr.Button("Stop", elem_id=f"context-{name}-stop", elem_classes="stop-key", interactive=False)
        save = gr.Button("Save as JSON", elem_id=f"context-{name}-save")
    return run, stop, save


def build_curve() -> Card:
    """Lay the length curve out."""
    with gr.Column(elem_classes="card", elem_id="context-curve"):
        title("What length costs", _CURVE)
        with gr.Row(elem_classes="context-ask"):
            with gr.Row(elem_classes="context-fields"):
                lengths = gr.Textbox(
                    "", label="Lengths in tokens", placeholder="64, 128, … to the model's limit", interactive=True,
                    max_lines=1,
                )  # fmt: skip
                limit = gr.Number(DEFAULT_LIMIT_S, label="Time allowed, s", interactive=True)
            run, stop, save = _actions("curve", "Run the curve")
        state = status_line("Not run yet.", pane="context-curve", elem_id="context-curve-stage")
        news = notice(pane="context-curve", elem_classes="notice")
        with gr.Row(elem_classes="context-pair", elem_id="context-curve-charts"):
            times = chart(label="Prefill time against context length", height=240, summary=True)
            memory = chart(label="KV cache against context length", height=240, summary=True)
        table = plain_table("Every length that was measured", elem_id="context-curve-table")
    fields = {"curve_lengths": lengths, "time_limit_s": limit}
    return Card(run, stop, save, fields, news, download(), (state, times, memory, table))


def build_needle() -> Card:
    """Lay the needle test out."""
    with gr.Column(elem_classes="card", elem_id="context-needle"):
        title("A needle in a haystack", _NEEDLE)
        with gr.Row(elem_classes="context-ask"):
            with gr.Row(elem_classes="context-fields"):
                lengths = gr.Textbox(
                    _listed(DEFAULT_LENGTHS), label="Prompt lengths in tokens", interactive=True, max_lines=1
                )
                depths = gr.Textbox(_listed(DEFAULT_DEPTHS), label="Depths, 0 to 1", interactive=True, max_lines=1)
            run, stop, save = _actions("needle", "Run the test")
        state = status_line("Not run yet.", pane="context-needle", elem_id="context-needle-stage")
        news = notice(pane="context-needle", elem_classes="notice")
        cells = plain_table("Probability of the right answer by length and depth", elem_id="context-needle-map")
    fields = {"needle_lengths": lengths, "depths": depths}
    return Card(run, stop, save, fields, news, download(), (state, cells))


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def wire_curve(card: Card, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop and save the length curve."""

    def ask(values: dict[str, Any]) -> tuple[LabView, Start]:
        limit_s = values["time_limit_s"]
        if isinstance(limit_s, bool) or not isinstance(limit_s, int | float):
            raise PlaygroundError("The time allowed must be a number of seconds.")
        lengths = _whole(values["curve_lengths"], "Lengths")
        asked = CurveRequest(str(values["model"]), str(values["quantization"]), lengths, float(limit_s))
        check_curve(runner, asked)
        at_prices = runner.priced(str(values["reference_model"] or ""))
        return CurveView(), lambda stop: context_curve(at_prices, asked, stop)

    _wire(card, controls, ask, pages.slot("context"))


def wire_needle(card: Card, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop and save the needle test."""

    def ask(values: dict[str, Any]) -> tuple[LabView, Start]:
        lengths, depths = _whole(values["needle_lengths"], "Lengths"), tuple(_numbers(values["depths"], "Depths"))
        asked = NeedleRequest(str(values["model"]), str(values["quantization"]), lengths, depths)
        check_needle(runner, asked)
        return NeedleView(asked), lambda stop: needle(runner, asked, stop)

    _wire(card, controls, ask, pages.slot("needle"))


def _numbers(text: Any, name: str) -> list[float]:
    try:
        return [float(one) for one in str(text or "").replace(";", ",").split(",") if one.strip()]
    except ValueError:
        raise PlaygroundError(f"{name} must be numbers with commas between them; got {str(text)[:60]!r}.") from None


def _whole(text: Any, name: str) -> tuple[int, ...]:
    values = _numbers(text, name)
    if any(not value.is_integer() for value in values):
        raise PlaygroundError(f"{name} must be whole numbers of tokens; got {str(text)[:60]!r}.")
    return tuple(int(value) for value in values)


def _wire(card: Card, controls: Controls, ask: Ask, slot: Slot) -> None:
    """What both have; model, quantization and prices are the sidebar's."""
    used = ("model", "quantization", "reference_model")
    fields: Controls = {**card.fields, **{name: controls[name] for name in used}}
    shown = list(card.shown)

    async def run(data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Any]:
        try:
            view, start = ask(named(fields, data))
        except PlaygroundError as error:
            yield [failure(error), *[gr.skip()] * (len(shown) - 1)]
            return
        async with aclosing(frames(view, start, slot, session_of(request))) as values:
            async for each in values:
                yield list(each)

    def stop(request: gr.Request) -> None:
        slot.stop(session_of(request))

    async def save(request: gr.Request) -> tuple[Any, Any]:
        return await saved(slot, session_of(request))

    begin = card.run.click(None, None, [card.run, card.stop], js=STARTED, **QUIET)
    running = begin.then(run, set(fields.values()), shown, concurrency_limit=None, **QUIET)
    running.then(None, None, [card.run, card.stop], js=ENDED, **QUIET)
    card.stop.click(stop, None, None, queue=False, **QUIET)
    card.save.click(save, None, [card.download, card.notice], concurrency_limit=None, **QUIET)

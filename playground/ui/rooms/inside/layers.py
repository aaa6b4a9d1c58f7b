"""Layers: what each layer would say, attends to and takes; training against inference. Layout, then wiring."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.experiments.lens.request import DEFAULT_POSITIONS
from playground.experiments.training.run import DEFAULT_LEARNING_RATE, DEFAULT_SENTENCE
from playground.runs.runner import Runner
from playground.ui.components.charts import chart
from playground.ui.components.forms import download, text_line
from playground.ui.components.layers import attention_map, lens_grid, training_pair
from playground.ui.components.status import notice, status_line
from playground.ui.components.tokens import look_at
from playground.ui.rooms.inside.lens_events import LensEvents
from playground.ui.rooms.inside.looked import Looked
from playground.ui.rooms.reruns.ladder_live import ENDED, STARTED
from playground.ui.shell.common import QUIET, Controls, session_of
from playground.ui.shell.pages import Pages, Slot
from playground.ui.shell.saving import saved

PANE = "layers"
_LENS = (
    '<h2>Between the layers</h2><p class="sub">Every layer adds something to a stream of numbers. Read through the '
    "final norm and the head, the stream says at each layer which token would come next: the logit lens "
    "(nostalgebraist 2020).</p>"
)
_ATTENTION = (
    '<h3>Attention</h3><p class="sub">Choose a layer and a head, and a token: the others are shaded by the weight it '
    "gives them.</p>"
)
_TRAINING = (
    '<h2>Training against inference</h2><p class="sub">A run reads the weights and changes none. Training changes '
    "nearly all: here by one step of plain SGD on one sentence, on a copy of the model in fp32 that is thrown away "
    "afterwards.</p>"
)


@dataclass(frozen=True)
class Layers:
    """The parts of the section that change.

    Attributes:
        shown: What `LensView.values` fills, in its order: status, cost, grid, two charts, choices, attention.
        learned: What `TrainingView.values` fills.
    """

    line: gr.HTML
    look: gr.Button
    stop: gr.Button
    save: gr.Button
    positions: gr.Number
    shown: tuple[gr.HTML, ...]
    sentence: gr.Textbox
    rate: gr.Number
    step: gr.Button
    stop_step: gr.Button
    save_step: gr.Button
    learned: tuple[gr.HTML, ...]
    notice: gr.HTML
    download: gr.HTML

    @property
    def filled(self) -> list[Component]:
        """What shows the run."""
        return [self.line]


def build_layers() -> Layers:
    """Lay the section out."""
    with gr.Column(elem_classes="lab", elem_id="layers"):
        gr.HTML(_LENS, elem_classes="lab-title")
        line = text_line("", elem_id="layers-line")
        with gr.Row(elem_classes="layers-ask"):
            positions = gr.Number(DEFAULT_POSITIONS, label="Last positions to show", precision=0, interactive=True)
            with gr.Row(elem_classes="actions"):
                look = gr.Button("Look inside", variant="primary", elem_id="layers-look")
                stop = gr.Button("Stop", elem_classes="stop-key", interactive=False)
                save = gr.Button("Save as JSON", elem_id="layers-save")
        state = status_line("Computed on demand, in a pass of its own.", pane=PANE, elem_id="layers-stage")
        news = notice(pane=PANE, elem_classes="notice")
        with gr.Column(elem_classes="card layers-found"):
            grid = lens_grid(elem_id="layers-grid")
            cost = text_line(elem_id="layers-cost")
            with gr.Row(elem_classes="layers-charts"):
                updates = chart(label="Update of each layer", height=170, summary=True, elem_id="layers-updates")
                times = chart(label="Time of each layer", height=170, summary=True, elem_id="layers-times")
        with gr.Column(elem_classes="card layers-found"):
            gr.HTML(_ATTENTION, elem_classes="lab-title")
            choices = look_at(pane=PANE, elem_id="layers-choices")
            attended = attention_map(pane=PANE, elem_id="layers-attention")
        gr.HTML(_TRAINING, elem_classes="lab-title")
        with gr.Row(elem_classes="layers-ask"):
            sentence = gr.Textbox(DEFAULT_SENTENCE, label="Sentence to learn from", max_lines=3, interactive=True)
            rate = gr.Number(DEFAULT_LEARNING_RATE, label="Learning rate", interactive=True)
            with gr.Row(elem_classes="actions"):
                step = gr.Button("Take one step", variant="primary", elem_id="layers-step")
                stop_step = gr.Button("Stop", elem_classes="stop-key", interactive=False)
                save_step = gr.Button("Save as JSON", elem_id="layers-step-save")
        step_state = status_line("No copy is made before you ask.", pane=PANE, elem_id="layers-step-stage")
        with gr.Column(elem_classes="card layers-found"):
            pair = training_pair(elem_id="layers-training")
    return Layers(
        line, look, stop, save, positions, (state, cost, grid, updates, times, choices, attended), sentence, rate,
        step, stop_step, save_step, (step_state, pair), news, download(),
    )  # fmt: skip


def wire_layers(
    section: Layers, looked: Looked, controls: Controls, runner: Runner, pages: Pages
) -> Callable[[gr.Request], dict[Component, Any]]:
    """Wire the section; returns what fills it with the run that is looked into."""
    events, lenses, trainings = LensEvents(looked, controls, runner, pages), pages.slot("lens"), pages.slot("training")
    fields = set(controls.values())
    attended, choices = section.shown[-1], section.shown[-2]

    async def look(data: dict[Component, Any], request: gr.Request) -> AsyncIterator[list[Any]]:
        async with aclosing(events.look(data, section.positions, request)) as values:
            async for each in values:
                yield each

    async def step(data: dict[Component, Any], request: gr.Request) -> AsyncIterator[list[Any]]:
        async with aclosing(events.step(data, section.sentence, section.rate, request)) as values:
            async for each in values:
                yield each

    def fill(request: gr.Request) -> dict[Component, Any]:
        return {section.line: events.told(request)}

    asked = {*fields, section.positions}
    _wire_work((section.look, section.stop, section.save), look, asked, section.shown, lenses, section)
    asked = {*fields, section.sentence, section.rate}
    _wire_work((section.step, section.stop_step, section.save_step), step, asked, section.learned, trainings, section)
    choices.input(events.attend, choices, attended, trigger_mode="always_last", concurrency_limit=None, **QUIET)
    return fill


def _wire_work(
    buttons: tuple[gr.Button, gr.Button, gr.Button],
    work: Callable[..., Any],
    fields: set[Any],
    shown: tuple[gr.HTML, ...],
    slot: Slot,
    section: Layers,
) -> None:
    """Start, stop and save of one document."""
    run, stop, save = buttons

    def stop_it(request: gr.Request) -> None:
        slot.stop(session_of(request))

    async def save_it(request: gr.Request) -> tuple[Any, Any]:
        return await saved(slot, session_of(request))

    begin = run.click(None, None, [run, stop], js=STARTED, **QUIET)
    running = begin.then(work, fields, list(shown), concurrency_limit=None, **QUIET)
    running.then(None, None, [run, stop], js=ENDED, **QUIET)
    stop.click(stop_it, None, None, queue=False, **QUIET)
    save.click(save_it, None, [section.download, section.notice], concurrency_limit=None, **QUIET)

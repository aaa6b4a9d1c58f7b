"""The determinism ladder: why the same prompt can get another answer, a section of the Reruns tab. Layout, wiring."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.determinism.ladder import ladder
from playground.experiments.determinism.records import LadderRecord
from playground.runs.runner import Runner
from playground.ui.components.charts import chart
from playground.ui.components.forms import download, open_file, text_line
from playground.ui.components.ladder import control_badge, fix_list, host_probe, rung_list
from playground.ui.components.status import notice, status_line
from playground.ui.rooms.reruns.ladder_controls import DEFAULT_TOKENS, ladder_request
from playground.ui.rooms.reruns.ladder_live import LadderView, frames, opened_view
from playground.ui.shell.common import QUIET, Controls, named, note, session_of
from playground.ui.shell.follow import failure
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import MAX_OPENED_BYTES, opened, saved

PANE = "ladder"
_TITLE = (
    '<h2>Why did it say something else?</h2><p class="sub">One greedy answer to the prompt above, in the model and '
    "quantization of the sidebar, is the reference. Then one thing is changed at a time: what it does to the logits, "
    "which tokens it puts at risk, whether the answer forks. Nothing is claimed that this machine does not show.</p>"
)
_BUTTONS = "() => [{{__type__: 'update', interactive: {0}}}, {{__type__: 'update', interactive: {1}}}]"
STARTED, ENDED = _BUTTONS.format("false", "true"), _BUTTONS.format("true", "false")
"""What a click does at once to the buttons that start and stop, and what the end of the work does."""


@dataclass(frozen=True)
class Ladder:
    """The parts of the section that others wire.

    Attributes:
        shown: What `LadderView.values` fills, in its order.
    """

    run: gr.Button
    stop: gr.Button
    save: gr.Button
    open: gr.HTML
    tokens: gr.Number
    quick: gr.Checkbox
    notice: gr.HTML
    download: gr.HTML
    shown: tuple[gr.HTML, ...]


def build_ladder() -> Ladder:
    """Lay the section out."""
    with gr.Column(elem_classes="lab", elem_id="ladder"):
        gr.HTML(_TITLE, elem_classes="lab-title")
        with gr.Row(elem_classes="lab-ask"):
            with gr.Row(elem_classes="lab-fields"):
                tokens = gr.Number(DEFAULT_TOKENS, label="Tokens of the answer", precision=0, interactive=True)
                quick = gr.Checkbox(False, label="Skip what needs a fresh process", interactive=True)
            with gr.Row(elem_classes="actions"):
                run = gr.Button("Run the ladder", variant="primary", elem_id="ladder-run")
                stop = gr.Button("Stop", elem_id="ladder-stop", elem_classes="stop-key", interactive=False)
                save = gr.Button("Save as JSON", elem_id="ladder-save")
                open_it = open_file("Open", accept=".json", max_bytes=MAX_OPENED_BYTES, elem_id="ladder-open")
        state = status_line("Not run yet.", pane=PANE, elem_id="ladder-stage")
        news = notice(pane=PANE, elem_classes="notice")
        with gr.Column(elem_classes="lab-results"):
            results = _results()
        return Ladder(run, stop, save, open_it, tokens, quick, news, download(), (state, *results))


def _results() -> tuple[gr.HTML, ...]:
    """Everything that is found, in the order of `LadderView.values`."""
    control, probe = control_badge(elem_id="ladder-control"), host_probe(elem_id="ladder-probe")
    with gr.Column(elem_classes="card"):
        about = text_line("", elem_id="ladder-reference")
        gaps = chart(
            label="Gaps of the reference, and how far each rung reaches",
            height=220,
            empty="Gaps between the two likeliest tokens of the reference appear here.",
            summary=True,
            elem_id="ladder-gaps",
        )
    rungs = rung_list(
        "Rungs",
        "one change at a time, everything else as in the reference",
        "Each rung appears here when it is done.",
        elem_id="ladder-rungs",
    )
    others = rung_list(
        "Another model, not noise",
        "rounded weights are other weights: these answers are another model's",
        "int8 and int4 appear here when they are done.",
        elem_id="ladder-others",
    )
    return control, probe, about, gaps, rungs, others, fix_list(elem_id="ladder-fixes")


def wire_ladder(section: Ladder, prompt: gr.Textbox, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop, save and open. `prompt` is the tab's own; `controls` are those of the sidebar by field name."""
    fields: Controls = {**controls, "own_prompt": prompt, "tokens": section.tokens, "quick": section.quick}
    shown, slot = list(section.shown), pages.slot("ladder")

    async def climb(data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Any]:
        try:
            asked = ladder_request(named(fields, data))
        except PlaygroundError as error:
            yield [failure(error), *[gr.skip()] * (len(shown) - 1)]
            return
        climbing = frames(LadderView(), lambda stop: iter(ladder(runner, asked, stop)), slot, session_of(request))
        async with aclosing(climbing) as values:
            async for each in values:
                yield list(each)

    def show(text: Any, request: gr.Request) -> list[Any]:
        try:
            record = opened(text, LadderRecord)
        except PlaygroundError as error:
            return [*[gr.skip()] * len(shown), note("This file was not opened.", str(error), kind="problem")]
        return [*opened_view(LadderView(), record, slot, session_of(request)), gr.skip()]

    def stop(request: gr.Request) -> None:
        slot.stop(session_of(request))

    async def save(request: gr.Request) -> tuple[Any, Any]:
        return await saved(slot, session_of(request))

    begin = section.run.click(None, None, [section.run, section.stop], js=STARTED, **QUIET)
    running = begin.then(climb, set(fields.values()), shown, concurrency_limit=None, **QUIET)
    running.then(None, None, [section.run, section.stop], js=ENDED, **QUIET)
    section.stop.click(stop, None, None, queue=False, **QUIET)
    section.save.click(save, None, [section.download, section.notice], concurrency_limit=None, **QUIET)
    section.open.input(show, section.open, [*shown, section.notice], concurrency_limit=None, **QUIET)

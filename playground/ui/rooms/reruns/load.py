"""The load simulator: one prompt, greedy, in batches that change; a section of the Reruns tab. Layout, wiring."""

from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.experiments.determinism.load import ANCHOR, load
from playground.experiments.determinism.records import LoadRecord
from playground.experiments.determinism.rungs import ARMS, DEFAULT_ARMS
from playground.runs.runner import Runner
from playground.ui.components.base import attribute
from playground.ui.components.charts import chart
from playground.ui.components.forms import download, open_file, text_line
from playground.ui.components.ladder import load_arms
from playground.ui.components.status import notice, status_line
from playground.ui.rooms.reruns.ladder_controls import DEFAULT_REQUESTS, DEFAULT_TOKENS, FEYNMAN, load_request
from playground.ui.rooms.reruns.ladder_live import LoadView, opened_view
from playground.ui.shell.common import Controls, note
from playground.ui.shell.lab_section import LabSection, Work, wire_lab
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import MAX_OPENED_BYTES, opened

PANE = "load"
_TITLE = (
    '<h2>A server under load</h2><p class="sub">Many requests ask the same at temperature 0, and the batch around each '
    "changes at every step, as on a real server. Nobody draws by chance, yet answers can part: where the size of the "
    "batch decides the order of additions, it decides the last bits too.</p>"
)
_ANCHOR = f'<p class="anchor"><b>Known from a large server:</b> {attribute(ANCHOR)}.</p>'


def build_load() -> LabSection:
    """Lay the section out."""
    with gr.Column(elem_classes="lab", elem_id="load"):
        gr.HTML(_TITLE, elem_classes="lab-title")
        with gr.Row(elem_classes="lab-ask"):
            with gr.Row(elem_classes="lab-fields"):
                question = gr.Textbox(FEYNMAN, label="Every request asks", max_lines=4, interactive=True)
                requests = gr.Number(DEFAULT_REQUESTS, label="Requests", precision=0, interactive=True)
                tokens = gr.Number(DEFAULT_TOKENS, label="Tokens of each answer", precision=0, interactive=True)
            with gr.Row(elem_classes="actions"):
                run = gr.Button("Run the load", variant="primary", elem_id="load-run")
                stop = gr.Button("Stop", elem_id="load-stop", elem_classes="stop-key", interactive=False)
                save = gr.Button("Save as JSON", elem_id="load-save")
                open_it = open_file("Open", accept=".json", max_bytes=MAX_OPENED_BYTES, elem_id="load-open")
        choices: list[str | int | float | tuple[str, str | int | float]] = [(arm.title, arm.name) for arm in ARMS]
        arms = gr.CheckboxGroup(choices, value=list(DEFAULT_ARMS), label="Ways of computing", interactive=True)
        state = status_line("Not run yet.", pane=PANE, elem_id="load-stage")
        news = notice(pane=PANE, elem_classes="notice")
        with gr.Column(elem_classes="card"):
            with gr.Row(elem_classes="lab-anchor"):
                ours = text_line("", elem_id="load-ours")
                gr.HTML(_ANCHOR)
            with gr.Column(elem_classes="lab-results"):
                bars = chart(
                    label="Unique answers of each way of computing",
                    empty="How many different answers each way of computing gives appears here.",
                    elem_id="load-chart",
                )
                ways = load_arms(elem_id="load-arms")
    fields = {"question": question, "requests": requests, "load_tokens": tokens, "arms": arms}
    return LabSection(run, stop, save, open_it, fields, news, download(), (state, bars, ways, ours))


def wire_load(section: LabSection, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop, save and open; the model is the sidebar's."""
    slot = pages.slot("load")

    def start(values: dict[str, Any]) -> tuple[LoadView, Work]:
        asked = load_request(values)
        return LoadView(asked.requests, len(asked.arms)), lambda stop: iter(load(runner, asked, stop))

    def show(text: Any, session: str) -> list[Any]:
        try:
            record = opened(text, LoadRecord)
        except PlaygroundError as error:
            return [*[gr.skip()] * len(section.shown), note("This file was not opened.", str(error), kind="problem")]
        return [*opened_view(LoadView(0, 0), record, slot, session), gr.skip()]

    wire_lab(section, {**section.fields, "model": controls["model"]}, start, show, slot)

"""Throughput of this machine by batch size. A section of Cost, Own hardware: layout, wiring."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.experiments.throughput.records import ThroughputRecord
from playground.experiments.throughput.request import (
    DEFAULT_BATCHES,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    ThroughputRequest,
    make_throughput,
)
from playground.experiments.throughput.run import measure_throughput
from playground.runs.services import Runner
from playground.ui.components.charts import chart
from playground.ui.components.forms import download, open_file
from playground.ui.components.status import notice, stage_line
from playground.ui.components.tables import plain_table
from playground.ui.rooms.cost.throughput_live import ThroughputView
from playground.ui.rooms.reruns.ladder_live import opened_view
from playground.ui.shell.common import Controls, note
from playground.ui.shell.saving import MAX_OPENED_BYTES, opened
from playground.ui.shell.section import LabSection, Work, wire_lab
from playground.ui.shell.sessions import Sessions

PANE = "throughput"
_TITLE = (
    '<h2>Measured here</h2><p class="sub">The model of the sidebar answers one prompt in batches of growing size: what '
    "this machine writes a second in all, and how long each request waits for it. Every row writes as many tokens. "
    "The calculator above can start from the best of them.</p>"
)


def build_throughput() -> LabSection:
    """Lay the section out."""
    with gr.Column(elem_classes="lab", elem_id="throughput"):
        gr.HTML(_TITLE, elem_classes="lab-title")
        with gr.Row(elem_classes="throughput-fields"):
            fields = _fields()
        with gr.Row(elem_classes="actions"):
            run = gr.Button("Measure here", variant="primary", elem_id="throughput-run")
            stop = gr.Button("Stop", elem_id="throughput-stop", elem_classes="stop-key", interactive=False)
            save = gr.Button("Save as JSON", elem_id="throughput-save")
            open_it = open_file("Open", accept=".json", max_bytes=MAX_OPENED_BYTES, elem_id="throughput-open")
        state = stage_line("Not measured yet.", pane=PANE, elem_id="throughput-stage")
        news = notice(pane=PANE, elem_classes="notice")
        with gr.Column(elem_classes="lab-results"):
            with gr.Row(elem_classes="throughput-charts"):
                rates = chart(label="Tokens a second by batch size", height=240, told=True, elem_id="throughput-rates")
                waits = chart(label="Waiting by batch size", height=240, told=True, elem_id="throughput-waits")
            table = plain_table("Every batch that was measured", elem_id="throughput-table")
    return LabSection(run, stop, save, open_it, fields, news, download(), (state, rates, waits, table))


def _fields() -> Controls:
    batches = gr.Textbox(
        _listed(DEFAULT_BATCHES), label="Rows of each batch", interactive=True, max_lines=1,
        elem_id="throughput-batches",
    )  # fmt: skip
    numbers = {
        "input_tokens": (INPUT_TOKENS, "Tokens of the prompt"),
        "output_tokens": (OUTPUT_TOKENS, "Tokens of each answer"),
    }
    made = {
        name: gr.Number(value, label=label, precision=0, interactive=True, elem_id=f"throughput-{name}")
        for name, (value, label) in numbers.items()
    }
    return {"batches": batches, **made}


def _listed(batches: Sequence[int]) -> str:
    return ", ".join(map(str, batches))


def _asked(values: dict[str, Any]) -> ThroughputRequest:
    return make_throughput(
        str(values["model"]), str(values["quantization"]), str(values["batches"] or "").replace(";", ",")[:400],
        values["input_tokens"], values["output_tokens"],
    )  # fmt: skip


def _opened(section: LabSection, text: Any, sessions: Sessions, session: str) -> list[Any]:
    """A saved measurement in the page, as it was asked for: values of what is shown, of the fields, of the notice."""
    try:
        record = opened(text, ThroughputRecord)
    except PlaygroundError as error:
        problem = note("This file was not opened.", str(error), kind="problem")
        return [*[gr.skip()] * (len(section.shown) + len(section.fields)), problem]
    assert isinstance(record, ThroughputRecord)
    asked = [_listed(record.batches_asked), record.input_tokens, record.output_tokens]
    return [*opened_view(ThroughputView(), record, sessions, session), *asked, {}]


def wire_throughput(section: LabSection, controls: Controls, runner: Runner, sessions: Sessions) -> Any:
    """Measure, stop, save and open; returns the event at whose end the measurement is over.

    Args:
        section: Its parts.
        controls: Those of the sidebar by field name; of them come model and quantization.
        runner: Answers.
        sessions: Owns the page's measurement.
    """
    fields: Controls = {name: controls[name] for name in ("model", "quantization")} | section.fields

    def start(values: dict[str, Any]) -> tuple[ThroughputView, Work]:
        asked = _asked(values)
        runner.check(asked.model, asked.quantization)
        return ThroughputView(), lambda stop: measure_throughput(runner, asked, stop)

    def show(text: Any, session: str) -> list[Any]:
        return _opened(section, text, sessions, session)

    return wire_lab(section, fields, start, show, sessions, filled=list(section.fields.values()))

"""The temperature ladder: the same rerun at several temperatures in one plot. A section of the Reruns tab."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.experiments.reruns.records import TemperatureLadderRecord
from playground.experiments.reruns.request import DEFAULT_TEMPERATURES
from playground.experiments.reruns.run import temperature_ladder
from playground.runs.runner import Runner
from playground.ui.components.charts import chart
from playground.ui.components.forms import download
from playground.ui.components.status import notice, status_line
from playground.ui.rooms.reruns.controls import parse_temperatures, rerun_request, temperatures_text
from playground.ui.rooms.reruns.follow import follow_rerun, shown_ladder
from playground.ui.rooms.reruns.progress import LadderProgress
from playground.ui.shell.buttons import wire_run, wire_save, wire_stop
from playground.ui.shell.common import Controls, named, session_of
from playground.ui.shell.controls import priced
from playground.ui.shell.follow import Start
from playground.ui.shell.pages import Pages
from playground.views.rerun_charts import ladder_chart

PANE = "temperatures"
_HEAD = (
    '<h2>Temperature ladder</h2><span class="sub">the same runs at each temperature: how many answers differ, and how '
    "often each mention comes</span>"
)


@dataclass(frozen=True)
class Temperatures:
    """The parts of the section, to be wired."""

    values: gr.Textbox
    run: gr.Button
    stop: gr.Button
    save: gr.Button
    status: gr.HTML
    notice: gr.HTML
    chart: gr.HTML
    download: gr.HTML


def build_temperatures() -> Temperatures:
    """Lay the section out."""
    with gr.Column(elem_classes="card rerun-ladder"):
        gr.HTML(_HEAD, elem_classes="rerun-head")
        with gr.Row(elem_classes="ask"):
            values = gr.Textbox(
                temperatures_text(DEFAULT_TEMPERATURES), label="Temperatures", elem_id="rerun-temperatures",
                interactive=True, lines=1, max_lines=1,
            )  # fmt: skip
            with gr.Row(elem_classes="actions"):
                run = gr.Button("Run at each", elem_id="rerun-ladder-run")
                stop = gr.Button("Stop", elem_id="rerun-ladder-stop", elem_classes="stop-key", interactive=False)
                save = gr.Button("Save as JSON", elem_id="rerun-ladder-save")
        news = notice(pane=PANE, elem_classes="notice")
        state = status_line("ready", pane=PANE, look="figures", elem_id=f"{PANE}-status")
        empty = "One line for the share of unique answers, one for each mention, from low to high temperature."
        plot = chart(label="Unique answers and mentions against temperature", height=260, empty=empty)
    return Temperatures(values, run, stop, save, state, news, plot, download())


def wire_temperatures(
    section: Temperatures, fields: Sequence[Component], controls: Controls, runner: Runner, pages: Pages
) -> None:
    """Run, stop and save. `fields` are those of the tab: number of runs, seeds, mentions."""
    slot = pages.slot("temperature-ladder")

    async def climb(data: dict[Component, Any], request: gr.Request) -> AsyncIterator[tuple[Any, str]]:
        session = session_of(request)

        def ask() -> tuple[Start[Any], LadderProgress]:
            values = named(controls, data)
            wanted, at_prices = rerun_request(values, *(data[field] for field in fields)), priced(runner, values)
            temperatures = parse_temperatures(data[section.values])
            progress = LadderProgress(temperatures)
            return lambda stop: temperature_ladder(at_prices, wanted, temperatures, stop), progress

        async with aclosing(follow_rerun(slot, session, ask, TemperatureLadderRecord)) as frames:
            async for value, progress in frames:
                yield value, ladder_chart(progress.rungs if progress else [])

    async def settle(mentions: Any, request: gr.Request) -> str:
        return await asyncio.to_thread(shown_ladder, slot, session_of(request), mentions)

    work = (climb, {*controls.values(), *fields, section.values}, [section.status, section.chart])
    wire_run(section.run, section.stop, work, seed=controls, then=(settle, fields[-1], section.chart))
    wire_stop(section.stop, slot)
    wire_save(section.save, slot, section.download, section.notice)

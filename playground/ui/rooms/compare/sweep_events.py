"""What happens in the sweep section: an estimate first, then the runs, then a plot of the metric chosen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.compare.records import SweepRecord
from playground.experiments.compare.sweep import SweepRequest, estimate_sweep, make_sweep, start_sweep
from playground.experiments.compare.table import metric_rows
from playground.runs.runner import Runner
from playground.ui.rooms.compare import sweep_views as views
from playground.ui.rooms.compare.live import BUSY
from playground.ui.rooms.compare.sweep_layout import Sweep
from playground.ui.rooms.compare.sweep_live import SweepView
from playground.ui.rooms.sidebar.controls import make_request, priced
from playground.ui.shell.buttons import wire_run, wire_save, wire_stop
from playground.ui.shell.common import QUIET, Controls, named, note, session_of
from playground.ui.shell.follow import follow
from playground.ui.shell.pages import Pages, Slot

Updates = dict[Component, Any]
_PAUSE_S = 0.25


def sweep_updates(sweep: Sweep, record: SweepRecord) -> Updates:
    """A saved sweep fills the section."""
    kept, asked = len(record.runs), len(record.asked)
    state = "finished" if kept == asked else "stopped"
    return {
        sweep.name: record.name,
        sweep.values: ", ".join(str(value) for value in record.asked),
        sweep.estimate: "",
        sweep.notice: {},
        sweep.status: {"phase": state, "text": f"{kept} of {asked} runs, opened from a file"},
        sweep.cells: views.record_lines(record),
        **_plotted(sweep, record, None),
    }


def _plotted(sweep: Sweep, record: SweepRecord, chosen: Any) -> Updates:
    rows = metric_rows(record.runs)
    options = views.metric_options(rows)
    names = [option[0] for option in options]
    if not names:
        return _unplotted(sweep)
    telling = "decode" if record.name in ("model", "quantization") else "mean entropy"
    name = chosen if chosen in names else telling if telling in names else names[0]
    row = next(row for row in rows if row.name == name)
    menu = gr.update(value=name, options=[list(option) for option in options], visible=True)
    return {sweep.metric: menu, sweep.plot: gr.update(value=views.plot(record, row), visible=True)}


def _unplotted(sweep: Sweep) -> Updates:
    return {sweep.metric: gr.update(visible=False), sweep.plot: gr.update(value="", visible=False)}


class SweepEvents:
    """Handlers of the section over the runner."""

    def __init__(self, sweep: Sweep, controls: Controls, runner: Runner, slot: Slot):
        self._sweep, self._controls, self._runner, self._slot = sweep, controls, runner, slot

    def _asked(self, data: dict[Component, Any], prompt: str | None = None) -> tuple[SweepRequest, Runner]:
        """The sweep, and the runner at the sidebar's prices."""
        values = named(self._controls, data)
        base = make_request(values if prompt is None else values | {"prompt": prompt})
        asked = make_sweep(base, str(data[self._sweep.name]), views.split_values(data[self._sweep.values]))
        return asked, priced(self._runner, values)

    async def estimate(self, data: dict[Component, Any]) -> str:
        """What it would take, as the fields stand."""
        await asyncio.sleep(_PAUSE_S)  # typing asks often; the page sends one at a time and then the newest
        prompt = str(data[self._controls["prompt"]] or "").strip() or "any"
        try:
            asked, _ = self._asked(data, prompt)
            told = await asyncio.to_thread(estimate_sweep, self._runner, asked)
        except PlaygroundError as error:
            return str(error)
        return views.estimate_text(told)

    async def ask(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Updates]:
        """Runs what is short; what is long asks first."""
        try:
            asked, runner = self._asked(data)
            told = await asyncio.to_thread(estimate_sweep, self._runner, asked)
        except PlaygroundError as error:
            yield {self._sweep.notice: note("The sweep did not run.", str(error), kind="problem")}
            return
        yield {self._sweep.estimate: views.estimate_text(told)}
        if told.is_long:
            words = f"{views.estimate_text(told)} It can be stopped at any time, and keeps what is done."
            yield {self._sweep.notice: note("This sweep is long.", words, kind="ask")}
            return
        async for frame in self._frames(runner, asked, data, request):
            yield frame

    async def run(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Updates]:
        """Runs whatever it takes: the person was asked."""
        try:
            asked, runner = self._asked(data)
        except PlaygroundError as error:
            yield {self._sweep.notice: note("The sweep did not run.", str(error), kind="problem")}
            return
        async for frame in self._frames(runner, asked, data, request):
            yield frame

    async def _frames(
        self, runner: Runner, asked: SweepRequest, data: dict[Component, Any], request: gr.Request
    ) -> AsyncIterator[Updates]:
        sweep, ticket, view = self._sweep, self._slot.begin(session_of(request)), SweepView(asked)
        yield {sweep.notice: {}, **_unplotted(sweep)}
        async with aclosing(follow(view, lambda stop: start_sweep(runner, asked, stop), ticket)) as frames:
            async for _ in frames:
                stopping = ticket.stop.is_set() and view.status["phase"] in BUSY
                yield {sweep.cells: view.lines, sweep.status: view.status | ({"text": "stopping…"} if stopping else {})}
        if not ticket.is_replaced and isinstance(ticket.record, SweepRecord):
            yield _plotted(sweep, ticket.record, data[sweep.metric])

    def plot(self, metric: Any, request: gr.Request) -> Updates:
        """Another metric of the same runs."""
        ticket = self._slot.last(session_of(request))
        if ticket is None or not isinstance(ticket.record, SweepRecord):
            return {self._sweep.plot: gr.skip()}
        return _plotted(self._sweep, ticket.record, metric)


def wire_sweep(sweep: Sweep, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Estimate, run, stop, plot and save. `controls` are those of the sidebar, and this tab's prompt as `prompt`."""
    slot = pages.slot("sweep")
    events = SweepEvents(sweep, controls, runner, slot)
    fields = {*controls.values(), sweep.name, sweep.values, sweep.metric}
    outputs = [sweep.notice, sweep.estimate, sweep.status, sweep.metric, sweep.plot, sweep.cells]
    for button, handler in ((sweep.run, events.ask), (sweep.anyway, events.run)):
        wire_run(sweep.run, sweep.stop, (handler, fields, outputs), on=[button.click], seed=controls)
    wire_stop(sweep.stop, slot)
    wire_save(sweep.save, slot, sweep.download, sweep.notice)
    sweep.metric.input(events.plot, sweep.metric, [sweep.metric, sweep.plot], trigger_mode="always_last", **QUIET)
    changes = [sweep.name.input, sweep.values.change, controls["max_new_tokens"].change, controls["prompt"].change]
    gr.on(changes, events.estimate, fields, sweep.estimate, trigger_mode="always_last", concurrency_limit=None, **QUIET)

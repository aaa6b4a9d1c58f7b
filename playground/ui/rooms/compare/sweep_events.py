"""What happens in the sweep section: an estimate first, then the runs, then a plot of the metric chosen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.compare.experiment import SWEEP, SweepRequest
from playground.experiments.compare.records import SweepRecord
from playground.experiments.compare.sweep import estimate_runs
from playground.experiments.compare.table import metric_rows
from playground.runs.experiment import updates
from playground.runs.request import read_request
from playground.runs.runner import Runner
from playground.ui.components.words import word
from playground.ui.rooms.compare import sweep_views as views
from playground.ui.rooms.compare.live import BUSY
from playground.ui.rooms.compare.pane_values import label_of
from playground.ui.rooms.compare.sweep_layout import Sweep
from playground.ui.rooms.compare.sweep_live import SweepView
from playground.ui.shell.bar import wire_bar
from playground.ui.shell.buttons import wire_run, wire_stop
from playground.ui.shell.common import NEWEST, QUIET, Controls, named, note, refused, session_of
from playground.ui.shell.controls import priced, settings_of
from playground.ui.shell.follow import follow
from playground.ui.shell.pages import Pages, Slot
from playground.views.format import estimate_text
from playground.views.sweep import plot, plotted, result_text, telling

Updates = dict[Component, Any]
_PAUSE_S = 0.25


def sweep_updates(sweep: Sweep, record: SweepRecord) -> Updates:
    """A saved sweep fills the section."""
    kept, count = len(record.runs), len(record.asked)
    state = "finished" if kept == count else "stopped"
    return {
        sweep.name: record.name,
        sweep.values: ", ".join(str(value) for value in record.asked),
        sweep.estimate: "",
        sweep.notice: {},
        sweep.status: {"phase": state, "text": f"{kept} of {count} runs, opened from a file"},
        sweep.cells: views.record_lines(record),
        **_plotted(sweep, record, None),
    }


def _plotted(sweep: Sweep, record: SweepRecord, chosen: Any) -> Updates:
    rows = metric_rows(record.runs, passes=record.passes, control=record.control)
    names = [row.name for row in plotted(rows)]
    if not names:
        return _unplotted(sweep)
    name = next((one for one in (chosen, telling(record)) if one in names), names[0])
    row = next(row for row in rows if row.name == name)
    drawn = plot(record, row, label_of(record.name))
    menu = gr.update(value=name, options=[[one, one, None] for one in names], visible=True)
    shown: Updates = {sweep.metric: menu, sweep.plot: gr.update(value=drawn.to_json(), visible=True)}
    return shown | {sweep.estimate: result_text(record, row)}


def _unplotted(sweep: Sweep) -> Updates:
    return {sweep.metric: gr.update(visible=False), sweep.plot: gr.update(value="", visible=False)}


class SweepEvents:
    """Handlers of the section over the runner."""

    def __init__(self, sweep: Sweep, controls: Controls, runner: Runner, slot: Slot):
        self._sweep, self._controls, self._runner, self._slot = sweep, controls, runner, slot

    def _request(self, data: dict[Component, Any], prompt: str | None = None) -> SweepRequest:
        """The sweep."""
        values = named(self._controls, data)
        given = {
            "prompt": prompt or values["prompt"], "model": values["model"], "quantization": values["quantization"],
            "settings": settings_of(values),
            "vary": (str(data[self._sweep.name]), views.split_values(data[self._sweep.values])),
        }  # fmt: skip
        return read_request(SweepRequest, given)

    async def estimate(self, data: dict[Component, Any]) -> str:
        """The estimate for the current fields."""
        await asyncio.sleep(_PAUSE_S)  # while a person types, the page sends one request at a time, then the newest
        prompt = str(data[self._controls["prompt"]] or "").strip() or "any"
        try:
            wanted = self._request(data, prompt)
            estimate = await asyncio.to_thread(estimate_runs, self._runner, wanted)
        except PlaygroundError as error:
            return str(error)
        return estimate_text(estimate)

    async def run(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Updates]:
        """Runs a short sweep; a long one needs a confirmation first."""
        async for frame in self._run(data, request, is_confirmed=False):
            yield frame

    async def run_anyway(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Updates]:
        """Runs it however long it takes: the person has confirmed."""
        async for frame in self._run(data, request, is_confirmed=True):
            yield frame

    async def _run(
        self, data: dict[Component, Any], request: gr.Request, *, is_confirmed: bool
    ) -> AsyncIterator[Updates]:
        try:
            wanted, runner = self._request(data), priced(self._runner, named(self._controls, data), request)
            estimate = await asyncio.to_thread(estimate_runs, self._runner, wanted)
        except PlaygroundError as error:
            yield {self._sweep.notice: refused(word("compare.sweep_did_not"), error)}
            return
        words = estimate_text(estimate)
        yield {self._sweep.estimate: words}
        if estimate.is_long and not is_confirmed:
            words += " It can be stopped at any time, and keeps what is done."
            yield {self._sweep.notice: note(word("compare.sweep_long"), words, kind="ask")}
            return
        async for frame in self._frames(runner, wanted, data, request):
            yield frame

    async def _frames(
        self, runner: Runner, wanted: SweepRequest, data: dict[Component, Any], request: gr.Request
    ) -> AsyncIterator[Updates]:
        sweep, ticket, view = self._sweep, self._slot.begin(session_of(request)), SweepView(wanted)
        yield {sweep.notice: {}, **_unplotted(sweep)}
        async with aclosing(follow(view, lambda stop: updates(runner, SWEEP, wanted, stop), ticket)) as frames:
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
    for button, handler in ((sweep.run, events.run), (sweep.anyway, events.run_anyway)):
        wire_run(sweep.run, sweep.stop, (handler, fields, outputs), on=[button.click], seed=controls)
    wire_stop(sweep.stop, slot)
    wire_bar(sweep.bar, slot, sweep.notice, controls, {str(part.elem_id): part for part in (sweep.name, sweep.values)})
    plotted_parts = [sweep.metric, sweep.plot, sweep.estimate]
    sweep.metric.input(events.plot, sweep.metric, plotted_parts, trigger_mode="always_last", **QUIET)
    changes = [sweep.name.input, sweep.values.change, controls["max_new_tokens"].change, controls["prompt"].change]
    gr.on(changes, events.estimate, fields, sweep.estimate, **NEWEST)

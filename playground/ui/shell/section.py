"""The section of a declared experiment: its fields, Run, Stop, the bar of its result, status and panels."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.registry import experiments
from playground.runs.budget import TimeUsed
from playground.runs.experiment import Experiment, late, updates
from playground.runs.request import PromptRequest, Request, read_request
from playground.runs.runner import Runner
from playground.runs.stages import Stage
from playground.ui.components.status import notice, status_line
from playground.ui.components.words import word
from playground.ui.shell.bar import build_bar, wire_bar
from playground.ui.shell.buttons import wire_run, wire_stop
from playground.ui.shell.common import NEWEST, Controls, named, refused, session_of
from playground.ui.shell.controls import priced, settings_of
from playground.ui.shell.fields import field_control, field_value, page_items, panel_parts, panel_value
from playground.ui.shell.follow import failure, follow
from playground.ui.shell.history import keep_opened
from playground.ui.shell.pages import Pages, Slot
from playground.ui.shell.rate import Rate
from playground.ui.shell.saving import opened, sent
from playground.views.panels import Content, Sofar
from playground.views.run import status

Looked = Callable[[gr.Request], dict[str, Any]]
"""Values of a request, by field name, that depend on what the page shows."""


@dataclass(frozen=True)
class Section:
    """The parts of a section; `shown` is the status, then the panels."""

    experiment: Experiment[Any, Any]
    run: gr.Button
    stop: gr.Button
    bar: gr.HTML
    fields: Controls
    notice: gr.HTML
    shown: tuple[gr.HTML, ...]


def build_sections(room: str, shared: Controls | None = None) -> list[Section]:
    """Every experiment whose room this is, in the order of the registry; `shared` as in `build_section`."""
    return [build_section(one, shared or {}) for one in experiments().values() if one.room == room]


def build_section(experiment: Experiment[Any, Any], shared: Controls) -> Section:
    """Lay one out; fields that the room has already, `shared`, get no control of their own."""
    ids, view = experiment.prefix, late(experiment.view)
    with gr.Column(elem_classes="lab", elem_id=ids):
        heading(experiment.title, experiment.about)
        with gr.Row(elem_classes="section-fields", visible=bool(experiment.request.items())):
            items = page_items(experiment.request)
            fields = {name: shared.get(name) or field_control(ids, name, one) for name, one in items.items()}
        with gr.Row(elem_classes="actions"):
            run = gr.Button(experiment.verb, variant="primary", elem_id=f"{ids}-run")
            stop = gr.Button(word("common.stop"), elem_id=f"{ids}-stop", elem_classes="stop-key", interactive=False)
        bar = section_bar(experiment, ids, f"#{ids} .lab-results")
        state = status_line(word("common.not_run_yet"), pane=ids, elem_id=f"{ids}-stage")
        news = notice(pane=ids, elem_classes="notice")
        with gr.Column(elem_classes="lab-results"):
            panels = panel_parts(ids, view)
    shown = (state, *(panels[panel.name] for panel in view.panels))
    return Section(experiment, run, stop, bar, fields, news, shown)


def section_bar(experiment: Experiment[Any, Any], prefix: str, picture: str) -> gr.HTML:
    """The bar of an experiment's result; `picture` as in `result_bar`."""
    without = () if late(experiment.view).tables else ("table",)
    kind = experiment.record.model_fields["kind"].default
    return build_bar(prefix, kinds=[kind], panes=[prefix], picture=picture, without=without)


def heading(title: str, about: str, **props: Any) -> gr.HTML:
    """The head of a section or card."""
    return gr.HTML(heading_text(title, about), elem_classes="lab-title", **props)


def heading_text(title: str, about: str) -> str:
    """The same as HTML, for a head that changes."""
    return f'<h2>{escape(title)}</h2><p class="sub">{escape(about)}</p>'


class _Shown:
    """A run, or an opened file, as values of the section's parts."""

    def __init__(self, experiment: Experiment[Any, Any], request: Request | None = None):
        self._experiment, self._view = experiment, late(experiment.view)
        self._status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self._request, self._parts, self._record = request, list[Any](), None
        self._drawn = False
        self._figures: dict[str, Any] = {}
        self._limit = ""
        self._growth, self._rate = None, Rate()

    def add(self, update: Any) -> None:
        """Take in an update; the record comes last and replaces the parts."""
        if isinstance(update, Stage):
            self._status = {"phase": "running", "text": update.text, "fraction": update.fraction}
        elif (changed := status(update)) is not None:
            self._status = changed
            self._limit = f"; {update.text}" if isinstance(update, TimeUsed) else ""
        else:
            self._parts.append(update)
            self._record = update if isinstance(update, self._experiment.record) else None
            self._drawn = False
        self._figures |= self._view.figures(update)
        if (growth := self._view.growth(update)) is not None and self._rate.is_due():
            self._growth, self._drawn = growth, False

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """It ended, was stopped or failed; the results so far stay."""
        sofar = self._sofar()
        phase = "finished" if self._view.complete(sofar) else "stopped"
        self._status = failed or {"phase": phase, "text": f"{phase}: {self._view.kept(sofar)}{self._limit}"}

    def open(self, record: Any) -> None:
        """A saved one."""
        self.add(record)
        model = record.members()[0].model
        made_with = f"{model.id} {model.quantization}"
        self._status = {"phase": "finished", "text": f"opened: {self._view.kept(self._sofar())}, {made_with}"}

    def values(self) -> list[Any]:
        """The status, then the panels, redrawn only when something came; what did not change is not sent again."""
        if self._drawn:
            return [self._figures | self._status, *[gr.skip()] * len(self._view.panels)]
        with self._rate:
            drawn: Mapping[str, Content] = self._view.draw(self._sofar())
            values = [panel_value(drawn.get(panel.name)) if drawn else gr.skip() for panel in self._view.panels]
        self._drawn = True
        return [self._figures | self._status, *values]

    def _sofar(self) -> Sofar:
        return Sofar(self._request, tuple(self._parts), self._record, self._growth)


def wire_section(
    section: Section, controls: Controls, runner: Runner, pages: Pages, prompt: gr.Textbox | None = None,
    looked: Looked = lambda _: {},
) -> Any:  # fmt: skip
    """Run, stop, open, and what the bar gives; returns the event at whose end the work is over.

    The section's slot has the experiment's name. The room may have the prompt, where the section has no field for it,
    and values in place of those of the sidebar.
    """
    shown, fields = list(section.shown), list(section.fields.values())
    values: Controls = controls | ({} if prompt is None else {"prompt": prompt}) | section.fields
    slot = pages.slot(section.experiment.name)
    events = SectionEvents(section, values, runner, slot, looked)
    wire_stop(section.stop, slot)
    declared = section.experiment.request.items()
    own = {str(one.elem_id): one for name, one in section.fields.items() if name in declared}
    if "prompt" not in declared:
        own["prompt"] = values["prompt"]  # the room's
    wire_bar(section.bar, slot, section.notice, controls, own)
    outputs = [*shown, *fields, section.notice]
    opening = section.bar.input(events.open, section.bar, outputs, **NEWEST)
    keep_opened(opening, section.experiment.name)
    seed = values if issubclass(section.experiment.request, PromptRequest) else None
    return wire_run(section.run, section.stop, (events.run, set(values.values()), shown), seed=seed)


class SectionEvents:
    """What the buttons of a section do."""

    def __init__(self, section: Section, controls: Controls, runner: Runner, slot: Slot, looked: Looked):
        self._section, self._controls, self._runner, self._slot, self._looked = section, controls, runner, slot, looked
        self._experiment = section.experiment

    async def run(self, data: dict[Component, Any], request: gr.Request) -> AsyncGenerator[Any, None]:
        """Its values, repeatedly, until the work has ended or the page shows something else."""
        experiment = self._experiment
        try:
            values = named(self._controls, data)
            wanted, runner = self._request(values, self._looked(request)), priced(self._runner, values, request)
            runner.check(wanted.model, wanted.quantization)
        except PlaygroundError as error:
            yield [failure(error), *[gr.skip()] * (len(self._section.shown) - 1)]
            return
        before = self._slot.last(session_of(request))
        ticket, showing = self._slot.begin(session_of(request)), _Shown(experiment, wanted)
        work = follow(showing, lambda stop: updates(runner, experiment, wanted, stop), ticket, keeps=experiment.record)
        async with aclosing(work) as frames:
            async for _ in frames:
                yield await asyncio.to_thread(showing.values)
        if ticket.record is None and before is not None:
            ticket.record = before.record  # it is still shown

    def _request(self, values: dict[str, Any], looked: dict[str, Any]) -> Request:
        """The request that the section's fields and the sidebar describe.

        Raises:
            PlaygroundError: Says which value is wrong, and its limit.
        """
        kind = self._experiment.request
        given = {name: values[name] for name in self._section.fields}
        given |= {name: str(values[name]) for name in ("model", "quantization")}
        if issubclass(kind, PromptRequest):
            given = {"settings": settings_of(values), "prompt": values["prompt"]} | given
        return read_request(kind, given | looked)

    def open(self, value: Any, request: gr.Request) -> list[Any]:
        """Show a saved record, with its request in the fields."""
        section, (text, only_result) = self._section, sent(value)
        try:
            record = opened(text, self._experiment.record)
        except PlaygroundError as error:
            problem = refused(word("common.not_opened"), error)
            return [*[gr.skip()] * (len(section.shown) + len(section.fields)), problem]
        self._slot.keep(session_of(request), record)
        showing = _Shown(self._experiment)
        showing.open(record)
        if only_result:
            return [*showing.values(), *[gr.skip()] * len(section.fields), {}]
        then = self._experiment.again(record, "")
        fields = self._experiment.request.model_fields
        return [*showing.values(), *(field_value(fields[name], getattr(then, name)) for name in section.fields), {}]

    def shown(self, record: Any | None) -> list[Any]:
        """A record as it stands in the page's slot, or the section as it is before anything ran."""
        if record is None:
            return [{"phase": "idle", "text": word("common.not_run_yet")}, *("" for _ in self._section.shown[1:])]
        showing = _Shown(self._experiment)
        showing.add(record)
        showing.end()
        return showing.values()

"""Optimise: one way after the other to make inference cheaper. A menu of panels over one section that all share."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.optimise.declare import GROUP, OptimiseRequest
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.registry import experiments
from playground.runs.experiment import Experiment
from playground.runs.runner import Runner
from playground.ui.components.forms import choice
from playground.ui.components.status import notice, status_line
from playground.ui.components.words import word
from playground.ui.rooms.optimise.guess import PANEL, build_guess, wire_guess
from playground.ui.shell.ahead import words_of
from playground.ui.shell.bar import wire_bar
from playground.ui.shell.buttons import wire_run, wire_stop
from playground.ui.shell.common import NEWEST, QUIET, Controls, named, refused, session_of
from playground.ui.shell.fields import field_control, page_items, panel_parts
from playground.ui.shell.history import keep_opened
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import opened, sent
from playground.ui.shell.section import Section, SectionEvents, heading, heading_text, section_bar
from playground.views.optimise import VIEW


@dataclass(frozen=True)
class Optimise:
    """The parts of the tab; the sections share everything but their fields."""

    prompt: gr.Textbox
    picker: gr.HTML
    about: gr.HTML
    guess: gr.HTML
    sections: dict[str, Section]

    @property
    def first(self) -> Section:
        """The one that is chosen at first."""
        return next(iter(self.sections.values()))

    @property
    def fields(self) -> list[Any]:
        """Those of every panel, each once."""
        return list(dict.fromkeys(part for one in self.sections.values() for part in one.fields.values()))

    @property
    def gated(self) -> list[Section]:
        """What a model must be able to feed: all panels need the same."""
        return [self.first]


def panels() -> dict[str, Experiment[Any, OptimisationRecord]]:
    """Every panel, by the name of its command."""
    return {one.command: one for one in experiments().values() if one.group == GROUP}


def build_optimise() -> Optimise:
    """Lay the tab out: the prompt, the menu of panels, the fields of the chosen one, and the results."""
    prompt = gr.Textbox(
        "", label=word("common.prompt"), show_label=False, lines=2, max_lines=12, elem_id="optimise-prompt",
        interactive=True, placeholder=word("optimise.prompt.placeholder"),
    )  # fmt: skip
    all_panels = panels()
    first = next(iter(all_panels))
    titles = [(name, one.title, one.about) for name, one in all_panels.items()]
    picker = choice(word("optimise.panel.label"), first, titles, elem_id="optimise-panel", first=first)
    with gr.Column(elem_classes="lab", elem_id=GROUP):
        about = heading(all_panels[first].title, all_panels[first].about, elem_id="optimise-about")
        with gr.Row(elem_classes="section-fields"):
            own = {name: _own_fields(name, one, shown=name == first) for name, one in all_panels.items()}
            shared = {name: field_control(GROUP, name, one) for name, one in OptimiseRequest.items().items()}
        guess = build_guess(shown=first == PANEL)
        with gr.Row(elem_classes="actions"):
            run = gr.Button(all_panels[first].verb, variant="primary", elem_id="optimise-run", elem_classes="run-key")
            stop = gr.Button(word("common.stop"), elem_id="optimise-stop", elem_classes="stop-key", interactive=False)
        bar = section_bar(all_panels[first], GROUP, f"#{GROUP} .lab-results")
        state = status_line(word("common.not_run_yet"), pane=GROUP, elem_id="optimise-stage")
        news = notice(pane=GROUP, elem_classes="notice")
        with gr.Column(elem_classes="lab-results"):
            drawn = panel_parts(GROUP, VIEW)
    shown = (state, *(drawn[panel.name] for panel in VIEW.panels))
    sections = {name: Section(one, run, stop, bar, own[name] | shared, news, shown) for name, one in all_panels.items()}
    return Optimise(prompt, picker, about, guess, sections)


def _own_fields(name: str, experiment: Experiment[Any, Any], *, shown: bool) -> Controls:
    """What only this panel has."""
    items = {key: field for key, field in page_items(experiment.request).items() if key not in OptimiseRequest.items()}
    made = {key: field_control(f"{GROUP}-{name}", key, field) for key, field in items.items()}
    for one in made.values():
        one.visible = shown
    return made


def wire_optimise(tab: gr.Tab, room: Optimise, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Choose a panel; run, stop, open, and what the bar gives."""
    first, slot = room.first, pages.slot(GROUP)
    own = {name: {**controls, **one.fields, "prompt": room.prompt} for name, one in room.sections.items()}
    events = _Events(room, own, runner, pages)
    everything = {room.picker, room.prompt, *controls.values(), *room.fields}
    shown, forms = list(first.shown), [room.about, room.guess, *room.fields]
    wire_stop(first.stop, slot)
    in_link = {str(part.elem_id): part for part in (room.picker, *room.fields)}
    wire_bar(first.bar, slot, first.notice, controls, {"prompt": room.prompt, **in_link})
    room.picker.input(events.pick, room.picker, [*shown, *forms], concurrency_limit=None, **QUIET)
    opening = first.bar.input(
        events.open,
        first.bar,
        [*shown, *forms, room.picker, first.notice],
        **NEWEST,
    )
    keep_opened(opening, GROUP)
    ran = wire_run(first.run, first.stop, (events.run, everything, shown), seed=controls)
    wire_guess(room.guess, pages.slot(f"{GROUP}/{PANEL}"), [ran, opening])
    changes = [tab.select, room.picker.input, *(one.change for one in room.fields), controls["model"].change]
    gr.on(changes, events.say, everything, shown[0], **NEWEST)


class _Events:
    """What the buttons do, for the chosen panel; a page keeps the newest result of each."""

    def __init__(self, room: Optimise, controls: Mapping[str, Controls], runner: Runner, pages: Pages):
        self._room, self._controls, self._runner = room, controls, runner
        self._slot, self._pages = pages.slot(GROUP), pages
        self._own = {
            name: SectionEvents(one, controls[name], runner, self._slot, lambda _: {})
            for name, one in room.sections.items()
        }

    def _chosen(self, value: Any) -> str:
        """The panel that is chosen; a page may hold anything."""
        return value if isinstance(value, str) and value in self._own else next(iter(self._own))

    def _kept(self, name: str) -> Any:
        """The slot of a panel's newest result."""
        return self._pages.slot(f"{GROUP}/{name}")

    async def run(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Any]:
        """Measure the chosen panel."""
        name = self._chosen(data[self._room.picker])
        async with aclosing(self._own[name].run(data, request)) as frames:
            async for values in frames:
                yield values
        ticket = self._slot.last(session_of(request))
        if ticket is not None and isinstance(ticket.record, OptimisationRecord) and ticket.record.name == name:
            self._kept(name).keep(session_of(request), ticket.record)

    def pick(self, value: Any, request: gr.Request) -> list[Any]:
        """Another panel: its fields, and its newest result; a measurement that runs stays in view."""
        name, session = self._chosen(value), session_of(request)
        running = self._slot.last(session)
        if running is not None and not running.ended.is_set():
            return [*[gr.skip()] * len(self._room.first.shown), *self._forms(name)]
        kept = self._kept(name).last(session)
        record = kept.record if kept else None
        self._slot.keep(session, record)
        return [*self._own[name].shown(record), *self._forms(name)]

    def _forms(self, name: str, values: Mapping[Component, Any] | None = None) -> list[Any]:
        """Heading and fields of a panel, with these values."""
        section, given = self._room.sections[name], values or {}
        own = set(section.fields.values())
        updates = [
            gr.update(visible=part in own, **({"value": given[part]} if part in given else {}))
            for part in self._room.fields
        ]
        head = heading_text(section.experiment.title, section.experiment.about)
        return [head, gr.update(visible=name == PANEL), *updates]

    def open(self, value: Any, request: gr.Request) -> list[Any]:
        """Show a saved measurement in its panel."""
        room, (text, only_result) = self._room, sent(value)
        try:
            document = opened(text, OptimisationRecord)
            name = document.name if isinstance(document, OptimisationRecord) else ""
            if name not in self._own:
                raise PlaygroundError(f"No panel has the name {name[:60]!r}: the file is of another version.")
        except PlaygroundError as error:
            skipped = [gr.skip()] * (len(room.first.shown) + 2 + len(room.fields) + 1)
            return [*skipped, refused(word("common.not_opened"), error)]
        section, values = room.sections[name], self._own[name].open(value, request)
        shown, news = values[: len(section.shown)], values[-1]
        given = {} if only_result else dict(zip(section.fields.values(), values[len(section.shown) : -1], strict=True))
        self._kept(name).keep(session_of(request), document)
        return [*shown, *self._forms(name, given), name, news]

    def say(self, data: dict[Component, Any]) -> Any:
        """How long the chosen panel may take."""
        name = self._chosen(data[self._room.picker])
        section = self._room.sections[name]
        text = words_of(section, named({**self._controls[name], **section.fields}, data), self._runner)
        return gr.update(ahead=text, limit=self._runner.why_not(section.experiment.needs))

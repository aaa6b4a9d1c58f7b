"""Layers: what each layer would say, attends to and takes; training against inference. Layout, then wiring."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.runs.runner import Runner
from playground.ui.components.forms import text_line
from playground.ui.rooms.inside.lens_events import LensEvents
from playground.ui.rooms.inside.looked import Filled, Looked
from playground.ui.shell.common import NEWEST, Controls
from playground.ui.shell.pages import Pages
from playground.ui.shell.section import Section, build_sections, wire_section


@dataclass(frozen=True)
class Layers:
    """The parts of the section."""

    line: gr.HTML
    declared: list[Section]


def build_layers() -> Layers:
    """The line that names the inspected tokens, then the experiments."""
    return Layers(text_line("", elem_id="layers-line"), build_sections("Inside/Layers"))


def wire_layers(section: Layers, looked: Looked, controls: Controls, runner: Runner, pages: Pages) -> Filled:
    """Wire the section."""
    events = LensEvents(looked, runner, pages.slot("lens"))
    for one in section.declared:
        of_lens = one.experiment.name == "lens"
        wire_section(one, controls, runner, pages, looked=events.request_fields if of_lens else looked.request_fields)
        if of_lens:  # attention follows each choice, without another pass
            *_, choices, attended = one.shown
            choices.input(events.attend, choices, attended, **NEWEST)

    def fill(request: gr.Request) -> dict[Component, Any]:
        return {section.line: events.summary(request)}

    return (section.line,), fill

"""Inside: how a token comes about. A header that names the run, and one section for each way to look at it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.runs.runner import Runner
from playground.ui.components.feed import Feeds
from playground.ui.components.forms import text_line
from playground.ui.components.status import notice
from playground.ui.components.words import word
from playground.ui.rooms.inside.branches import Branches, build_branches, wire_branches
from playground.ui.rooms.inside.context.layout import Context, build_context, wire_context
from playground.ui.rooms.inside.layers import Layers, build_layers, wire_layers
from playground.ui.rooms.inside.looked import FILE, Looked
from playground.ui.rooms.inside.sampler import PANE as SAMPLER_PANE
from playground.ui.rooms.inside.sampler import Sampler, build_sampler, wire_sampler
from playground.ui.shell.bar import build_bar, wire_bar
from playground.ui.shell.common import NEWEST, QUIET, Controls
from playground.ui.shell.history import keep_opened
from playground.ui.shell.pages import Pages
from playground.ui.shell.section import Section as Declared

PANE = "inside"


@dataclass(frozen=True)
class Inside:
    """The parts of the tab."""

    run: gr.HTML
    bar: gr.HTML
    notice: gr.HTML
    sampler: Sampler
    branches: Branches
    context: Context
    layers: Layers

    @property
    def declared(self) -> list[Declared]:
        """The sections of declared experiments."""
        return [*self.context.declared, *self.layers.declared]


def build_inside(feeds: Feeds) -> Inside:
    """Lay the tab out; `feeds` are those of the page."""
    with gr.Row(elem_classes="inside-head"):
        run = text_line("", elem_id="inside-run")
        bar = build_bar(
            PANE, kinds=["run"], panes=[SAMPLER_PANE], picture="#sampler", label=word("inside.inspected_run.label")
        )
    news = notice(pane=PANE, elem_classes="notice")
    with gr.Tabs(elem_id="inside-sections"):
        with gr.Tab(word("inside.sampler.tab"), id="sampler"):
            sampler = build_sampler()
        with gr.Tab(word("inside.branches.tab"), id="branches"):
            branches = build_branches(feeds)
        with gr.Tab(word("inside.context.tab"), id="context") as context_tab:
            context = build_context(context_tab, feeds)
        with gr.Tab(word("inside.layers.tab"), id="layers"):
            layers = build_layers()
    return Inside(run, bar, news, sampler, branches, context, layers)


def wire_inside(tab: gr.Tab, inside: Inside, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Show the run when the tab opens or a file is read; wire each section. `controls` also has Play's prompt."""
    looked = Looked(pages)
    fills = [
        wire_sampler(inside.sampler, looked, runner, pages),
        wire_branches(inside.branches, looked, controls, runner, pages),
        wire_context(inside.context, looked, controls, runner, pages),
        wire_layers(inside.layers, looked, controls, runner, pages),
    ]
    filled = [part for parts, _ in fills for part in parts]

    def fill(request: gr.Request) -> dict[Component, Any]:
        values: dict[Component, Any] = {inside.run: looked.summary(request)}
        for _, values_of in fills:
            values |= values_of(request)
        return values

    shown = [inside.run, *filled]
    tab.select(fill, None, shown, queue=False, **QUIET)
    wire_bar(inside.bar, looked.give, inside.notice, controls)
    opened = inside.bar.input(looked.open, inside.bar, inside.notice, **NEWEST)
    opened.then(fill, None, shown, **QUIET)
    keep_opened(opened, FILE)
    inside.branches.bar.input(fill, None, shown, **QUIET)  # after it was read: its run is the inspected one

"""Branches: another word at any token, and where it leads. Layout, then wiring."""

from dataclasses import dataclass

import gradio as gr
from gradio.components import Component

from playground.experiments.branching.request import DEFAULT_WIDTH
from playground.runs.runner import Runner
from playground.ui.components.base import markup
from playground.ui.components.branches import branch_choice, branch_path, branch_tree
from playground.ui.components.feed import Feeds
from playground.ui.components.forms import text_line
from playground.ui.components.status import notice, stamp, status_line
from playground.ui.components.tokens import diff
from playground.ui.components.words import word
from playground.ui.rooms.inside.branch_events import BranchEvents
from playground.ui.rooms.inside.branch_request import WIDTHS
from playground.ui.rooms.inside.looked import Filled, Looked
from playground.ui.shell.bar import build_bar, wire_bar
from playground.ui.shell.buttons import wire_stop
from playground.ui.shell.common import NEWEST, QUIET, WORK, Controls
from playground.ui.shell.history import keep_opened
from playground.ui.shell.pages import Pages

PANE = "branches"


@dataclass(frozen=True)
class Branches:
    """The parts of the section that change; `stamp` changes when another run is inspected."""

    stamp: gr.HTML
    stop: gr.Button
    bar: gr.HTML
    notice: gr.HTML
    status: gr.HTML
    path: gr.HTML
    choice: gr.HTML
    summary: gr.HTML
    tree: gr.HTML
    verdict: gr.HTML
    diff: gr.HTML

    @property
    def shown(self) -> list[Component]:
        """The parts that show the run and its branches."""
        return [self.path, self.choice, self.summary, self.tree, self.verdict, self.diff, self.status, self.notice]


def build_branches(feeds: Feeds) -> Branches:
    """Lay the section out; `feeds` are those of the page."""
    with gr.Column(elem_classes="branches"):
        with gr.Row(elem_classes="branch-head"):
            state = status_line(word("inside.branch_reuses_what"), pane=PANE, elem_id="branches-status")
            with gr.Row(elem_classes="actions"):
                stop = gr.Button(
                    word("common.stop"), elem_id="branches-stop", elem_classes="stop-key", interactive=False
                )
        bar = build_bar(
            PANE, kinds=["branch"], panes=[PANE], label=word("inside.these_branches.label"),
            picture=".branch-path.block, .branch-tree.block, #branches-summary, #branches-verdict",
        )  # fmt: skip
        news = notice(pane=PANE, elem_classes="notice")
        gr.HTML(markup("branches_empty"), elem_classes="card branch-empty")
        with gr.Row(elem_classes="branch-pair"):
            path = branch_path(pane=PANE, more=feeds.more(), elem_classes="card branch-path")
            choice = branch_choice(pane=PANE, widths=WIDTHS, width=DEFAULT_WIDTH, elem_classes="card branch-choice")
        summary = text_line(pane=PANE, elem_id="branches-summary")
        tree = branch_tree(pane=PANE, elem_classes="card branch-tree")
        verdict = text_line(elem_id="branches-verdict")
        differences = diff()
        mark = stamp()
    return Branches(mark, stop, bar, news, state, path, choice, summary, tree, verdict, differences)


def wire_branches(section: Branches, looked: Looked, controls: Controls, runner: Runner, pages: Pages) -> Filled:
    """Wire the section."""
    events = BranchEvents(section, looked, controls["temperature"], runner, pages)
    choice, tree, shown, slot = section.choice, section.tree, section.shown, pages.slot("branch")
    section.stamp.input(events.refresh, None, shown, **QUIET)
    choice.input(
        events.look, choice, [choice, section.status, section.notice],
        **NEWEST,
    )  # fmt: skip
    begin = choice.submit(None, None, section.stop, js=_stoppable("true"), **QUIET)
    growing = begin.then(events.grow, {choice, controls["temperature"]}, shown, **WORK, **QUIET)
    growing.then(None, None, section.stop, js=_stoppable("false"), **QUIET)
    wire_stop(section.stop, slot)
    wire_bar(section.bar, slot, section.notice, controls)
    tree.input(events.show, tree, [section.path, section.summary, section.notice], trigger_mode="always_last", **QUIET)
    tree.submit(events.change, tree, shown, **QUIET)
    tree.select(events.compare, tree, [section.verdict, section.diff, section.notice], **QUIET)
    opening = section.bar.input(events.open, section.bar, shown, **NEWEST)
    keep_opened(opening, "branch")
    return (section.stamp,), events.fill  # it follows the run even before the section is open


def _stoppable(is_on: str) -> str:
    return f"() => ({{ __type__: 'update', interactive: {is_on} }})"

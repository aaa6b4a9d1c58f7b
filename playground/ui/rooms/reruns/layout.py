"""Reruns: one prompt many times, where the answers part and what they say. Layout, then wiring."""

from dataclasses import dataclass

import gradio as gr

from playground.runs.runner import Runner
from playground.ui.components.charts import chart, heat
from playground.ui.components.forms import choice, download, open_file
from playground.ui.components.reruns import answers, figures, fork_tree, headline
from playground.ui.components.status import notice, status_line
from playground.ui.components.tables import price_table
from playground.ui.components.tokens import mentions
from playground.ui.rooms.reruns.events import RerunEvents
from playground.ui.rooms.reruns.temperatures import Temperatures, build_temperatures, wire_temperatures
from playground.ui.shell.buttons import wire_run, wire_save, wire_stop
from playground.ui.shell.common import QUIET, Controls
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import MAX_OPENED_BYTES
from playground.ui.shell.section import Section, build_sections, wire_section

PANE = "reruns"
DEFAULT_RUNS = 16
_SEEDS = (
    ("different", "different", "The seed of the sidebar and those that follow it, one for each run"),
    ("same", "the same", "The seed of the sidebar for every run: what still differs does not come from the draw"),
    ("none", "none", "Each run draws its own seed by chance, as a server without a seed does"),
)
_EMPTY = """
<h2>One prompt, many runs</h2>
<p>The same prompt can give different answers. Run it many times at once and see where they part:</p>
<ul>
<li><b>Fork tree</b>: every token at which runs go different ways, and how close the choice was</li>
<li><b>Agreement</b>: how many runs are still alike after each token, and how uncertain the model was there</li>
<li><b>Answers</b>: identical ones collapsed, with counts and differences</li>
<li><b>Mentions</b>: how often a brand or a phrase comes, how sure that is, and how many runs would make it surer</li>
</ul>
"""


@dataclass(frozen=True)
class Reruns:
    """The parts of the tab, to be wired."""

    prompt: gr.Textbox
    run: gr.Button
    stop: gr.Button
    save: gr.Button
    file: gr.HTML
    count: gr.Number
    seeds: gr.HTML
    mentions: gr.Textbox
    notice: gr.HTML
    status: gr.HTML
    drawings: tuple[gr.HTML, ...]
    temperatures: Temperatures
    declared: list[Section]
    download: gr.HTML


def build_reruns() -> Reruns:
    """Lay the tab out."""
    prompt, run, stop, save, file = _ask()
    with gr.Row(elem_classes="rerun-options"):
        count = gr.Number(DEFAULT_RUNS, label="Runs, 2 to 200", minimum=2, maximum=200, precision=0, step=1,
                          elem_id="rerun-count", interactive=True)  # fmt: skip
        seeds = choice("Seeds", "different", _SEEDS, elem_id="rerun-seeds")
        words = gr.Textbox(label="Mentions to look for, one a line or between commas", lines=1, max_lines=6,
                           placeholder="a brand, a competitor, a phrase", elem_id="rerun-mentions",
                           interactive=True)  # fmt: skip
    news = notice(pane=PANE, elem_classes="notice")
    state = status_line("ready", pane=PANE, look="figures", elem_id=f"{PANE}-status")
    with gr.Column(elem_classes="reruns"):
        gr.HTML(_EMPTY, elem_classes="card rerun-empty")
        with gr.Column(elem_classes="rerun-results"):
            drawings = _results()
    price_table([("Reruns", PANE)], "runs", elem_id="reruns-prices")
    temperatures, declared = build_temperatures(), build_sections("Reruns")
    return Reruns(
        prompt, run, stop, save, file, count, seeds, words, news, state, drawings, temperatures, declared, download()
    )


def _ask() -> tuple[gr.Textbox, gr.Button, gr.Button, gr.Button, gr.HTML]:
    """The prompt and its buttons."""
    with gr.Row(elem_classes="ask"):
        prompt = gr.Textbox(
            "", label="Prompt", show_label=False, lines=2, max_lines=12, elem_id="reruns-prompt", interactive=True,
            placeholder="Ask something many times, or write the beginning of a text",
        )  # fmt: skip
        with gr.Row(elem_classes="actions"):
            run = gr.Button("Run", variant="primary", elem_id="reruns-run", elem_classes="run-key")
            stop = gr.Button("Stop", elem_id="reruns-stop", elem_classes="stop-key", interactive=False)
            save = gr.Button("Save as JSON", elem_id="reruns-save")
            file = open_file("Open a file", accept=".json", max_bytes=MAX_OPENED_BYTES, elem_id="reruns-open")
    return prompt, run, stop, save, file


def _results() -> tuple[gr.HTML, ...]:
    """Drawings, in the order of `drawings.Drawings`."""
    first = headline(elem_classes="card headline")
    tree = fork_tree(elem_classes="card fork-tree")
    with gr.Row(elem_classes="pair"):
        agree = chart(label="Agreement: share of runs still alike after each token", elem_classes="card", height=240)
        said = mentions(elem_classes="card mentions")
    with gr.Row(elem_classes="pair"):
        entropy = chart(label="Entropy along the common path, and its forks", elem_classes="card", height=200)
        lengths = chart(label="Lengths of the answers", elem_classes="card", height=200)
    listed = answers(elem_classes="card answers")
    with gr.Row(elem_classes="pair"):
        numbers = figures(elem_classes="card figures")
        alike = heat(elem_classes="card heat")
    return first, tree, agree, said, entropy, lengths, listed, numbers, alike


def wire_reruns(tab: Reruns, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop, save and open. `controls` are those of the sidebar by field name, and Play's prompt as `prompt`."""
    own = controls | {"prompt": tab.prompt}
    fields = (tab.count, tab.seeds, tab.mentions)
    events = RerunEvents(own, fields, runner, pages)
    slot, section = pages.slot("rerun"), tab.temperatures
    work, then = (events.run, {*own.values(), *fields}, tab.status), (events.show, tab.mentions, list(tab.drawings))
    wire_run(tab.run, tab.stop, work, seed=own, then=then)
    wire_stop(tab.stop, slot)
    wire_save(tab.save, slot, tab.download, tab.notice)
    tab.mentions.change(  # `input` does not fire for pasted or deleted text
        events.recount, tab.mentions, [tab.drawings[3], section.chart, tab.notice],
        trigger_mode="always_last", concurrency_limit=None, **QUIET,
    )  # fmt: skip
    filled = [tab.prompt, *fields, section.values, tab.notice, tab.status, section.status, section.chart]
    tab.file.input(events.open, tab.file, [*filled, *tab.drawings], concurrency_limit=None, **QUIET)
    wire_temperatures(section, fields, own, runner, pages)
    for declared in tab.declared:
        wire_section(declared, controls, runner, pages, tab.prompt)

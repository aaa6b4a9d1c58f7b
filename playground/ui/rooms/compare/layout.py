"""The Compare tab laid out: prompt, panes, and their joint results."""

from dataclasses import dataclass

import gradio as gr
from gradio.components import Component

from playground.ui.components.feed import Feeds
from playground.ui.components.forms import choice, text_line
from playground.ui.components.pane import pane_adder, pane_meters, pane_settings, pane_token
from playground.ui.components.status import notice, status_line
from playground.ui.components.tables import metric_table, price_table
from playground.ui.components.tokens import diff, token_view
from playground.ui.rooms.compare.pane_values import NAMES, PANE_SETTINGS, READY, pane_value
from playground.ui.rooms.compare.sweep_layout import Sweep, build_sweep
from playground.ui.shell.bar import build_bar
from playground.ui.shell.common import Controls

_MODES = [
    ("together", "side by side (one batch)", "All panes take each step together: fast to watch, times are shared."),
    ("turns", "fair timing (in turn)", "One pane after the other, three times each: medians and ranges."),
]
_FIRST = ({}, {"temperature": "0"})  # the first comparison: as set in the sidebar, and greedy
_LEGEND = (
    '<div class="legend"><span>sure</span><span class="ramp"></span><span>surprised</span>'
    "<span>0 to 8 bits and more</span></div>"
)


@dataclass(frozen=True)
class Pane:
    """The parts of one pane that change."""

    settings: gr.HTML
    tokens: gr.HTML
    status: gr.HTML
    meters: gr.HTML


@dataclass(frozen=True)
class Compare:
    """The parts of the tab, to be wired."""

    prompt: gr.Textbox
    run: gr.Button
    stop: gr.Button
    bar: gr.HTML
    mode: gr.HTML
    why: gr.HTML
    ahead: gr.HTML
    notice: gr.HTML
    panes: tuple[Pane, ...]
    slots: gr.State
    verdict: gr.HTML
    reference: gr.HTML
    diffs: gr.HTML
    table: gr.HTML
    sweep: Sweep

    @property
    def set_before(self) -> list[Component]:
        """What a person sets before a run."""
        return [self.prompt, self.mode, *(pane.settings for pane in self.panes), self.sweep.name, self.sweep.values]

    @property
    def fillable(self) -> Controls:
        """What an example may fill in, by name."""
        return {"prompt": self.prompt} | {f"pane {place}": pane.settings for place, pane in enumerate(self.panes)}


def build_compare(feeds: Feeds) -> Compare:
    """Lay the tab out."""
    prompt, run, stop = _ask()
    bar = build_bar(
        "compare", kinds=["compare", "sweep"], panes=[f"compare-{name}" for name in NAMES], label="This comparison",
        picture="#compare-prompt textarea, .compare-place, .compare-results",
    )  # fmt: skip
    with gr.Row(elem_classes="under compare-mode"):
        mode = choice("Panes run", "together", _MODES, elem_id="compare-mode")
        pane_adder("+ Add a pane", elem_classes="adder")
        gr.HTML(_LEGEND, elem_classes="surprise-key")
    why = text_line("", elem_id="compare-why")
    ahead = text_line("", elem_id="compare-ahead")
    news = notice(pane="compare", elem_classes="notice")
    with gr.Column(elem_classes="compare-place", min_width=0), gr.Row(elem_classes="compare-panes"):
        panes = tuple(_pane(slot, feeds) for slot in range(len(NAMES)))
    price_table([(name, f"compare-{name}") for name in NAMES], "run", elem_id="compare-prices")
    with gr.Column(elem_classes="compare-results"):
        verdict = text_line("", elem_id="compare-verdict")
        reference = choice("Compared with", "", [], elem_id="compare-reference")
        diffs = diff(elem_id="compare-diffs")
        table = metric_table("Every metric", elem_id="compare-table")
    sweep = build_sweep()
    return Compare(
        prompt, run, stop, bar, mode, why, ahead, news, panes, gr.State(()), verdict, reference, diffs, table, sweep,
    )  # fmt: skip


def _ask() -> tuple[gr.Textbox, gr.Button, gr.Button]:
    """The prompt and its buttons."""
    with gr.Row(elem_classes="ask"):
        prompt = gr.Textbox(
            "", label="Prompt", show_label=False, lines=2, max_lines=12, elem_id="compare-prompt", interactive=True,
            placeholder="One prompt for all panes",
        )  # fmt: skip
        with gr.Row(elem_classes="actions"):
            run = gr.Button("Run", variant="primary", elem_id="compare-run", elem_classes="run-key")
            stop = gr.Button("Stop", elem_id="compare-stop", elem_classes="stop-key", interactive=False)
    return prompt, run, stop


def _pane(slot: int, feeds: Feeds) -> Pane:
    name, pane = NAMES[slot], f"compare-{NAMES[slot]}"
    value = pane_value(True, _FIRST[slot]) if slot < len(_FIRST) else pane_value(False)
    with gr.Column(elem_classes="card compare-pane", min_width=0):
        settings = pane_settings(name, value, PANE_SETTINGS, pane=pane, elem_id=f"{pane}-settings")
        notice(pane=pane, elem_classes="notice")
        tokens = token_view(
            pane=pane, label=f"Output tokens of pane {name}", placeholder="Not run yet.", elem_classes="grow",
            more=feeds.more(),
        )  # fmt: skip
        pane_token(pane=pane)
        state = status_line("opening the page", pane=pane, look="legend")
        state.value = READY
        figures = pane_meters(pane=pane, elem_id=f"{pane}-meters")
    return Pane(settings, tokens, state, figures)

"""The Compare tab laid out: prompt, panes, and their joint results."""

from dataclasses import dataclass

import gradio as gr
from gradio.components import Component

from playground.ui.components.feed import Feeds
from playground.ui.components.forms import choice, text_line
from playground.ui.components.pane import pane_adder, pane_meters, pane_settings, pane_token
from playground.ui.components.status import notice, status_line, surprise_key
from playground.ui.components.tables import metric_table, price_table
from playground.ui.components.tokens import diff, token_view
from playground.ui.components.words import word
from playground.ui.rooms.compare.pane_values import NAMES, PANE_SETTINGS, READY, pane_value
from playground.ui.rooms.compare.sweep_layout import Sweep, build_sweep
from playground.ui.shell.bar import build_bar
from playground.ui.shell.common import Controls

_MODES = ("together", "turns")
_FIRST = ({}, {"temperature": "0"})  # the first comparison: as set in the sidebar, and greedy


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
        "compare",
        kinds=["compare", "sweep"],
        panes=[f"compare-{name}" for name in NAMES],
        label=word("compare.comparison.label"),
        picture="#compare-prompt textarea, .compare-place, .compare-results",
    )
    with gr.Row(elem_classes="under compare-mode"):
        mode = choice(
            word("compare.panes_run.label"),
            "together",
            [(one, word(f"compare.{one}"), word(f"compare.{one}.about")) for one in _MODES],
            elem_id="compare-mode",
        )
        pane_adder(word("compare.add_pane"), elem_classes="adder")
        gr.HTML(f'<div class="legend">{surprise_key()}</div>', elem_classes="surprise-key")
    why = text_line("", elem_id="compare-why")
    ahead = text_line("", elem_id="compare-ahead")
    news = notice(pane="compare", elem_classes="notice")
    with gr.Column(elem_classes="compare-place", min_width=0), gr.Row(elem_classes="compare-panes"):
        panes = tuple(_pane(slot, feeds) for slot in range(len(NAMES)))
    price_table([(name, f"compare-{name}") for name in NAMES], "run", elem_id="compare-prices")
    with gr.Column(elem_classes="compare-results"):
        verdict = text_line("", elem_id="compare-verdict")
        reference = choice(word("compare.compared_with.label"), "", [], elem_id="compare-reference")
        diffs = diff(elem_id="compare-diffs")
        table = metric_table(word("compare.every_metric.label"), elem_id="compare-table")
    sweep = build_sweep()
    return Compare(
        prompt, run, stop, bar, mode, why, ahead, news, panes, gr.State(()), verdict, reference, diffs, table, sweep,
    )  # fmt: skip


def _ask() -> tuple[gr.Textbox, gr.Button, gr.Button]:
    """The prompt and its buttons."""
    with gr.Row(elem_classes="ask"):
        prompt = gr.Textbox(
            "",
            label=word("common.prompt"),
            show_label=False,
            lines=2,
            max_lines=12,
            elem_id="compare-prompt",
            interactive=True,
            placeholder=word("compare.prompt.placeholder"),
        )
        with gr.Row(elem_classes="actions"):
            run = gr.Button(word("common.run"), variant="primary", elem_id="compare-run", elem_classes="run-key")
            stop = gr.Button(word("common.stop"), elem_id="compare-stop", elem_classes="stop-key", interactive=False)
    return prompt, run, stop


def _pane(slot: int, feeds: Feeds) -> Pane:
    name, pane = NAMES[slot], f"compare-{NAMES[slot]}"
    value = pane_value(True, _FIRST[slot]) if slot < len(_FIRST) else pane_value(False)
    with gr.Column(elem_classes="card compare-pane", min_width=0):
        settings = pane_settings(name, value, PANE_SETTINGS, pane=pane, elem_id=f"{pane}-settings")
        notice(pane=pane, elem_classes="notice")
        tokens = token_view(
            pane=pane,
            label=word("compare.pane_tokens", name=name),
            placeholder=word("common.not_run_yet"),
            elem_classes="grow",
            more=feeds.more(),
        )
        pane_token(pane=pane)
        state = status_line(word("common.opening_page"), pane=pane, look="legend")
        state.value = READY
        figures = pane_meters(pane=pane, elem_id=f"{pane}-meters")
    return Pane(settings, tokens, state, figures)

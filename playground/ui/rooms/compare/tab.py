"""Compare: one prompt in 2 to 4 panes, each with its own settings; and a sweep of one. Wiring."""

import gradio as gr

from playground.runs.runner import Runner
from playground.ui.rooms.compare.events import CompareEvents
from playground.ui.rooms.compare.layout import Compare
from playground.ui.rooms.compare.sweep_events import wire_sweep
from playground.ui.shell.bar import wire_bar
from playground.ui.shell.buttons import wire_run, wire_stop
from playground.ui.shell.common import NEWEST, QUIET, Controls
from playground.ui.shell.history import keep_opened
from playground.ui.shell.pages import Pages


def wire_compare(tab: Compare, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop, save and open. `controls` are those of the sidebar by field name, and Play's prompt as `prompt`."""
    slot = pages.slot("compare")
    own = controls | {"prompt": tab.prompt}
    events = CompareEvents(tab, own, runner, pages)
    settings = [pane.settings for pane in tab.panes]
    live = [part for pane in tab.panes for part in (pane.tokens, pane.status, pane.meters)]
    results = [tab.reference, tab.verdict, tab.diffs, tab.table]

    inputs = {*own.values(), *settings, tab.mode, tab.reference}
    wire_run(
        tab.run, tab.stop, (events.run, inputs, [tab.mode, tab.why, tab.notice, tab.slots, *live]),
        seed=own, cleared=results[1:], then=(events.results, tab.slots, results),
    )  # fmt: skip
    wire_stop(tab.stop, slot)
    wire_bar(tab.bar, slot, tab.notice, own, {str(part.elem_id): part for part in (tab.mode, *settings)})
    tab.reference.input(events.refer, [tab.reference, tab.slots], results, trigger_mode="always_last", **QUIET)
    for pane in settings:
        pane.input(events.checker(pane), {*own.values(), pane}, pane, trigger_mode="always_last", **QUIET)
    changes = [tab.mode.input, *(pane.input for pane in settings)]
    changes += [own[name].change for name in ("prompt", "model", "quantization", "max_new_tokens")]
    gr.on(changes, events.ahead, inputs, tab.ahead, **NEWEST)
    sweep = tab.sweep
    opened = [tab.prompt, tab.mode, tab.why, tab.notice, tab.slots, *settings, *live, *results, *sweep.filled]
    for bar in (tab.bar, sweep.bar):
        opening = bar.input(
            events.opener(bar),
            {*own.values(), bar},
            opened,
            **NEWEST,
        )
        keep_opened(opening, "compare", "sweep")
    wire_sweep(sweep, own, runner, pages)

"""Compare: one prompt in 2 to 4 panes, each with its own settings; and a sweep of one. Wiring."""

import gradio as gr

from playground.runs.services import Runner
from playground.ui.rooms.compare.events import CompareEvents
from playground.ui.rooms.compare.layout import Compare
from playground.ui.rooms.compare.sweep_events import wire_sweep
from playground.ui.shell.common import QUIET, Controls, session_of
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import saved

_BEGIN = "(...values) => [...window.playground.begin(...values), '', '']"  # results of the run before go
_END = "() => window.playground.end()"


def wire_compare(tab: Compare, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop, save and open. `controls` are those of the sidebar by field name, and Play's prompt as `prompt`."""
    slot = pages.slot("compare")
    own = controls | {"prompt": tab.prompt}
    events = CompareEvents(tab, own, runner, pages)
    settings = [pane.settings for pane in tab.panes]
    live = [part for pane in tab.panes for part in (pane.tokens, pane.status, pane.meters)]
    results = [tab.reference, tab.diffs, tab.table]
    buttons = [tab.run, tab.stop]

    def stop(request: gr.Request) -> None:
        slot.stop(session_of(request))

    async def save(request: gr.Request) -> tuple[object, object]:
        return await saved(slot, session_of(request))

    begin = tab.run.click(
        None, [own["random_seed"], own["seed"]], [*buttons, own["seed"], *results[1:]], js=_BEGIN, **QUIET
    )
    running = begin.then(
        events.run, {*own.values(), *settings, tab.mode, tab.reference}, [tab.why, tab.notice, tab.slots, *live],
        concurrency_limit=None, **QUIET,
    )  # fmt: skip
    shown = running.then(events.results, tab.slots, results, **QUIET)
    shown.then(None, None, buttons, js=_END, **QUIET)
    tab.stop.click(stop, None, None, queue=False, **QUIET)
    tab.reference.input(events.refer, [tab.reference, tab.slots], results, trigger_mode="always_last", **QUIET)
    for pane in settings:
        pane.input(events.checker(pane), {*own.values(), pane}, pane, trigger_mode="always_last", **QUIET)
    tab.save.click(save, None, [tab.download, tab.notice], concurrency_limit=None, **QUIET)
    sweep = tab.sweep
    opened = [tab.prompt, tab.mode, tab.why, tab.notice, tab.slots, *settings, *live, *results, *sweep.filled]
    tab.file.input(events.open, {*own.values(), tab.file}, opened, concurrency_limit=None, **QUIET)
    wire_sweep(sweep, own, runner, pages)

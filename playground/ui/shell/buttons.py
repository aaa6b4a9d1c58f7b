"""Run and Stop, the same for everything they start and stop; Run is grey where the model can't feed it."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from playground.backends.base import Capability
from playground.runs.runner import Runner
from playground.ui.shell.common import QUIET, WORK, Controls, session_of
from playground.ui.shell.pages import Slot

Gate = tuple[gr.Button, gr.HTML, frozenset[Capability]]
"""What starts a section, its `status_line`, and what it needs of a model."""
_END = "() => window.playground.end()"


def wire_run(
    run: gr.Button,
    stop: gr.Button,
    work: tuple[Callable[..., Any], Any, Any],
    *,
    on: Sequence[Callable[..., Any]] = (),
    seed: Controls | None = None,
    cleared: Sequence[Component] = (),
    then: tuple[Callable[..., Any], Any, Any] | None = None,
) -> Any:
    """Start work; the buttons that start and stop it change places until it is over.

    Args:
        run: Starts it.
        stop: Can be pressed meanwhile.
        work: Handler, inputs and outputs.
        on: What starts it, if it is not a click alone.
        seed: The sidebar's controls, where a random seed is drawn first.
        cleared: Parts that are empty from now on.
        then: Handler, inputs and outputs of what follows the work.

    Returns:
        The event at whose end all is over.
    """
    drawn = [seed["random_seed"], seed["seed"]] if seed else []
    changed = "begin(...values)" if seed else "begin().slice(0, 2)"
    begin = gr.on(
        on or [run.click], None, drawn, [run, stop, *drawn[1:], *cleared],
        js=f"(...values) => [...window.playground.{changed}, ...Array({len(cleared)}).fill('')]", **QUIET,
    )  # fmt: skip
    running = begin.then(*work, **WORK, **QUIET)
    if then is not None:
        running = running.then(*then, concurrency_limit=None, **QUIET)
    return running.then(None, None, [run, stop], js=_END, **QUIET)


def wire_stop(button: gr.Button, slot: Slot) -> None:
    """Stop the page's run; its results so far are kept."""

    def stop(request: gr.Request) -> None:
        slot.stop(session_of(request))

    button.click(stop, None, None, queue=False, **QUIET)


def wire_gates(gates: Sequence[Gate], runner: Runner, models_set: Sequence[Dependency]) -> None:
    """Open or close each gate, as the model in memory can feed it, after events that may have changed the model."""

    def set_gates() -> list[Any]:
        limits = [runner.why_not(needs) for _, _, needs in gates]
        return [update for limit in limits for update in (gr.update(interactive=not limit), gr.update(limit=limit))]

    parts = [part for button, line, _ in gates for part in (button, line)]
    for event in models_set:
        event.then(set_gates, None, parts, **QUIET)

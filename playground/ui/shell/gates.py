"""Sections that the model in memory can't feed: their button is grey, and their status says why."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.events import Dependency

from playground.runs.services import Runner
from playground.ui.shell.common import QUIET


def wire_gates(gates: Sequence[tuple[gr.Button, gr.HTML]], runner: Runner, models_set: Sequence[Dependency]) -> None:
    """Open or close sections that need a model which reads as others do.

    Args:
        gates: For each section, what starts it and its `stage_line`.
        runner: Knows the model.
        models_set: Events after which another model may be in memory.
    """

    def set_gates() -> list[Any]:
        facts = runner.facts
        limit = "" if facts is None or facts.is_plain else f"Not for {facts.title}. {' '.join(facts.limits)}"
        updates = gr.update(interactive=not limit), gr.update(limit=limit)
        return [update for _ in gates for update in updates]

    parts = [part for gate in gates for part in gate]
    for event in models_set:
        event.then(set_gates, None, parts, **QUIET)

"""Sections that the model in memory can't feed: their button is grey, and their status says why."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.events import Dependency

from playground.backends.base import Capability
from playground.runs.runner import Runner
from playground.ui.shell.common import QUIET

Gate = tuple[gr.Button, gr.HTML, frozenset[Capability]]
"""What starts a section, its `status_line`, and what it needs of a model."""


def wire_gates(gates: Sequence[Gate], runner: Runner, models_set: Sequence[Dependency]) -> None:
    """Open or close sections, as the model in memory can feed them.

    Args:
        gates: One a section.
        runner: Knows the model.
        models_set: Events after which another model may be in memory.
    """

    def set_gates() -> list[Any]:
        limits = [runner.why_not(needs) for _, _, needs in gates]
        return [update for limit in limits for update in (gr.update(interactive=not limit), gr.update(limit=limit))]

    parts = [part for button, line, _ in gates for part in (button, line)]
    for event in models_set:
        event.then(set_gates, None, parts, **QUIET)

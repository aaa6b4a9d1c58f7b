"""The chart of the KV cache's panel on which a person draws first, and what was measured is laid over it."""

from collections.abc import Iterable
from typing import Any

import gradio as gr
from gradio.events import Dependency

from playground.experiments.optimise.declared.kv_cache import NAME
from playground.experiments.optimise.guess import compared, drawn_lines, measured_lines
from playground.experiments.optimise.records import OptimisationRecord
from playground.ui.components.charts import guess
from playground.ui.shell.common import NEWEST, session_of
from playground.ui.shell.pages import Slot

PANEL = NAME


def build_guess(*, shown: bool) -> gr.HTML:
    """An empty chart, folded; it stays with the page, and leaves it with the panel."""
    return guess(elem_id="optimise-guess", visible=shown)


def wire_guess(part: gr.HTML, slot: Slot, results: Iterable[Dependency]) -> None:
    """Compare after each change of the drawing, and after events that may have brought a result into this slot."""

    def look(value: Any, request: gr.Request) -> Any:
        ticket = slot.last(session_of(request))
        if ticket is None or not isinstance(ticket.record, OptimisationRecord):
            return gr.skip()
        measured = measured_lines(ticket.record)
        return gr.update(measured=measured, said=compared(drawn_lines(value), measured))

    part.input(look, part, part, **NEWEST)
    for event in results:
        event.then(look, part, part, **NEWEST)

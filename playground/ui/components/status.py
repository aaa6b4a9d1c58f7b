"""What the run is doing, in words: a chip beside the legend, a progress line, and a quiet voice for screen readers."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["status"]

_TEMPLATE = (
    '<div class="row"><span class="legend"><span>sure</span><span class="ramp"></span><span>surprised</span>'
    '<span class="scale">0 to 8 bits and more</span></span>'
    '<span class="chip"><span class="dot"></span><span class="words"></span></span></div>'
    '<div class="line"><i></i></div><div class="voice" role="status" aria-live="polite"></div>'
)


def status(*, pane: str, **props: Any) -> gr.HTML:
    """Its value is the dict that `views.status` makes: phase, text, fraction, and for a failure what went wrong."""
    return part("status", {}, _TEMPLATE, pane=pane, **props)

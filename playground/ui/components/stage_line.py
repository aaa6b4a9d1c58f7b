"""What long work is doing, in words, with a line that fills; screen readers hear of its start and its end only."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["stage_line"]

_TEMPLATE = (
    '<div class="row"><span class="dot"></span><span class="words"></span><span class="far"></span></div>'
    '<div class="track" aria-hidden="true"><i></i></div><div class="voice" role="status" aria-live="polite"></div>'
)


def stage_line(idle: str, *, pane: str, **props: Any) -> gr.HTML:
    """Its value is a dict with `phase`, `text` and `fraction`, as `views.status` makes; `idle` stands there before.

    Its prop `limit` says why nothing can run here, and stands before all else while it is not empty.
    """
    return part("stage_line", {}, _TEMPLATE, idle=idle, limit="", pane=pane, **props)

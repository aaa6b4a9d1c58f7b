"""Which layer and head of attention to look at."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["look_at"]

_TEMPLATE = (
    '<div class="whole" hidden><label>Layer<select class="layer" aria-label="Layer of attention"></select></label>'
    '<label>Head<select class="head" aria-label="Head of attention"></select></label></div>'
)


def look_at(*, pane: str, **props: Any) -> gr.HTML:
    """Its value is a dict of `layers`, `heads`, `layer`, `head` (0 is the mean) and `query`; `input` tells of a change.

    The query is chosen in the pane's `attention_map`, which also hears of the head at once.
    """
    return part("look_at", {}, _TEMPLATE, pane=pane, **props)

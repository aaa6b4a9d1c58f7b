"""The whole context as one bar: what is in it, what is free, what fell out; and the key to its parts."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["context_key", "context_strip"]


def context_strip(*, pane: str, empty: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.strip_value` makes; a click on a part chooses it in the key."""
    template = (
        '<div class="row"><div class="out" aria-hidden="true"></div><div class="bar" aria-hidden="true"></div></div>'
        f'<div class="told" role="status">{attribute(empty)}</div>'
    )
    return part("context_strip", "", template, pane=pane, **props)


def context_key(*, pane: str, **props: Any) -> gr.HTML:
    """Names and tokens of the strip's parts; choosing one, which `input` tells, is the zoom. Its value is its kind."""
    template = '<div class="key" role="group" aria-label="Parts of the context; choose one to see its tokens"></div>'
    return part("context_key", "", template, pane=pane, **props)

"""The answer, token by token, coloured by surprise."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part
from playground.ui.feed import More

__all__ = ["token_view"]


def token_view(*, pane: str, more: More, label: str = "Output tokens", placeholder: str = "", **props: Any) -> gr.HTML:
    """One element of class `tok` a token.

    Its value is a saved run's lines, which `views.token_line` and kin write, or the head line of a live run, whose
    lines it asks `more` for. What the feed says of meters and status it passes on to its pane.
    """
    template = (
        f'<div class="toks" role="group" aria-label="{attribute(label)}"></div>'
        f'<div class="empty">{attribute(placeholder)}</div>'
    )
    before = ("feed", "flow")
    return part("token_view", "", template, pane=pane, server_functions=[more], scripts_before=before, **props)

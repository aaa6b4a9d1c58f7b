"""The answer, token by token, coloured by surprise."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["token_view"]


def token_view(*, pane: str, label: str = "Output tokens", placeholder: str = "", **props: Any) -> gr.HTML:
    """One element of class `tok` a token. Its value is the append-only text that `views.token_line` and kin write."""
    template = (
        f'<div class="toks" role="group" aria-label="{attribute(label)}"></div>'
        f'<div class="empty">{attribute(placeholder)}</div>'
    )
    return part("token_view", "", template, pane=pane, **props)

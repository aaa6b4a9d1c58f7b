"""Where a layer attends to: click a token, and what it looks at is shaded by its weight."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["attention_map"]

_TEMPLATE = (
    '<div class="whole" role="group" aria-label="Attention" hidden>'
    '<p class="who" role="status"></p><div class="both">'
    '<div class="toks" role="group" aria-label="Tokens, shaded by attention" tabindex="-1"></div>'
    '<figure class="all" hidden><canvas aria-hidden="true"></canvas><figcaption>All queries: one row each, from the '
    "top; columns are the tokens looked at.</figcaption></figure></div>"
    '<p class="one"></p><p class="sum"></p><p class="sink"></p><p class="problem" role="alert"></p></div>'
)


def attention_map(*, pane: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.attention_value` makes; a token chosen is told as `query`."""
    return part("attention_map", "", _TEMPLATE, pane=pane, **props)

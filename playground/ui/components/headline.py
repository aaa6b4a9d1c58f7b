"""The five figures one looks at first, and what they were made with."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part
from playground.ui.views import NOTHING

__all__ = ["headline"]

_FIGURES = (
    ("unique", "unique answers"),
    ("fork", "first fork, token"),
    ("entropy", "entropy there, bits"),
    ("mode", "most common answer"),
    ("speed", "tokens/s, all runs together"),
)


def headline(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_views.headline_view` makes."""
    figures = "".join(
        f'<div><div class="big" data-k="{key}">{NOTHING}</div><div class="sub">{name}</div></div>'
        for key, name in _FIGURES
    )
    template = f'<div class="figures" role="group" aria-label="Headline">{figures}</div><div class="made"></div>'
    return part("headline", "", template, **props)

"""Named rows with a bar each: what drives a cost, or what models cost beside each other."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["bar_rows"]


def bar_rows(feed: str, *, label: str, **props: Any) -> gr.HTML:
    """Drawn from `window.playground.cost.drawing(feed)`; it has no value."""
    template = (
        f'<figure aria-label="{attribute(label)}"><div class="head"><b class="title"></b><span class="about"></span>'
        f'</div><ol class="rows" aria-label="{attribute(label)}"></ol></figure>'
    )
    return part("bar_rows", "", template, feed=feed, **props)

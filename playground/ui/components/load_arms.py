"""The load simulator's ways of computing, each with its distinct answers."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["load_arms"]

_TEMPLATE = '<div class="empty">Each way of computing appears here when its requests are done.</div><ol></ol>'


def load_arms(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `load_views.arms_value` makes."""
    return part("load_arms", "", _TEMPLATE, **props)

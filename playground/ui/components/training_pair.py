"""Inference and training side by side: what each did to the weights, and what it took."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["training_pair"]

_TEMPLATE = (
    '<div class="whole" role="group" aria-label="Training against inference" hidden><div class="pair">'
    '<section aria-label="Inference"><h3>Inference</h3><dl></dl></section>'
    '<section aria-label="Training"><h3>One training step</h3><dl></dl></section></div><p class="gone"></p></div>'
)


def training_pair(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.training_value` makes."""
    return part("training_pair", "", _TEMPLATE, **props)

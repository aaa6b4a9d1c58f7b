"""Small multiples: one compact answer for each value of a setting, coloured by surprise."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["multiples"]


def multiples(**props: Any) -> gr.HTML:
    """Its value is the append-only text that `sweep_views` writes, a JSON line a token."""
    return part("multiples", "", '<div class="cells"></div>', **props)

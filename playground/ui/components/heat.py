"""How alike each pair of runs is, as a square of shades: identical answers stand side by side."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["heat"]

_TEMPLATE = (
    '<div class="head"><h2>Similarity of pairs</h2><span class="legend"><span>0%</span><span class="ramp"></span>'
    "<span>100%</span></span></div>"
    '<div class="body"><canvas tabindex="0" role="img" aria-label="No runs yet"></canvas>'
    '<div class="told"><div class="big"></div><div class="pair"></div><div class="one"></div><div class="two"></div>'
    "</div></div>"
)


def heat(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_answers.heat_view` makes; arrow keys move from pair to pair."""
    return part("heat", "", _TEMPLATE, **props)

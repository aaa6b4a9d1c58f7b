"""The logit lens: one row a layer, one column a position; arrow keys move, and the chosen column explains itself."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["lens_grid"]

_TEMPLATE = (
    '<div class="whole" role="group" aria-label="Logit lens" hidden>'
    '<div class="head"><h3>What each layer would say next</h3><span class="legend"><span>0%</span>'
    '<span class="ramp"></span><span>100%</span></span></div>'
    '<div class="scroll"><table role="grid" aria-label="Logit lens"><thead></thead><tbody></tbody></table></div>'
    '<div class="told" role="status"><p class="says"></p><p class="here"></p><p class="since"></p>'
    '<div class="rise" aria-hidden="true"></div></div></div>'
)


def lens_grid(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.grid_value` makes."""
    return part("lens_grid", "", _TEMPLATE, **props)

"""A small table of figures: a row a thing, a column a quantity, a share as a shade where a cell has one."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["plain_table"]


def plain_table(label: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.table_value` makes; nothing is shown while it is empty."""
    template = (
        f'<div class="whole" hidden><div class="scroll" tabindex="0" role="group" aria-label="{attribute(label)}">'
        f'<table aria-label="{attribute(label)}"><thead></thead><tbody></tbody></table></div>'
        '<p class="note"></p></div>'
    )
    return part("plain_table", "", template, **props)

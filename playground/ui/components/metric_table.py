"""Every metric of several runs, the best of each row marked, each defined on hover and focus."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["metric_table"]


def metric_table(label: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `compare_views.table_value` makes; nothing is shown while it is empty."""
    template = (
        '<div class="whole" hidden><div class="top"><h2></h2><span class="sub">✓ the best of its row</span></div>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{attribute(label)}">'
        "<table><thead></thead><tbody></tbody></table></div>"
        '<p class="note"></p></div><div class="tip" aria-hidden="true"></div>'
    )
    return part("metric_table", "", template, title=label, **props)

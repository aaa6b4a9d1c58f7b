"""Answers against the one chosen as reference: what was taken out and put in, and where they first part."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["diff"]


def diff(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `compare_views.diffs_value` makes; nothing is shown while it is empty."""
    return part("diff", "", '<div class="diffs"></div>', **props)

"""Who is spoken of: the share of runs that say each word, with its interval, and where they say it first."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["mentions"]

_TEMPLATE = (
    '<div class="head"><h2>Mentions</h2><span class="sub">share of runs, 95 % Wilson interval</span></div>'
    '<div class="rows"></div><div class="firsts"><div class="sub first-head"></div><div class="strips"></div>'
    '<div class="scale"><span></span><span></span></div></div><ul class="needs"></ul>'
    '<div class="none">No words to look for: write some under “Mentions”, a brand and its competitors say. '
    "They are counted in these answers at once, nothing runs again.</div>"
)


def mentions(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_views.mentions_view` makes."""
    return part("mentions", "", _TEMPLATE, **props)

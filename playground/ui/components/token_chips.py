"""Tokens as chips: how each looks alone, and its id below."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["token_chips"]


def token_chips(label: str, *, empty: str = "", **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.chips_value` makes, drawn by the page of 400 tokens."""
    template = (
        '<div class="head"><b class="title"></b><span class="sub"></span><span class="pages">'
        '<button type="button" class="earlier">Earlier</button><button type="button" class="later">Later</button>'
        "</span></div>"
        f'<div class="chips" tabindex="0" role="group" aria-label="{attribute(label)}"></div>'
        f'<div class="empty">{attribute(empty)}</div>'
    )
    return part("token_chips", "", template, **props)

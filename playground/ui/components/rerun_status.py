"""How far a rerun is: state, live counts, and how its rows are split where memory splits them."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["rerun_status"]

_LIVE = (("unique", "unique answers"), ("tokens", "tokens"), ("speed", "speed"), ("elapsed", "elapsed"))


def rerun_status(**props: Any) -> gr.HTML:
    """Its value is the dict that `rerun_views.Progress` keeps; a failure has `title` and `problem`."""
    live = "".join(f'<div><dt>{name}</dt><dd data-k="{key}"></dd></div>' for key, name in _LIVE)
    template = (
        '<div class="row"><span class="chip"><span class="dot"></span><span class="words"></span></span>'
        f'<dl class="live">{live}</dl></div><div class="line"><i></i></div><div class="plan"></div>'
        '<div class="voice" role="status" aria-live="polite"></div>'
    )
    return part("rerun_status", {}, template, **props)

"""A chat: what was said and answered, the newest answer while it comes; turns that left the context are struck."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part
from playground.ui.feed import More

__all__ = ["transcript"]


def transcript(*, pane: str, empty: str, more: More | None = None, **props: Any) -> gr.HTML:
    """Its value is text that `context_views.transcript_lines` and kin write, a JSON line a piece; it mostly grows.

    Its last line may name a live answer, whose lines it asks `more` for. What the feed says of strip and status it
    passes on to its pane.
    """
    template = (
        '<ol class="turns" tabindex="0" aria-label="Chat"></ol>'
        f'<div class="empty">{attribute(empty)}</div><div class="voice" role="status" aria-live="polite"></div>'
    )
    functions = [] if more is None else [more]
    before = ("feed", "flow")
    return part("transcript", "", template, pane=pane, server_functions=functions, scripts_before=before, **props)

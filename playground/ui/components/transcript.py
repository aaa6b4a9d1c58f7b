"""A chat: what was said and answered, the newest answer while it comes; turns that left the context are struck."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["transcript"]


def transcript(*, pane: str, empty: str, **props: Any) -> gr.HTML:
    """Its value is text that `context_views.transcript_lines` and kin write, a JSON line a piece; it mostly grows."""
    template = (
        '<ol class="turns" tabindex="0" aria-label="Chat"></ol>'
        f'<div class="empty">{attribute(empty)}</div><div class="voice" role="status" aria-live="polite"></div>'
    )
    return part("transcript", "", template, pane=pane, **props)

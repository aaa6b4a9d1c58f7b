"""A line above the answer for what a person must know: a failure, a link that was opened, a preset that was saved."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["notice"]

_TEMPLATE = (
    '<div class="box" hidden><div class="words"><b></b><span></span></div>'
    '<button type="button" aria-label="Dismiss this note">✕</button></div>'
    '<div class="voice" role="status" aria-live="polite"></div>'
)


def notice(*, pane: str, **props: Any) -> gr.HTML:
    """Its value: `kind` (`note`, `ask`, `problem`), `title`, `text`, `id`; a run's failure it hears itself."""
    return part("notice", {}, _TEMPLATE, pane=pane, **props)

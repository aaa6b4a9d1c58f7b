"""Files between the page and the person, without the server's disk: text goes through memory only."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["download", "open_file", "text_line"]


def download(**props: Any) -> gr.HTML:
    """Invisible; a value `{name, text, id}` is offered to the person as a file."""
    return part("download", {}, "", **props)


def open_file(label: str, *, accept: str, max_bytes: int, **props: Any) -> gr.HTML:
    """A button that reads one small text file; its value is the text, told by the event `input`."""
    template = (
        f'<button type="button" class="open">{attribute(label)}</button>'
        f'<input type="file" accept="{attribute(accept)}" tabindex="-1" aria-hidden="true">'
        '<span class="problem" role="status"></span>'
    )
    return part("open_file", "", template, max_bytes=max_bytes, **props)


def text_line(value: str = "", *, pane: str = "", **props: Any) -> gr.HTML:
    """A quiet line of text; what a feed reports to its pane as `live-told` stands in its place meanwhile."""
    return part("text_line", value, '<div class="line"></div>', pane=pane, **props)

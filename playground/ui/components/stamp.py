"""An unseen part that tells its section to fill itself: when a new value comes, and when the section is first opened.

Gradio makes the parts of a tab when it is opened. One that is updated before, or skipped among other outputs, loses
every property but its value; so what lies in an unopened tab gets this plain value, and asks for the rest itself.
"""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["stamp"]


def stamp(**props: Any) -> gr.HTML:
    """Its value is any text; the event `input` tells that there is another one."""
    return part("stamp", "", "", **props)

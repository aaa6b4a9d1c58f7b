"""The answer of a run, token by token, of which one is chosen."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["step_picker"]

_TEMPLATE = (
    '<div class="head"><h2 class="where">Step</h2>'
    '<span class="sub">choose a token of the answer, or step with the arrow keys</span></div>'
    '<div class="text"><span class="prompt"></span><span class="more before"></span>'
    '<span class="toks" role="listbox" aria-orientation="horizontal" aria-label="Tokens of the answer"></span>'
    '<span class="more after"></span></div>'
)


def step_picker(*, pane: str, **props: Any) -> gr.HTML:
    """Its prop `answer` is the JSON string that `sampler_views.answer_view` makes; its value the index of a token.

    A choice is told by the event `input`, and `reset` to its pane when another run comes.
    """
    return part("step_picker", "", _TEMPLATE, pane=pane, answer="", **props)

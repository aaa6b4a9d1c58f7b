"""Identical answers collapsed, with counts; each against the most common one, by marks as well as colour."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["answers"]

_TEMPLATE = (
    '<div class="head"><h2>Answers</h2><label class="sub"><input type="checkbox"> mark differences from the most '
    "common one: <ins>only here</ins> <del>only there</del></label></div>"
    '<div class="box" tabindex="0" role="group" aria-label="Answers"><ol></ol></div><div class="sub rest"></div>'
)


def answers(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_answers.answers_view` makes."""
    return part("answers", "", _TEMPLATE, **props)

"""A few options of which one is chosen: native radio buttons, drawn as one strip."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["choice"]


def choice(label: str, value: str, options: Sequence[tuple[str, str, str]], *, elem_id: str, **props: Any) -> gr.HTML:
    """Its value is that of the chosen option; an option is value, text shown, and one sentence about it.

    With no options it shows nothing. `gr.update` changes all; a person's choice is told by the event `input`.
    """
    template = f'<fieldset hidden><legend>{attribute(label)}</legend><div class="options"></div></fieldset>'
    shown = [list(option) for option in options]
    return part("choice", value, template, options=shown, group=elem_id, elem_id=elem_id, **props)

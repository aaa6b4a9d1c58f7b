"""What else could come at a token: the likeliest alternatives, a text of one's own, and other ways to go on."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["branch_choice"]

_HINT = (
    "Choose a token of the answer: click it, or walk there with the arrow keys and press Enter. What else could have "
    "come there is listed here, and choosing one goes on from it."
)


def branch_choice(*, pane: str, widths: range, width: int, **props: Any) -> gr.HTML:
    """`shown` is what `branch_views.choice_value` makes; its value is what a person asks for.

    `input` asks for the alternatives of the token that the pane told as `pick`; `submit` asks for a branch: a token's
    id, a text, or a way to go on.
    """
    options = "".join(f'<option value="{n}"{" selected" * (n == width)}>{n}</option>' for n in widths)
    template = (
        f'<div class="hint">{attribute(_HINT)}</div><div class="body">'
        '<div class="head"><h2></h2><span class="sub"></span></div>'
        '<ol aria-label="Alternatives"></ol><div class="note"></div>'
        '<form class="typed"><input type="text" aria-label="Type another" placeholder="Type another" maxlength="2000" '
        'autocomplete="off" spellcheck="false"><button type="submit">Take it</button></form>'
        '<div class="ways"><span class="name">Or go on from here</span>'
        '<button type="button" data-how="greedy">Greedy</button>'
        '<button type="button" data-how="sample">Sample</button>'
        '<span class="beam"><button type="button" data-how="beam">Beam search</button>'
        '<label>width <select aria-label="Width of the beam search">'
        f"{options}</select></label></span></div></div>"
    )
    return part("branch_choice", {}, template, pane=pane, shown="", **props)

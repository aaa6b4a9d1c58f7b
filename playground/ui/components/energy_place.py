"""Where the machine stands and where its electricity is from: what emissions are counted with, in this browser only."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["energy_place"]

_KINDS = {"pue": ("Site", "PUE", "PUE"), "grid": ("Grid", "Intensity, g CO₂e/kWh", "The intensity")}
"""What is chosen, what its number is, and how a sentence calls that number."""


def _field(kind: str, elem_id: str) -> str:
    chosen, number, _ = _KINDS[kind]
    name = f"{elem_id}-{kind}"
    return (
        f'<div class="field" data-kind="{kind}"><label class="name" for="{name}">{attribute(chosen)}</label>'
        f'<select id="{name}" aria-describedby="{name}-hint"></select>'
        f'<div class="hint" id="{name}-hint"></div>'
        f'<div class="line"><label class="name" for="{name}-value">{attribute(number)}</label>'
        f'<input id="{name}-value" type="text" inputmode="decimal" autocomplete="off" '
        f'aria-describedby="{name}-problem"></div><div class="problem" id="{name}-problem" role="alert"></div></div>'
    )


def energy_place(*, elem_id: str, **props: Any) -> gr.HTML:
    """It has no value: `scripts/energy.js` keeps what is chosen, and whoever shows emissions asks there."""
    template = "".join(_field(kind, elem_id) for kind in _KINDS)
    words = {kind: called for kind, (_, _, called) in _KINDS.items()}
    return part("energy_place", None, f'<div class="place">{template}</div>', elem_id=elem_id, words=words, **props)

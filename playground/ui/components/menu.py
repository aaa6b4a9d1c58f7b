"""A labelled native menu whose entries can be unavailable, each with its reason."""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["Option", "menu"]

Option = tuple[str, str, str | None]
"""Value, text shown, and why it can't be chosen (None if it can)."""


def menu(
    label: str,
    value: str,
    options: Sequence[Option],
    *,
    elem_id: str,
    hint: str = "",
    hints: Mapping[str, str] | None = None,
) -> gr.HTML:
    """Its value is that of the chosen option; below it stands `hints[value]`, else `hint`. `gr.update` changes all."""
    template = (
        f'<label class="name" for="{elem_id}-select">{attribute(label)}</label>'
        f'<select id="{elem_id}-select" aria-describedby="{elem_id}-hint"></select>'
        f'<div class="hint" id="{elem_id}-hint"></div>'
    )
    props: dict[str, Any] = {"options": [list(option) for option in options], "hint": hint, "hints": dict(hints or {})}
    return part("menu", value, template, elem_id=elem_id, **props)

"""Parts of one pane of a comparison: settings that differ from the sidebar, meters and token in a line each."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, markup, part, safe_word, term
from playground.ui.components.words import word

_METERS = (
    ("ttft", "time"),
    ("decode", "time"),
    ("model_memory", "memory"),
    ("own", "money"),
)


def pane_settings(
    name: str, value: dict[str, Any], settings: Sequence[dict[str, Any]], *, pane: str, **props: Any
) -> gr.HTML:
    """Chips for the settings of this pane, and an editor.

    Its value is `{"on": bool, "changes": [[setting, text], ...]}`; each change triggers the event `input`. `problems`
    is a dict of sentences by setting, set by Python. Menus of models and quantizations are read from the sidebar.
    """
    template = markup("pane_settings", name=name)
    return part("pane_settings", value, template, settings=list(settings), problems={}, pane=pane, **props)


def pane_adder(label: str, **props: Any) -> gr.HTML:
    """A button that shows the first hidden pane; hidden when all are shown."""
    return part("pane_adder", None, f'<button type="button">{attribute(label)}</button>', **props)


def pane_meters(*, pane: str, **props: Any) -> gr.HTML:
    """Four figures in a line. Its value is the dict that `views.meter_values` makes, sent to the pane as `meters`."""
    cells = "".join(
        f'<div class="{colour}"><dt>'
        f"{term(key, safe_word(f'pane_meters.{key}'), safe_word(f'pane_meters.{key}.about'), pane)}"
        f'</dt><dd data-k="{key}"></dd></div>'
        for key, colour in _METERS
    )
    about = {key: {"definition": word(f"pane_meters.{key}.about")} for key, _ in _METERS}
    template = f'<dl>{cells}</dl><div class="tip" aria-hidden="true"></div>'
    return part("pane_meters", {}, template, pane=pane, definitions=about, **props)


def pane_token(*, pane: str, **props: Any) -> gr.HTML:
    """One token of the pane's `token_view` in a line; it has no value."""
    return part("pane_token", None, '<div class="line"></div>', pane=pane, **props)

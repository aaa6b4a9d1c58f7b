"""The head of the Cost tab: the API model, currency, where numbers are taken from, and what can be taken along."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["cost_bar", "cost_offer"]

_ACTIONS = {
    "link": "Share link",
    "csv": "CSV",
    "html": "HTML report",
    "json": "Save as JSON",
    "open": "Open a file",
    "reset": "Start anew",
}


def cost_bar(prices_as_of: str, *, max_bytes: int, **props: Any) -> gr.HTML:
    """Its value is `{action, sheet, id}` as JSON when something is to be exported, told by the event `input`.

    With the action `open` it is `{action, text, id}`, a file of at most so many bytes.
    """
    buttons = "".join(f'<button type="button" data-do="{name}">{title}</button>' for name, title in _ACTIONS.items())
    template = (
        '<form class="fields" novalidate></form>'
        f'<div class="actions" role="group" aria-label="Take along">{buttons}'
        '<input type="file" accept=".json" tabindex="-1" aria-hidden="true"></div>'
        f'<p class="sub">List prices of {attribute(prices_as_of)}, offline, without tax and discounts. Tokens of '
        "another model's tokenizer are an estimate. Everything is calculated in this page, nothing is sent.</p>"
        '<p class="told" role="status"></p>'
    )
    return part("cost_bar", "", template, scripts_before=("calculator_form",), section="bar",
                max_bytes=max_bytes, **props)  # fmt: skip


def cost_offer(**props: Any) -> gr.HTML:
    """Invisible; a value `{offered, take}` or `{sheet}` as JSON is handed to the calculators."""
    return part("cost_offer", "", "", **props)

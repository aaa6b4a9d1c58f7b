"""One calculator of the Cost tab: inputs with limits, sources and sliders, and its figures; computed in the page."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["calculator", "cost_figures"]

_TIP = '<div class="tip" aria-hidden="true"></div>'


def calculator(section: str, *, title: str, **props: Any) -> gr.HTML:
    """The inputs: drawn from `window.playground.cost`, they have no value and ask the server nothing."""
    template = (
        f'<h2 class="above">{attribute(title)}</h2>'
        f'<form class="inputs" aria-label="{attribute(title)}: inputs" novalidate></form>{_TIP}'
    )
    return part("calculator", "", template, scripts_before=("calculator_form",), section=section, **props)


def cost_figures(section: str, *, title: str, lead: str, **props: Any) -> gr.HTML:
    """The figures of the same calculator; it draws their charts too, which are parts of their own."""
    template = (
        f'<section aria-label="{attribute(title)}"><h2>{attribute(title)}</h2><p class="sub">{attribute(lead)}</p>'
        '<p class="verdict" hidden></p><div class="big"></div><dl class="rest"></dl><p class="broken" hidden></p>'
        f'{_TIP}<div class="voice" role="status" aria-live="polite"></div></section>'
    )
    return part("cost_figures", "", template, scripts_before=("calculator_charts",), section=section, **props)

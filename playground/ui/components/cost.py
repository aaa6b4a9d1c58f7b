"""Parts of the Cost tab: a calculator, a head over them all, the site and grid of the energy."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, markup, part
from playground.ui.components.words import word


def calculator(section: str, *, title: str, **props: Any) -> gr.HTML:
    """The inputs: drawn from `window.playground.cost`, without a value or a request to the server."""
    template = markup("calculator", title=title)
    return part("calculator", "", template, scripts_before=("calculator_form",), section=section, **props)


def cost_figures(section: str, *, title: str, lead: str, **props: Any) -> gr.HTML:
    """The figures of the same calculator; it also feeds their charts, which are separate parts."""
    template = markup("cost_figures", title=title, lead=lead)
    return part("cost_figures", "", template, scripts_before=("calculator_charts",), section=section, **props)


def cost_bar(prices_as_of: str, **props: Any) -> gr.HTML:
    """Model, currency, and where the numbers are from; its event `input` says that the sidebar has to follow."""
    template = markup("cost_bar", date=prices_as_of)
    return part("cost_bar", None, template, scripts_before=("calculator_form",), section="bar", **props)


def cost_offer(**props: Any) -> gr.HTML:
    """Invisible; passes a value `{offered, take}` or `{sheet}` as JSON to the calculators."""
    return part("cost_offer", "", "", **props)


def cost_use(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `views.cost_use` makes; nothing is shown while it is empty."""
    return part("cost_use", "", **props)


_KINDS = ("pue", "grid")


def _field(kind: str, elem_id: str) -> str:
    chosen, number = word(f"energy_place.{kind}"), word(f"energy_place.{kind}.number")
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
    """It has no value: `scripts/energy.js` keeps the choice, and everything that shows emissions reads it there."""
    template = "".join(_field(kind, elem_id) for kind in _KINDS)
    words = {kind: word(f"energy_place.{kind}.said") for kind in _KINDS}
    return part("energy_place", None, f'<div class="place">{template}</div>', elem_id=elem_id, words=words, **props)

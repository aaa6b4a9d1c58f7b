"""From logits to a word: every stage of the sampler on the same tokens, computed in the page as its sliders move."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from playground.settings import LIMITS
from playground.ui.components.base import part

_SCRIPTS = ("sampler_math", "sampler_table", "sampler_redraw")
_KNOBS = {
    "temperature": "Temperature", "top_p": "Top-p", "top_k": "Top-k", "min_p": "Min-p",
    "repetition_penalty": "Repetition penalty",
}  # fmt: skip
_TOP_K = 200  # end of the slider; a run's value may be beyond it, and the page then moves the end
_ORDERS = ("transformers", "llama.cpp")


@cache
def _definitions() -> dict[str, dict[str, str]]:
    return json.loads((Path(__file__).parent / "sampler_definitions.json").read_text("utf-8"))


def _knob(name: str, label: str) -> str:
    limit = LIMITS[name]
    low, high = (limit.step if limit.above else limit.low), (_TOP_K if name == "top_k" else limit.high)
    return (
        f'<div class="knob"><span class="name" aria-hidden="true">{label}</span><span class="value" data-v="{name}" '
        f'aria-hidden="true"></span><input type="range" data-k="{name}" aria-label="{label}, here" min="{low}" '
        f'max="{high}" step="{limit.step}"></div>'
    )


def _orders() -> str:
    radios = "".join(
        f'<label><input type="radio" name="sampler-order" value="{name}"{" checked" if not place else ""}>'
        f"<span>{name}</span></label>"
        for place, name in enumerate(_ORDERS)
    )
    return f'<fieldset><legend>Order of</legend><div class="options">{radios}</div></fieldset>'


def _template() -> str:
    cells = '<div class="cell"><div class="sub"></div><b></b><div class="sub"></div></div>' * 3
    knobs = "".join(_knob(name, label) for name, label in _KNOBS.items())
    return (
        f'<div class="draws" role="group" aria-label="The draw">{cells}</div>'
        f'<div class="panel"><div class="knobs" role="group" aria-label="Settings of this page">{knobs}</div>'
        f'<div class="row">{_orders()}<button type="button" class="reset">As in the run</button></div></div>'
        '<div class="panel"><div class="head"><h2>From logits to a word</h2><span class="sub about"></span></div>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Stages of the sampler"><table class="stages">'
        "<thead></thead><tbody></tbody><tfoot></tfoot></table></div>"
        '<div class="sub exact"></div></div>'
        '<div class="pair"><div class="panel"><div class="head"><h2>The same numbers in two orders</h2></div>'
        '<div class="narrow" tabindex="0" role="region" aria-label="Kept by each order"><table class="both">'
        '<thead></thead><tbody></tbody></table></div><div class="sub why"></div></div>'
        '<div class="panel redraw"><div class="head"><h2>Drawn again, with fresh random numbers</h2>'
        '<button type="button" class="again">Redraw 1,000 times</button></div><div class="bars"></div>'
        '<div class="sub status" role="status"></div></div></div>'
        '<div class="tip" aria-hidden="true"></div><div class="voice" role="status" aria-live="polite"></div>'
    )


def sampler(*, pane: str, **props: Any) -> gr.HTML:
    """Its value is `inspection.compact.step_payload` as JSON, or nothing; it needs no requests to the server."""
    return part("sampler", "", _template(), scripts_before=_SCRIPTS, pane=pane, definitions=_definitions(), **props)

"""From logits to a word: every stage of the sampler on the same tokens, computed in the page as its sliders move."""

from typing import Any

import gradio as gr

from playground.settings import LIMITS
from playground.ui.components.base import attribute, definitions, markup, part
from playground.ui.components.words import word

_SCRIPTS = ("sampler_math", "sampler_table", "sampler_redraw")
_KNOBS = {
    "temperature": "Temperature", "top_p": "Top-p", "top_k": "Top-k", "min_p": "Min-p",
    "repetition_penalty": "Repetition penalty",
}  # fmt: skip
_TOP_K = 200  # end of the slider; a run's value may be beyond it, and the page then moves the end


def _knob(name: str, label: str) -> str:
    limit = LIMITS[name]
    low, high = (limit.step if limit.above else limit.low), (_TOP_K if name == "top_k" else limit.high)
    here = attribute(word("sampler.here", setting=label))
    return (
        f'<div class="knob"><span class="name" aria-hidden="true">{label}</span><span class="value" data-v="{name}" '
        f'aria-hidden="true"></span><input type="range" data-k="{name}" aria-label="{here}" min="{low}" '
        f'max="{high}" step="{limit.step}"></div>'
    )


def sampler(*, pane: str, **props: Any) -> gr.HTML:
    """Its value is `inspection.compact.step_payload` as JSON, or nothing; it needs no requests to the server."""
    template = markup("sampler", knobs_html="".join(_knob(name, label) for name, label in _KNOBS.items()))
    return part(
        "sampler", "", template, scripts_before=_SCRIPTS, pane=pane, definitions=definitions("sampler"), **props
    )

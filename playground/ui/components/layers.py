"""Parts of the Layers section: the grid of layers, attention, training beside inference, the step."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

_TEMPLATE = (
    '<div class="whole" role="group" aria-label="Logit lens" hidden>'
    '<div class="head"><h3>What each layer would say next</h3><span class="legend"><span>0%</span>'
    '<span class="ramp"></span><span>100%</span></span></div>'
    '<div class="scroll"><table role="grid" aria-label="Logit lens"><thead></thead><tbody></tbody></table></div>'
    '<div class="readout" role="status"><p class="says"></p><p class="here"></p><p class="since"></p>'
    '<div class="rise" aria-hidden="true"></div></div></div>'
)


def lens_grid(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.grid_value` makes."""
    return part("lens_grid", "", _TEMPLATE, **props)


_ATTENTION_MAP_TEMPLATE = (
    '<div class="whole" role="group" aria-label="Attention" hidden>'
    '<p class="who" role="status"></p><div class="both">'
    '<div class="toks" role="group" aria-label="Tokens, shaded by attention" tabindex="-1"></div>'
    '<figure class="all" hidden><canvas aria-hidden="true"></canvas><figcaption>All queries: one row each, from the '
    "top; columns are the tokens attended to.</figcaption></figure></div>"
    '<p class="one"></p><p class="sum"></p><p class="sink"></p><p class="problem" role="alert"></p></div>'
)


def attention_map(*, pane: str = "layers", **props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.attention_value` makes; a chosen token is sent as `query`."""
    return part("attention_map", "", _ATTENTION_MAP_TEMPLATE, pane=pane, **props)


_TRAINING_PAIR_TEMPLATE = (
    '<div class="whole" role="group" aria-label="Training against inference" hidden><div class="pair">'
    '<section aria-label="Inference"><h3>Inference</h3><dl></dl></section>'
    '<section aria-label="Training"><h3>One training step</h3><dl></dl></section></div><p class="gone"></p></div>'
)


def training_pair(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.training_value` makes."""
    return part("training_pair", "", _TRAINING_PAIR_TEMPLATE, **props)


_STEP_PICKER_TEMPLATE = (
    '<div class="head"><h2 class="where">Step</h2>'
    '<span class="sub">choose a token of the answer, or step with the arrow keys</span></div>'
    '<div class="text"><span class="prompt"></span><span class="more before"></span>'
    '<span class="toks" role="listbox" aria-orientation="horizontal" aria-label="Tokens of the answer"></span>'
    '<span class="more after"></span></div>'
)


def step_picker(*, pane: str, **props: Any) -> gr.HTML:
    """Its prop `answer` is the JSON string that `sampler_views.answer_view` makes; its value the index of a token.

    A choice triggers the event `input`; when another run arrives, the pane gets `reset`.
    """
    return part("step_picker", "", _STEP_PICKER_TEMPLATE, pane=pane, answer="", **props)

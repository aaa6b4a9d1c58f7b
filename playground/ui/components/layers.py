"""Parts of the Layers section: the grid of layers, attention, training beside inference, the step."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part


def lens_grid(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.grid_value` makes."""
    return part("lens_grid", "", **props)


def attention_map(*, pane: str = "layers", **props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.attention_value` makes; a chosen token is sent as `query`."""
    return part("attention_map", "", pane=pane, **props)


def training_pair(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `lens_views.training_value` makes."""
    return part("training_pair", "", **props)


def step_picker(*, pane: str, **props: Any) -> gr.HTML:
    """Its prop `answer` is the JSON string that `sampler_views.answer_view` makes; its value the index of a token.

    A choice triggers the event `input`; when another run arrives, the pane gets `reset`.
    """
    return part("step_picker", "", pane=pane, answer="", **props)

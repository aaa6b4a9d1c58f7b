"""Parts of the determinism ladder and of the load simulator. All values are JSON strings."""

from typing import Any

import gradio as gr

from playground.ui.components.base import about_figure, attribute, definitions, markup, part, term
from playground.ui.components.words import word


def control_badge(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.control_value` makes."""
    return part("control_badge", "", **props)


def host_probe(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.probe_value` makes."""
    return part("host_probe", "", **props)


def rung_list(title: str, about: str, empty: str, **props: Any) -> gr.HTML:
    """Its value is what `ladder_views.rungs_value` makes."""
    terms = "".join(
        term(key, attribute(text["term"]), about_figure(text), props["elem_id"])
        for key, text in definitions("ladder").items()
    )
    template = markup("rung_list", title=title, about=about, empty=empty, terms_html=terms)
    return part("rung_list", "", template, terms=definitions("ladder"), **props)


def rungs(**props: Any) -> gr.HTML:
    """Rungs of the model itself."""
    about = word("ladder.one_change")
    return rung_list(word("ladder.rungs"), about, word("ladder.each_rung_appears"), **props)


def other_models(**props: Any) -> gr.HTML:
    """Rungs of rounded weights."""
    about = word("ladder.rounded_weights")
    return rung_list(word("ladder.another_model_not"), about, word("ladder.int8_int4_appear"), **props)


def fix_list(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.fixes_value` makes."""
    return part("fix_list", "", **props)


def load_arms(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `load_views.arms_value` makes."""
    return part("load_arms", "", **props)

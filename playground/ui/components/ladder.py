"""Parts of the determinism ladder and of the load simulator. All values are JSON strings."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, definitions, markup, part, term


def control_badge(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.control_value` makes."""
    return part("control_badge", "", **props)


def host_probe(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.probe_value` makes."""
    return part("host_probe", "", **props)


def rung_list(title: str, about: str, empty: str, **props: Any) -> gr.HTML:
    """Its value is what `ladder_views.rungs_value` makes."""
    terms = "".join(
        term(key, attribute(text["term"]), f"{text['definition']} Unit: {text['unit']}.", props["elem_id"])
        for key, text in definitions("ladder").items()
    )
    template = markup("rung_list", title=title, about=about, empty=empty, terms_html=terms)
    return part("rung_list", "", template, terms=definitions("ladder"), **props)


def rungs(**props: Any) -> gr.HTML:
    """Rungs of the model itself."""
    about = "one change at a time, everything else as in the reference"
    return rung_list("Rungs", about, "Each rung appears here when it is done.", **props)


def other_models(**props: Any) -> gr.HTML:
    """Rungs of rounded weights."""
    about = "rounded weights make a different model, so these answers are not the reference model's"
    return rung_list("Another model, not noise", about, "int8 and int4 appear here when they are done.", **props)


def fix_list(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.fixes_value` makes."""
    return part("fix_list", "", **props)


def load_arms(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `load_views.arms_value` makes."""
    return part("load_arms", "", **props)

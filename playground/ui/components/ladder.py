"""Parts of the determinism ladder and of the load simulator. All values are JSON strings."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

TERMS = {
    "diff": {
        "term": "largest |dz|", "unit": "logits",
        "definition": "How far the logits moved: the largest difference of any logit at any token of the reference.",
        "formula": "max over tokens t and vocabulary i of |z'(t,i) - z(t,i)|",
        "source": "computed here, forced along the reference answer",
    },
    "kl": {
        "term": "KL", "unit": "nats, mean over tokens",
        "definition": "How much the distribution of the next token changed; 0 is not at all.",
        "formula": "mean over t of the sum of p ln(p / p'), p of the reference",
        "source": "computed here, forced along the reference answer",
    },
    "top1": {
        "term": "top-1", "unit": "percent of tokens",
        "definition": "Share of the reference's tokens where the likeliest token stayed the same.",
        "formula": "tokens with the same likeliest token / tokens of the reference",
        "source": "computed here, forced along the reference answer",
    },
    "risky": {
        "term": "risky", "unit": "tokens of the reference",
        "definition": "Tokens whose two best candidates lie so close that this change can swap them.",
        "formula": "gap between the two likeliest <= 2 x largest |dz|",
        "source": "predicted from the logits, before the answer runs free",
    },
}  # fmt: skip
"""Figures of a rung: what each means, its unit, formula and source."""


def control_badge(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.control_value` makes."""
    template = (
        '<div class="card"><h3>A/A control</h3><div class="empty">The reference, run again with nothing changed.</div>'
        '<div class="filled"><p class="big"><span class="sign" aria-hidden="true"></span><b></b></p>'
        '<p class="text"></p>'
        '<ul></ul><p class="hash"></p></div></div>'
    )
    return part("control_badge", "", template, **props)


def host_probe(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.probe_value` makes."""
    template = (
        '<div class="card"><div class="top"><h3>What changes bits on this machine</h3><span class="sub">single '
        'operations on the same numbers</span></div><div class="empty">Nothing was probed yet.</div>'
        '<div class="filled"><p class="summary"></p><div class="scroll" tabindex="0" role="group" '
        'aria-label="What changes bits on this machine"><table><thead></thead><tbody></tbody></table></div></div></div>'
    )
    return part("host_probe", "", template, **props)


def rung_list(title: str, about: str, empty: str, **props: Any) -> gr.HTML:
    """Its value is what `ladder_views.rungs_value` makes."""
    terms = "".join(
        f'<span class="term" tabindex="0" data-term="{key}">{attribute(text["term"])}<span class="voice">: '
        f"{attribute(text['definition'])} Unit: {attribute(text['unit'])}.</span></span>"
        for key, text in TERMS.items()
    )
    template = (
        f'<section class="card" aria-label="{attribute(title)}"><div class="top"><h3>{attribute(title)}</h3>'
        f'<span class="sub">{attribute(about)}</span></div><div class="empty">{attribute(empty)}</div>'
        f'<div class="filled"><div class="legend"><span class="key risky"></span>risky token, predicted'
        '<span class="key fork"></span>actual fork</div>'
        f'<div class="heads"><span>what was changed</span>{terms}<span>the reference, token by token</span>'
        '</div><ol></ol></div></section><div class="tip" aria-hidden="true"></div>'
    )
    return part("rung_list", "", template, terms=TERMS, **props)


def rungs(**props: Any) -> gr.HTML:
    """Rungs of the model itself."""
    about = "one change at a time, everything else as in the reference"
    return rung_list("Rungs", about, "Each rung appears here when it is done.", **props)


def other_models(**props: Any) -> gr.HTML:
    """Rungs of rounded weights."""
    about = "rounded weights are other weights: these answers are another model's"
    return rung_list("Another model, not noise", about, "int8 and int4 appear here when they are done.", **props)


def fix_list(**props: Any) -> gr.HTML:
    """Its value is what `ladder_views.fixes_value` makes."""
    template = (
        '<section class="card" aria-label="Fixes"><div class="top"><h3>Fixes</h3><span class="sub">each switched on '
        'and measured again</span></div><div class="empty">Fixes are tried after the rungs.</div>'
        '<ol class="filled"></ol></section>'
    )
    return part("fix_list", "", template, **props)


_TEMPLATE = '<div class="empty">Each way of computing appears here when its requests are done.</div><ol></ol>'


def load_arms(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `load_views.arms_value` makes."""
    return part("load_arms", "", _TEMPLATE, **props)

"""Answers and texts, token by token."""

from typing import Any

import gradio as gr

from playground.ui.components.base import definitions, markup, part, safe_word, terms
from playground.ui.components.feed import More
from playground.ui.components.words import word


def token_view(
    *, pane: str, more: More, label: str = "", placeholder: str = "", value: str = "", **props: Any
) -> gr.HTML:
    """One element of class `tok` per token.

    Its value is a saved run's lines, which `views.token_line` and kin write, or the head line of a live run, whose
    lines it fetches with `more`. It passes the feed's meters and status on to its pane.
    """
    template = markup("token_view", label=label or word("token_view.output"), empty=placeholder)
    before = ("feed", "flow")
    return part("token_view", value, template, pane=pane, server_functions=[more], scripts_before=before, **props)


def token_chips(label: str, *, empty: str = "", **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.chips_value` makes, drawn by the page of 400 tokens."""
    return part("token_chips", "", markup("token_chips", label=label, empty=empty), **props)


def inspector(*, pane: str, **props: Any) -> gr.HTML:
    """Listens to the `token_view` of its pane; it has no value."""
    template = markup("inspector", **terms("token", f"{pane}-token"))
    return part("inspector", None, template, pane=pane, definitions=definitions("token"), **props)


def diff(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `compare_views.diffs_value` makes; nothing is shown while it is empty."""
    return part("diff", "", '<div class="diffs"></div>', **props)


def mentions(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `mentions_drawn` makes; its button triggers `input`: raise the token limit."""
    return part("mentions", "", **props)


def look_at(*, pane: str = "layers", **props: Any) -> gr.HTML:
    """Its value is a dict of `layers`, `heads`, `layer`, `head` (0 is the mean) and `query`; a change triggers `input`.

    The query is chosen in the pane's `attention_map`, which also gets the head at once.
    """
    return part("look_at", {}, pane=pane, **props)


def transcript(*, pane: str, empty: str, more: More | None = None, **props: Any) -> gr.HTML:
    """Its value is text that `context_views.transcript_lines` and kin write, one JSON line per piece; it mostly grows.

    Its last line may name a live answer, whose lines it fetches with `more`. It passes the feed's strip and status on
    to its pane.
    """
    template = markup("transcript", empty=empty)
    functions = [] if more is None else [more]
    before = ("feed", "flow")
    return part("transcript", "", template, pane=pane, server_functions=functions, scripts_before=before, **props)


def folded_transcript(*, elem_id: str) -> gr.HTML:
    """A transcript below its heading, folded until somebody wants to read it."""
    with gr.Accordion(word("tokens.conversation.title"), open=False, elem_id=elem_id):
        empty = word("tokens.each_step")
        return transcript(pane=elem_id, empty=empty, elem_id=f"{elem_id}-turns")


def context_strip(*, pane: str, empty: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.strip_value` makes; a click on a part chooses it in the key."""
    return part("context_strip", "", markup("context_strip", empty=empty), pane=pane, **props)


def context_key(*, pane: str, **props: Any) -> gr.HTML:
    """Names and tokens of the strip's parts; choosing one zooms in and triggers `input`. Its value is the kind."""
    template = f'<div class="key" role="group" aria-label="{safe_word("context_key.parts")}"></div>'
    return part("context_key", "", template, pane=pane, **props)


def traced(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `views.optimise.traced` makes; nothing is shown while it is empty."""
    return part("traced", "", '<div class="texts"></div>', **props)

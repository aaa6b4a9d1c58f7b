"""Answers and texts, token by token."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part
from playground.ui.components.feed import More


def token_view(*, pane: str, more: More, label: str = "Output tokens", placeholder: str = "", **props: Any) -> gr.HTML:
    """One element of class `tok` per token.

    Its value is a saved run's lines, which `views.token_line` and kin write, or the head line of a live run, whose
    lines it fetches with `more`. It passes the feed's meters and status on to its pane.
    """
    template = (
        f'<div class="toks" role="group" aria-label="{attribute(label)}"></div>'
        f'<div class="empty">{attribute(placeholder)}</div>'
    )
    before = ("feed", "flow")
    return part("token_view", "", template, pane=pane, server_functions=[more], scripts_before=before, **props)


def token_chips(label: str, *, empty: str = "", **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.chips_value` makes, drawn by the page of 400 tokens."""
    template = (
        '<div class="head"><b class="title"></b><span class="sub"></span><span class="pages">'
        '<button type="button" class="earlier">Earlier</button><button type="button" class="later">Later</button>'
        "</span></div>"
        f'<div class="chips" tabindex="0" role="group" aria-label="{attribute(label)}"></div>'
        f'<div class="empty">{attribute(empty)}</div>'
    )
    return part("token_chips", "", template, **props)


_FACTS = """
<div class="facts">
 <div class="name"><span class="text"></span><span class="where"></span></div>
 <div class="big"><span data-k="prob"></span><small>probability</small></div>
 <dl>
  <dt>rank</dt><dd data-k="rank"></dd>
  <dt>surprise</dt><dd data-k="surprise"></dd>
  <dt>entropy</dt><dd data-k="entropy"></dd>
  <dt>time</dt><dd data-k="time"></dd>
  <dt>kept after top-k</dt><dd data-k="top_k"></dd>
  <dt>kept after top-p</dt><dd data-k="top_p"></dd>
  <dt>kept after min-p</dt><dd data-k="min_p"></dd>
  <dt>chance in the draw</dt><dd data-k="sampled"></dd>
 </dl>
</div>"""


def inspector(*, pane: str, **props: Any) -> gr.HTML:
    """Listens to the `token_view` of its pane; it has no value."""
    template = (
        '<div class="hint">Hover over a token, or focus the answer and use the arrow keys: '
        "its probability, rank, entropy and time, and the ten likeliest alternatives.</div>"
        f'<div class="body">{_FACTS}<div><div class="bars"></div><div class="note"></div></div></div>'
    )
    return part("inspector", None, template, pane=pane, **props)


def diff(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `compare_views.diffs_value` makes; nothing is shown while it is empty."""
    return part("diff", "", '<div class="diffs"></div>', **props)


_TEMPLATE = (
    '<div class="head"><h2>Mentions</h2><span class="sub">share of runs, 95 % Wilson interval</span></div>'
    '<div class="rows"></div><div class="firsts"><div class="sub first-head"></div><div class="strips"></div>'
    '<div class="scale"><span></span><span></span></div></div><ul class="needs"></ul>'
    '<div class="none">No words to look for: write some under “Mentions”, such as a brand and its competitors. '
    "They are counted in these answers at once; nothing runs again.</div>"
)


def mentions(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_views.mentions_view` makes."""
    return part("mentions", "", _TEMPLATE, **props)


_LOOK_AT_TEMPLATE = (
    '<div class="whole" hidden><label>Layer<select class="layer" aria-label="Layer of attention"></select></label>'
    '<label>Head<select class="head" aria-label="Head of attention"></select></label></div>'
)


def look_at(*, pane: str = "layers", **props: Any) -> gr.HTML:
    """Its value is a dict of `layers`, `heads`, `layer`, `head` (0 is the mean) and `query`; a change triggers `input`.

    The query is chosen in the pane's `attention_map`, which also gets the head at once.
    """
    return part("look_at", {}, _LOOK_AT_TEMPLATE, pane=pane, **props)


def transcript(*, pane: str, empty: str, more: More | None = None, **props: Any) -> gr.HTML:
    """Its value is text that `context_views.transcript_lines` and kin write, one JSON line per piece; it mostly grows.

    Its last line may name a live answer, whose lines it fetches with `more`. It passes the feed's strip and status on
    to its pane.
    """
    template = (
        '<ol class="turns" tabindex="0" aria-label="Chat"></ol>'
        f'<div class="empty">{attribute(empty)}</div><div class="voice" role="status" aria-live="polite"></div>'
    )
    functions = [] if more is None else [more]
    before = ("feed", "flow")
    return part("transcript", "", template, pane=pane, server_functions=functions, scripts_before=before, **props)


def folded_transcript(*, elem_id: str) -> gr.HTML:
    """A transcript below its heading, folded until somebody wants to read it."""
    with gr.Accordion("What was said", open=False, elem_id=elem_id):
        empty = "Each step appears here when it has ended."
        return transcript(pane=elem_id, empty=empty, elem_id=f"{elem_id}-turns")


def context_strip(*, pane: str, empty: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.strip_value` makes; a click on a part chooses it in the key."""
    template = (
        '<div class="row"><div class="out" aria-hidden="true"></div><div class="bar" aria-hidden="true"></div></div>'
        f'<div class="status" role="status">{attribute(empty)}</div>'
    )
    return part("context_strip", "", template, pane=pane, **props)


def context_key(*, pane: str, **props: Any) -> gr.HTML:
    """Names and tokens of the strip's parts; choosing one zooms in and triggers `input`. Its value is the kind."""
    template = '<div class="key" role="group" aria-label="Parts of the context; choose one to see its tokens"></div>'
    return part("context_key", "", template, pane=pane, **props)

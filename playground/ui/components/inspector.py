"""One token in full: what the model thought of it, what the sampler did, and what could have come instead."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["inspector"]

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
    """Listens to the `token_view` of its pane; it has no value of its own."""
    template = (
        '<div class="hint">Hover over a token, or focus the answer and use the arrow keys: '
        "its probability, rank, entropy and time, and the ten likeliest alternatives.</div>"
        f'<div class="body">{_FACTS}<div><div class="bars"></div><div class="note"></div></div></div>'
    )
    return part("inspector", None, template, pane=pane, **props)

"""When each token came: the gap before it as a bar, the prompt's reading first, the bandwidth limit as a line."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["timeline"]


_TEMPLATE = (
    '<div class="head"><b>Time of each token</b><span class="legend">'
    '<span><i class="key first"></i>until the first token</span><span><i class="key read"></i>prefill in it</span>'
    '<span><i class="key"></i>gap before each token</span>'
    '<span><i class="key limit"></i>memory-bandwidth limit</span></span></div>'
    '<div class="plot" role="img" aria-label="No tokens yet">'
    '<svg preserveAspectRatio="none" viewBox="0 0 1000 80" aria-hidden="true">'
    '<rect class="first" x="0" y="0" width="44" height="0"/><rect class="read" x="0" y="80" width="44" height="0"/>'
    '<path class="gaps" d=""/><path class="mark" d=""/>'
    '<line class="bound" x1="52" x2="1000" y1="-9" y2="-9"/></svg><span class="top"></span></div>'
    '<div class="foot"><span class="ttft"></span><span class="range"></span></div>'
)


def timeline(*, pane: str, **props: Any) -> gr.HTML:
    """Listens to the `token_view` and the `meters` of its pane; times are those of the events."""
    return part("timeline", None, _TEMPLATE, pane=pane, **props)

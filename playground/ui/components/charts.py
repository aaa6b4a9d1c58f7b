"""Charts: lines and marks, rows of bars, a square of shades, a timeline, small multiples."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part


def chart(
    value: str | None = None,
    *,
    label: str,
    height: int = 180,
    empty: str = "Nothing to draw yet.",
    summary: bool = False,
    feed: str = "",
    **props: Any,
) -> gr.HTML:
    """Its value is what `ChartSpec.to_json` writes, or nothing.

    Args:
        value: The initial chart.
        label: Its accessible name.
        height: Height of the plot in pixels, including axes; it does not change.
        empty: Shown while there are no points.
        summary: Show the spec's summary to everyone, not only on narrow screens and to screen readers.
        feed: Instead of a value: the name of a drawing made on the page by the Cost tab's calculators.
        props: Other arguments of `gr.HTML`.
    """
    template = (
        f'<figure aria-label="{attribute(label)}">'
        '<div class="head"><b class="title"></b><span class="legend"></span></div>'
        f'<div class="plot" tabindex="-1" aria-label="{attribute(label)}: its points" style="height:{height}px">'
        '<svg aria-hidden="true"></svg><div class="guide" hidden></div>'
        f'<div class="tip" aria-hidden="true"></div><div class="empty">{attribute(empty)}</div></div>'
        '<ol class="numbered" hidden></ol><figcaption class="summary"></figcaption>'
        '<details class="values" hidden><summary>Values as a table</summary>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{attribute(label)}: values">'
        "<table><thead></thead><tbody></tbody></table></div></details></figure>"
    )
    return part("chart", value or "", template, summary=summary, feed=feed, **props)


def bar_rows(feed: str, *, label: str, **props: Any) -> gr.HTML:
    """Drawn from `window.playground.cost.drawing(feed)`; it has no value."""
    template = (
        f'<figure aria-label="{attribute(label)}"><div class="head"><b class="title"></b><span class="about"></span>'
        f'</div><ol class="rows" aria-label="{attribute(label)}"></ol></figure>'
    )
    return part("bar_rows", "", template, feed=feed, **props)


_TEMPLATE = (
    '<div class="head"><h2>Similarity of pairs</h2><span class="legend"><span>0%</span><span class="ramp"></span>'
    "<span>100%</span></span></div>"
    '<div class="body"><canvas tabindex="0" role="img" aria-label="No runs yet"></canvas>'
    '<div class="readout"><div class="big"></div><div class="pair"></div><div class="one"></div><div class="two"></div>'
    "</div></div>"
)


def heat(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_answers.heat_view` makes; arrow keys move from pair to pair."""
    return part("heat", "", _TEMPLATE, **props)


_TIMELINE_TEMPLATE = (
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
    return part("timeline", None, _TIMELINE_TEMPLATE, pane=pane, **props)


def multiples(**props: Any) -> gr.HTML:
    """Its value is the append-only text that `sweep_views` writes, one JSON line per token."""
    return part("multiples", "", '<div class="cells"></div>', **props)

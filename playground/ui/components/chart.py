"""A small chart: lines, steps, dots and bars with intervals and marks, read by pointer, by keys, or as a table."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part

__all__ = ["chart"]


def chart(
    value: str | None = None,
    *,
    label: str,
    height: int = 180,
    empty: str = "Nothing to draw yet.",
    told: bool = False,
    feed: str = "",
    **props: Any,
) -> gr.HTML:
    """Its value is what `ChartSpec.to_json` writes, or nothing.

    Args:
        value: The chart to begin with.
        label: Names it for those who do not see it.
        height: Of the plot in pixels, axes included; it stays, whatever is drawn.
        empty: Shown while there are no points.
        told: Show the spec's summary to everyone, not only on narrow screens and to screen readers.
        feed: Instead of a value: the name of a drawing that the Cost tab's calculators make in the page.
        props: More of `gr.HTML`.
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
    return part("chart", value or "", template, told=told, feed=feed, **props)

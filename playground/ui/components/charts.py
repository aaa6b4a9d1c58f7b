"""Charts: lines and marks, rows of bars, a square of shades, a timeline, small multiples."""

from typing import Any

import gradio as gr

from playground.ui.components.base import markup, part
from playground.ui.components.words import word


def chart(
    value: str | None = None,
    *,
    label: str,
    height: int = 180,
    empty: str = "",
    summary: bool = False,
    feed: str = "",
    quiet: bool = False,
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
        quiet: It takes no room while there are no points.
        props: Other arguments of `gr.HTML`.
    """
    template = markup("chart", label=label, height=height, empty=empty or word("chart.nothing_yet"))
    return part("chart", value or "", template, summary=summary, feed=feed, quiet=quiet, **props)


def bar_rows(feed: str, *, label: str, **props: Any) -> gr.HTML:
    """Drawn from `window.playground.cost.drawing(feed)`; it has no value."""
    return part("bar_rows", "", markup("bar_rows", label=label), feed=feed, **props)


def heat(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_answers.heat_view` makes; arrow keys move from pair to pair."""
    return part("heat", "", **props)


def timeline(*, pane: str, **props: Any) -> gr.HTML:
    """Listens to the `token_view` and the `meters` of its pane; times are those of the events."""
    return part("timeline", None, pane=pane, **props)


def multiples(**props: Any) -> gr.HTML:
    """Its value is the append-only text that `sweep_views` writes, one JSON line per token."""
    return part("multiples", "", '<div class="cells"></div>', **props)


def guess(**props: Any) -> gr.HTML:
    """An empty chart to draw expectations on, by pointer or by a choice of shapes; an event `input` after each change.

    Its value is `{with, without}`, each None or `{shape, ys}`; `measured` are points to lay over it, and `said` is what
    the comparison says, as `experiments.optimise.guess` makes them.
    """
    return part("guess", {}, measured={}, said="", **props)

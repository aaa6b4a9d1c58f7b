"""The four gauges, each figure with its unit, and its definition, formula and source on hover and focus."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.ui.components.base import about_figure, attribute, definitions, part, safe_word, term
from playground.views.format import NOTHING
from playground.views.money import NOT_THE_SAME


@dataclass(frozen=True)
class Gauge:
    """A group of figures of one quantity: a headline and rows.

    `headline` and `rows` are keys of values and of definitions; `optional` rows show only when they have a value.
    """

    quantity: str
    headline: str
    rows: tuple[str, ...]
    optional: tuple[str, ...] = ()


GAUGES = (
    Gauge("time", "decode", ("ttft", "itl", "prefill", "mbu", "tokens", "elapsed", "ended")),
    Gauge("memory", "model_memory", ("weights", "kv", "kv_full", "process", "gpu"), optional=("gpu",)),
    Gauge("money", "own", ("cost", "cost_in", "cost_cached", "cost_out", "resent", "month")),
    Gauge("energy", "energy_token", ("energy_token_gross", "energy_run", "energy_wh", "energy_co2")),
)


def _term(key: str, elem_id: str) -> str:
    text = definitions("meter")[key]
    return term(key, f'<span data-label="{key}">{attribute(text["term"])}</span>', about_figure(text), elem_id)


def _gauge(gauge: Gauge, elem_id: str) -> str:
    rows = "".join(
        f'<div class="row"{" hidden" if key in gauge.optional else ""}>'
        f'<dt>{_term(key, elem_id)}</dt><dd data-k="{key}">{NOTHING}</dd></div>'
        for key in gauge.rows
    )
    date = '<div class="date" data-k="money_date"></div>' if gauge.quantity == "money" else ""
    aside = f'<p class="aside">{attribute(NOT_THE_SAME)}</p>' if gauge.quantity == "money" else ""
    place = (
        f'<button type="button" class="place">{safe_word("cost_bar.prices_energy")}</button>'
        if gauge.quantity in ("money", "energy")
        else ""
    )
    bar = '<div class="bar" aria-hidden="true"><i></i><i></i></div>' if gauge.quantity == "memory" else ""
    key = gauge.headline
    return (
        f'<div class="gauge {gauge.quantity}"><h2><span>{safe_word(f"meters.{gauge.quantity}")}</span>'
        f'<span class="sub" data-k="{gauge.quantity}_note"></span>'
        f'</h2><div class="big"><span data-k="{key}">{NOTHING}</span><small>{_term(key, elem_id)}</small></div>'
        f"{bar}{date}<dl>{rows}</dl>{aside}{place}</div>"
    )


def meters(*, pane: str, elem_id: str, **props: Any) -> gr.HTML:
    """Its value is the flat dict that `views.meter_values` makes: strings to show, and a few numbers to draw."""
    body = "".join(_gauge(gauge, elem_id) for gauge in GAUGES)
    template = (
        f'<div class="gauges" id="{elem_id}-gauges" role="group" aria-label="{safe_word("meters.all")}" '
        f"hidden>{body}</div>"
        '<div class="tip" aria-hidden="true"></div>'
    )
    return part("meters", {}, template, pane=pane, elem_id=elem_id, definitions=definitions("meter"), **props)


_FIRST = (
    ("time", "ttft"),
    ("time", "decode"),
    ("memory", "model_memory"),
    ("money", "line_cost"),
)
"""The figures above the answer: quantity, name, key of the value."""


def meter_line(*, pane: str, opens: str, **props: Any) -> gr.HTML:
    """The four most used figures in a row; each opens all `meters` of its pane, whose `elem_id` is `opens`."""
    figures = "".join(
        f'<button type="button" class="{colour}" aria-expanded="false" aria-controls="{opens}-gauges">'
        f'<span class="name">{safe_word(f"meter_line.{key}")}</span>'
        f'<span class="big" data-k="{key}">{NOTHING}</span></button>'
        for colour, key in _FIRST
    )
    return part("meter_line", None, f'<div class="figures">{figures}</div>', pane=pane, **props)

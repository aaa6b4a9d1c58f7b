"""The four gauges, each figure with its unit, and its definition, formula and source on hover and focus."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, definitions, part, term
from playground.views.format import NOTHING
from playground.views.money import NOT_THE_SAME


@dataclass(frozen=True)
class Gauge:
    """A group of figures of one quantity: a headline and rows.

    `headline` and `rows` are keys of values and of definitions; `optional` rows show only when they have a value.
    """

    quantity: str
    title: str
    headline: str
    rows: tuple[str, ...]
    optional: tuple[str, ...] = ()


GAUGES = (
    Gauge("time", "Latency", "decode", ("ttft", "itl", "prefill", "mbu", "tokens", "elapsed", "ended")),
    Gauge("memory", "Memory", "model_memory", ("weights", "kv", "kv_full", "process", "gpu"), optional=("gpu",)),
    Gauge("money", "Cost", "own", ("cost", "cost_in", "cost_cached", "cost_out", "resent", "month")),
    Gauge("energy", "Energy", "energy_token", ("energy_token_gross", "energy_run", "energy_wh", "energy_co2")),
)


_IDLE = "Latency, memory, cost and energy appear here with the first token."


def _term(key: str, elem_id: str) -> str:
    text = definitions("meter")[key]
    about = f"{text['definition']} Unit: {text['unit'] or 'none'}. Formula: {text['formula']}. From: {text['source']}."
    return term(key, f'<span data-label="{key}">{attribute(text["term"])}</span>', about, elem_id)


def _gauge(gauge: Gauge, elem_id: str) -> str:
    rows = "".join(
        f'<div class="row"{" hidden" if key in gauge.optional else ""}>'
        f'<dt>{_term(key, elem_id)}</dt><dd data-k="{key}">{NOTHING}</dd></div>'
        for key in gauge.rows
    )
    date = '<div class="date" data-k="money_date"></div>' if gauge.quantity == "money" else ""
    aside = f'<p class="aside">{attribute(NOT_THE_SAME)}</p>' if gauge.quantity == "money" else ""
    bar = '<div class="bar" aria-hidden="true"><i></i><i></i></div>' if gauge.quantity == "memory" else ""
    key = gauge.headline
    return (
        f'<div class="gauge {gauge.quantity}"><h2>{gauge.title}<span class="sub" data-k="{gauge.quantity}_note"></span>'
        f'</h2><div class="big"><span data-k="{key}">{NOTHING}</span><small>{_term(key, elem_id)}</small></div>'
        f"{bar}{date}<dl>{rows}</dl>{aside}</div>"
    )


def meters(*, pane: str, elem_id: str, **props: Any) -> gr.HTML:
    """Its value is the flat dict that `views.meter_values` makes: strings to show, and a few numbers to draw."""
    body = "".join(_gauge(gauge, elem_id) for gauge in GAUGES)
    template = (
        f'<p class="idle-words">{_IDLE}</p><div class="gauges" role="group" aria-label="Meters">{body}</div>'
        '<div class="tip" aria-hidden="true"></div>'
    )
    return part("meters", {}, template, pane=pane, elem_id=elem_id, definitions=definitions("meter"), **props)


def meter_line(*, pane: str, **props: Any) -> gr.HTML:
    """One line of the most used figures, for screens where the meters are below the answer."""
    keys = ("line_decode", "line_ttft", "line_memory", "line_cost")
    spans = "".join(f'<span data-k="{key}"></span>' for key in keys)
    return part("meter_line", None, f'<div class="line">{spans}</div>', pane=pane, **props)

"""Every number of a rerun, with its interval, and its definition on hover and focus."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part
from playground.ui.views import NOTHING

__all__ = ["FIGURES", "figures", "rerun_definitions"]

FIGURES = {
    "What the answers have in common": (
        "unique_share", "mode_share", "exact_match_rate", "tar", "answer_entropy_bits", "divergence_median",
        "divergence_min", "edit_distance", "distinct_1", "distinct_2", "length_mean",
    ),
    "What they took, measured": (
        "throughput", "wall", "batch", "kv", "tokens", "cost", "resent", "energy", "energy_method",
    ),
}  # fmt: skip


@cache
def rerun_definitions() -> dict[str, dict[str, str]]:
    """What each figure means: term, unit, definition, formula, source."""
    return json.loads((Path(__file__).parent / "rerun_definitions.json").read_text("utf-8"))


def _row(key: str) -> str:
    about = rerun_definitions()[key]
    words = f"{about['definition']} Unit: {about['unit'] or 'none'}. Formula: {about['formula']}. {about['source']}."
    return (
        f'<div class="row"><dt><span class="term" tabindex="0" data-term="{key}" aria-describedby="figure-{key}">'
        f'{attribute(about["term"])}</span><span class="about" id="figure-{key}">{attribute(words)}</span></dt>'
        f'<dd><span data-k="{key}">{NOTHING}</span><small data-i="{key}"></small></dd></div>'
    )


def figures(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_views.numbers_view` makes."""
    groups = "".join(f"<h2>{title}</h2><dl>{''.join(map(_row, keys))}</dl>" for title, keys in FIGURES.items())
    template = (
        f'<div class="all" role="group" aria-label="All numbers">{groups}<div class="note">Small figures: 95 % '
        "intervals (Wilson for shares of runs, jackknife for the rest).</div></div>"
        '<div class="tip" aria-hidden="true"></div>'
    )
    return part("figures", "", template, definitions=rerun_definitions(), **props)

"""Parts of the Reruns tab: headline, figures, answers, tree of forks."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part
from playground.views.format import NOTHING

_FIGURES = (
    ("unique", "unique answers"),
    ("fork", "first fork, token"),
    ("entropy", "entropy there, bits"),
    ("mode", "most common answer"),
    ("speed", "tokens/s, all runs together"),
)


def headline(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_views.headline_view` makes."""
    figures = "".join(
        f'<div><div class="big" data-k="{key}">{NOTHING}</div><div class="sub">{name}</div></div>'
        for key, name in _FIGURES
    )
    template = f'<div class="figures" role="group" aria-label="Headline">{figures}</div><div class="made"></div>'
    return part("headline", "", template, **props)


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


_TEMPLATE = (
    '<div class="head"><h2>Answers</h2><label class="sub"><input type="checkbox"> mark differences from the most '
    "common one: <ins>only here</ins> <del>only there</del></label></div>"
    '<div class="box" tabindex="0" role="group" aria-label="Answers"><ol></ol></div><div class="sub rest"></div>'
)


def answers(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_answers.answers_view` makes."""
    return part("answers", "", _TEMPLATE, **props)


_FORK_TREE_TEMPLATE = (
    '<div class="head"><h2>Fork tree</h2><span class="sub about"></span></div>'
    '<div class="box"><svg role="tree" aria-label="Fork tree"><g class="edges" aria-hidden="true"></g>'
    '<g class="nodes" role="presentation"></g></svg></div>'
    '<div class="sub key">∎ the model ended its answer · ⋯ cut off at the token limit · '
    "the stronger colour is the path that most runs take</div>"
    '<div class="panel"><div class="words"><div class="where"></div><div class="readout"></div>'
    '<dl><dt>gap</dt><dd data-k="gap"></dd><dt>entropy</dt><dd data-k="bits"></dd>'
    '<dt>runs here</dt><dd data-k="runs"></dd></dl></div><div class="bars"></div></div>'
)


def fork_tree(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_tree.tree_view` makes; arrow keys move from branch to branch."""
    return part("fork_tree", "", _FORK_TREE_TEMPLATE, **props)

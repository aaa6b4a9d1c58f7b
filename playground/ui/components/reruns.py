"""Parts of the Reruns tab: headline, figures, answers, tree of forks."""

from typing import Any

import gradio as gr

from playground.ui.components.base import about_figure, attribute, definitions, markup, part, safe_word, term, terms
from playground.views.format import NOTHING
from playground.views.rerun_figures import rerun_definitions


def headline(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_figures.headline_view` makes."""
    template = markup("headline", **terms("headline", "headline"))
    return part("headline", "", template, definitions=definitions("headline"), **props)


FIGURES = {
    "in_common": (
        "unique_share", "mode_share", "exact_match_rate", "tar", "answer_entropy_bits", "divergence_median",
        "divergence_min", "edit_distance", "distinct_1", "distinct_2", "length_mean",
    ),
    "taken": (
        "throughput", "wall", "batch", "kv", "tokens", "own", "cost", "resent", "energy", "energy_method",
    ),
}  # fmt: skip


def _row(key: str) -> str:
    about = rerun_definitions()[key]
    return (
        f'<div class="row"><dt>{term(key, attribute(about["term"]), about_figure(about), "figure")}</dt>'
        f'<dd><span data-k="{key}">{NOTHING}</span><small data-i="{key}"></small></dd></div>'
    )


def figures(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_figures.numbers_drawn` makes."""
    groups = "".join(
        f"<h2>{safe_word(f'figures.{title}')}</h2><dl>{''.join(map(_row, keys))}</dl>"
        for title, keys in FIGURES.items()
    )
    template = (
        f'<div class="all" role="group" aria-label="{safe_word("figures.all")}">{groups}'
        f'<div class="note">{safe_word("figures.intervals")}</div></div>'
        '<div class="tip" aria-hidden="true"></div>'
    )
    return part("figures", "", template, definitions=rerun_definitions(), **props)


def answers(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_answers.answers_view` makes."""
    return part("answers", "", **props)


def fork_tree(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_tree.tree_view` makes; arrow keys move from branch to branch."""
    return part("fork_tree", "", **props)

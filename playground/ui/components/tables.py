"""Tables: of figures, of metrics, of list prices."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part
from playground.views.formula_script import formula_notes


def plain_table(label: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.table_value` makes; nothing is shown while it is empty."""
    template = (
        f'<div class="whole" hidden><div class="scroll" tabindex="0" role="group" aria-label="{attribute(label)}">'
        f'<table aria-label="{attribute(label)}"><thead></thead><tbody></tbody></table></div>'
        '<p class="note"></p></div>'
    )
    return part("plain_table", "", template, **props)


def metric_table(label: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `compare_views.table_value` makes; nothing is shown while it is empty."""
    template = (
        '<div class="whole" hidden><div class="top"><h2></h2><span class="sub">✓ the best of its row</span></div>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{attribute(label)}">'
        "<table><thead></thead><tbody></tbody></table></div>"
        '<p class="note"></p></div><div class="tip" aria-hidden="true"></div>'
    )
    return part("metric_table", "", template, title=label, **props)


_ESTIMATE = (
    "Tokens are counted by the tokenizer of the model that ran. Each API has its own, so for another model the counts, "
    "and with them its price, are an estimate."
)
_CACHE = (
    "Providers cache only prompts above a minimum length, often 1,024 tokens, and drop them after minutes to hours."
)
_COLUMNS = (
    ("Model", "", ""), ("Total", "USD", "total"), ("of cheapest", "times", ""), ("Input", "USD", ""),
    ("Cached", "USD", ""), ("Output", "USD", ""), ("", "", ""),
)  # fmt: skip
"""The total first, so it is beside the name on narrow screens too."""


def price_table(panes: Sequence[tuple[str, str]], what: str, *, elem_id: str, **props: Any) -> gr.HTML:
    """A closed section; drawn only while open, and again with every `meters` event of its pane.

    It has no value: the counts are `usage` of that event (see `views.usage`), the prices come from `scripts/prices.js`.

    Args:
        panes: Name and pane of each run whose counts it may show; with several, a menu chooses.
        what: What is priced, such as "run".
        elem_id: Id of the element.
        props: Other arguments of `gr.HTML`.
    """
    template = (
        f'<details><summary>The same {attribute(what)} at <span class="how-many"></span></summary><div class="body">'
        f'<div class="line"><label class="whose" hidden>Pane <select>{_options(panes)}</select></label>'
        f'<span class="counts" role="status"></span></div>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="List prices of the same {attribute(what)}">'
        f"<table><thead><tr>{''.join(_column(elem_id, *one) for one in _COLUMNS)}</tr></thead><tbody></tbody></table>"
        f"</div>{_form(elem_id)}"
        f'<p class="note">{attribute(_ESTIMATE)} {attribute(_CACHE)} <span class="as-of"></span></p></div></details>'
        '<div class="tip" aria-hidden="true"></div>'
    )
    note = formula_notes()["usage_cost"]
    about = {"definition": note["about"], "unit": "US dollars", "formula": note["formula"], "source": note["source"]}
    sources = [pane for _, pane in panes]
    return part("price_table", None, template, sources=sources, definitions={"total": about}, elem_id=elem_id, **props)


def _options(panes: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<option value="{attribute(pane)}">{attribute(name)}</option>' for name, pane in panes)


def _column(elem_id: str, name: str, unit: str, term: str) -> str:
    """A head; a term shows its formula on hover and focus."""
    if not name:
        return "<td></td>"
    words = f"{name} <small>{unit}</small>" if unit else name
    if term:
        note = formula_notes()["usage_cost"]
        about = attribute(f"{note['about']} Formula: {note['formula']}")
        words = (
            f'<span class="term" tabindex="0" data-term="{term}" aria-describedby="{elem_id}-{term}">{words}</span>'
            f'<span class="about" id="{elem_id}-{term}">{about}</span>'
        )
    return f'<th scope="col">{words}</th>'


def _form(elem_id: str) -> str:
    """The choices: another model, a reset, a cached prompt, the factor between tokenizers."""
    problem = f"{elem_id}-problem"
    return (
        '<form class="choose" novalidate>'
        f'<label>Add by name <input type="text" class="name" autocomplete="off" spellcheck="false" maxlength="200" '
        f'placeholder="provider/model, type to search" aria-describedby="{problem}"></label>'
        '<button type="submit">Add</button><button type="button" class="reset">Reset</button>'
        f'<span class="problem" id="{problem}" role="alert"></span></form>'
        '<div class="assume"><label><input type="checkbox" class="again"> as if sent again, its prompt cached</label>'
        "<label>Their tokens per token of ours, assumed "
        f'<input type="number" class="factor" min="0.1" max="10" step="0.05" aria-describedby="{elem_id}-factor">'
        f'</label><span class="problem wrong" id="{elem_id}-factor" role="alert"></span></div>'
    )

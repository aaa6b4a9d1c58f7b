"""Tables: of figures, of metrics, of list prices."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.ui.components.base import about_figure, attribute, markup, part, safe_word, term
from playground.ui.components.words import word
from playground.views.formula_script import formula_notes


def plain_table(label: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `context_views.table_value` makes; nothing is shown while it is empty."""
    return part("plain_table", "", markup("plain_table", label=label), **props)


def metric_table(label: str, **props: Any) -> gr.HTML:
    """Its value is the JSON string that `compare_views.table_value` makes; nothing is shown while it is empty."""
    return part("metric_table", "", markup("metric_table", label=label), title=label, **props)


_COLUMNS = (
    ("model", "", ""), ("total", "usd", "total"), ("against", "times", ""), ("input", "usd", ""),
    ("cached", "usd", ""), ("output", "usd", ""), ("", "", ""),
)  # fmt: skip
"""The total first, so it is beside the name on narrow screens too."""


def price_table(panes: Sequence[tuple[str, str]], what: str, *, elem_id: str, **props: Any) -> gr.HTML:
    """A closed section; drawn only while open, and again with every `meters` event of its pane.

    It has no value: the counts are `usage` of that event (see `views.money.usage`), the prices come from
    `scripts/prices.js`.

    Of several panes, given as name and pane, a menu chooses one; `what` is priced, such as "run".
    """
    options = "".join(f'<option value="{attribute(pane)}">{attribute(name)}</option>' for name, pane in panes)
    columns = "".join(_column(elem_id, *one) for one in _COLUMNS)
    template = markup(
        "price_table", what=word(f"price_table.what.{what}"), id=elem_id, options_html=options, columns_html=columns
    )
    sources = [pane for _, pane in panes]
    return part(
        "price_table", None, template, sources=sources, definitions={"total": _total()}, elem_id=elem_id, **props
    )


def _total() -> dict[str, str]:
    """What the column of totals means."""
    note = formula_notes()["usage_cost"]
    return {"definition": note["about"], "unit": "US dollars", "formula": note["formula"], "source": note["source"]}


def _column(elem_id: str, name: str, unit: str, key: str) -> str:
    """A head; a term shows its formula on hover and focus."""
    if not name:
        return "<td></td>"
    words = safe_word(f"price_table.head.{name}")
    if unit:
        words += f" <small>{safe_word(f'price_table.unit.{unit}')}</small>"
    if key:
        words = term(key, words, about_figure(_total()), elem_id)
    return f'<th scope="col">{words}</th>'

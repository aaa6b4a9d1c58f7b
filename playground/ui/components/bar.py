"""The bar over a result: the same buttons in the same order in every tab."""

from collections.abc import Collection, Sequence

import gradio as gr

from playground.ui.components.base import markup, part, safe_word
from playground.ui.components.words import word

GIVES = ("open", "save", "link", "text", "picture", "table", "report", "history")
"""Everything that a bar can offer, in order."""
_ENDS = {"report": "export", "table": "tsv"}  # of an id: a section may have a panel called "table"
_CHOICES = {
    "picture": ("png", "svg"),
    "table": ("table-copy", "table-file"),
}
_ABOUT = ("open", "link")


def result_bar(
    prefix: str,
    *,
    kinds: Sequence[str] = (),
    panes: Sequence[str] = (),
    picture: str = "",
    without: Collection[str] = (),
    source: str = "",
    ids: dict[str, str] | None = None,
    max_bytes: int,
    label: str = "",
) -> gr.HTML:
    """A bar; its events are described in `shell/bar.py`, which wires it.

    Args:
        prefix: Of the ids of its buttons.
        kinds: Of the documents that it opens; without any it takes every kind.
        panes: Whose status says whether there is a result.
        picture: Selector of what a picture of the result shows.
        without: Names in `GIVES` of what has no meaning for this result.
        source: Name in `window.playground` of what calculates the result in the page, and always has one.
        ids: Of buttons that are called otherwise.
        max_bytes: The largest file that it opens.
        label: What the bar is about.
    """
    own = ids or {}
    buttons = "".join(_button(name, own.get(name) or f"{prefix}-{_ENDS.get(name, name)}") for name in GIVES
                      if name not in without)  # fmt: skip
    template = markup("bar", label=label or word("bar.result"), buttons_html=buttons)
    return part(
        "bar", None, template, kinds=list(kinds), panes=list(panes), picture=picture, source=source,
        place=f"{prefix}-open", max_bytes=max_bytes, elem_classes="result-bar",
    )  # fmt: skip


def _button(name: str, id: str) -> str:
    label, needs = safe_word(f"bar.{name}"), "" if name in ("open", "link", "history") else " data-needs"
    title = f' title="{safe_word(f"bar.{name}.about")}"' if name in _ABOUT else ""
    if name == "open":
        return (
            f'<span id="{id}"><button type="button" data-do="open"{title}>{label}</button>'
            '<input type="file" accept=".json" tabindex="-1" aria-hidden="true"></span>'
        )
    if name not in _CHOICES:
        return f'<button type="button" id="{id}" data-do="{name}"{needs}{title}>{label}</button>'
    items = "".join(
        f'<button type="button" role="menuitem" data-do="{action}">{safe_word(f"bar.{action}")}</button>'
        for action in _CHOICES[name]
    )
    return (
        f'<button type="button" class="opens" id="{id}" aria-haspopup="menu" aria-expanded="false" '
        f'aria-controls="{id}-menu"{needs}>{label}</button>'
        f'<div class="choices" id="{id}-menu" popover role="menu" aria-label="{label}">{items}</div>'
    )

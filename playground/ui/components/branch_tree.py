"""The tree of branches: each a row with its place over the tokens, walked by arrow keys; names, pruning, comparing."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["branch_tree"]

_TEMPLATE = (
    '<div class="head"><h2>Branches</h2><span class="sub"></span></div>'
    '<div class="names" aria-hidden="true"><span>name</span><span>from token to token</span><span>tokens</span>'
    "<span>total ln p</span><span>per token</span><span>ended by</span></div>"
    '<div class="rows" role="tree" aria-label="Branches"></div>'
    '<div class="acts"><form class="rename"><input type="text" aria-label="Name of the branch" maxlength="80" '
    'autocomplete="off"><button type="submit">Rename</button></form>'
    '<button type="button" class="prune">Prune</button>'
    '<form class="compare"><label>Compare with <select aria-label="Compare with"></select></label>'
    '<button type="submit">Compare</button></form></div>'
)


def branch_tree(*, pane: str, **props: Any) -> gr.HTML:
    """`shown` is what `branch_views.tree_value` makes; its value is what a person asks for.

    `input` asks to see a branch, `submit` to rename or prune it, `select` to compare it with another.
    """
    return part("branch_tree", {}, _TEMPLATE, pane=pane, shown="", **props)

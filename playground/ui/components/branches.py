"""Parts of the Branches section: choosing a token, the tree, a path of tokens."""

from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, part
from playground.ui.components.feed import More

_HINT = (
    "Choose a token of the answer: click it, or move there with the arrow keys and press Enter. Its alternatives are "
    "listed here; choosing one continues the answer from it."
)


def branch_choice(*, pane: str, widths: range, width: int, **props: Any) -> gr.HTML:
    """`shown` is what `branch_views.choice_value` makes; its value is the user's request.

    `input` requests the alternatives of the token in the pane's `pick` event; `submit` requests a branch: a token's
    id, a text, or a way to continue.
    """
    options = "".join(f'<option value="{n}"{" selected" * (n == width)}>{n}</option>' for n in widths)
    template = (
        f'<div class="hint">{attribute(_HINT)}</div><div class="body">'
        '<div class="head"><h2></h2><span class="sub"></span></div>'
        '<ol aria-label="Alternatives"></ol><div class="note"></div>'
        '<form class="typed"><input type="text" aria-label="Type another" placeholder="Type another" maxlength="2000" '
        'autocomplete="off" spellcheck="false"><button type="submit">Take it</button></form>'
        '<div class="ways"><span class="name">Or continue from here</span>'
        '<button type="button" data-how="greedy">Greedy</button>'
        '<button type="button" data-how="sample">Sample</button>'
        '<span class="beam"><button type="button" data-how="beam">Beam search</button>'
        '<label>width <select aria-label="Width of the beam search">'
        f"{options}</select></label></span></div></div>"
    )
    return part("branch_choice", {}, template, pane=pane, shown="", **props)


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
    """`shown` is what `branch_views.tree_value` makes; its value is the user's request.

    `input` shows a branch, `submit` renames or prunes it, `select` compares it with another.
    """
    return part("branch_tree", {}, _TEMPLATE, pane=pane, shown="", **props)


_BRANCH_PATH_TEMPLATE = (
    '<div class="head"><h2></h2><span class="sub"></span></div>'
    '<div class="toks" role="group" aria-label="Branch tokens"></div>'
)


def branch_path(*, pane: str, more: More, **props: Any) -> gr.HTML:
    """Its value is an answer's lines, which `branch_views.path_lines` and kin write, or a head line that names a run.

    It fetches such a run's lines with `more` and passes the feed's status and words on to its pane. A
    token clicked or entered is sent to the pane as `pick`: the branch, and the token's index.
    """
    before = ("feed", "flow")
    return part(
        "branch_path", "", _BRANCH_PATH_TEMPLATE, pane=pane, server_functions=[more], scripts_before=before, **props
    )

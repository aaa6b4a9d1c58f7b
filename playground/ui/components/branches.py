"""Parts of the Branches section: choosing a token, the tree, a path of tokens."""

from typing import Any

import gradio as gr

from playground.ui.components.base import markup, part
from playground.ui.components.feed import More


def branch_choice(*, pane: str, widths: range, width: int, **props: Any) -> gr.HTML:
    """`shown` is what `branch_views.choice_value` makes; its value is the user's request.

    `input` requests the alternatives of the token in the pane's `pick` event; `submit` requests a branch: a token's
    id, a text, or a way to continue.
    """
    options = "".join(f'<option value="{n}"{" selected" * (n == width)}>{n}</option>' for n in widths)
    template = markup("branch_choice", options_html=options)
    return part("branch_choice", {}, template, pane=pane, shown="", **props)


def branch_tree(*, pane: str, **props: Any) -> gr.HTML:
    """`shown` is what `branch_views.tree_value` makes; its value is the user's request.

    `input` shows a branch, `submit` renames or prunes it, `select` compares it with another.
    """
    return part("branch_tree", {}, pane=pane, shown="", **props)


def branch_path(*, pane: str, more: More, **props: Any) -> gr.HTML:
    """Its value is an answer's lines, which `branch_views.path_lines` and kin write, or a head line that names a run.

    It fetches such a run's lines with `more` and passes the feed's status and words on to its pane. A
    token clicked or entered is sent to the pane as `pick`: the branch, and the token's index.
    """
    before = ("feed", "flow")
    return part("branch_path", "", pane=pane, server_functions=[more], scripts_before=before, **props)

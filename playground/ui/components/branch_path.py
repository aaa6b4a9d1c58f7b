"""An answer of the tree of branches, token by token: what it shares is quiet, what is its own coloured by surprise."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part
from playground.ui.feed import More

__all__ = ["branch_path"]

_TEMPLATE = (
    '<div class="head"><h2></h2><span class="sub"></span></div>'
    '<div class="toks" role="group" aria-label="Branch tokens"></div>'
)


def branch_path(*, pane: str, more: More, **props: Any) -> gr.HTML:
    """Its value is an answer's lines, which `branch_views.path_lines` and kin write, or a head line that names a run.

    The lines of such a run it asks `more` for; what the feed says of status and words it passes on to its pane. A
    token that is clicked, or entered, is told to the pane as `pick`: the branch, and the token's index.
    """
    before = ("feed", "flow")
    return part("branch_path", "", _TEMPLATE, pane=pane, server_functions=[more], scripts_before=before, **props)

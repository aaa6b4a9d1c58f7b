"""An answer of the tree of branches, token by token: what it shares is quiet, what is its own coloured by surprise."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["branch_path"]

_TEMPLATE = (
    '<div class="head"><h2></h2><span class="sub"></span></div>'
    '<div class="toks" role="group" aria-label="Branch tokens"></div>'
)


def branch_path(*, pane: str, **props: Any) -> gr.HTML:
    """Its value is the append-only text that `branch_views.path_lines` and kin write.

    A token that is clicked, or entered, is told to the pane as `pick`: the branch, and the token's index.
    """
    return part("branch_path", "", _TEMPLATE, pane=pane, **props)

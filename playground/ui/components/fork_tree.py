"""Where the runs of one prompt part: a trie whose branches are as wide as the runs that take them."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

__all__ = ["fork_tree"]

_TEMPLATE = (
    '<div class="head"><h2>Fork tree</h2><span class="sub about"></span></div>'
    '<div class="box"><svg role="tree" aria-label="Fork tree"><g class="edges" aria-hidden="true"></g>'
    '<g class="nodes" role="presentation"></g></svg></div>'
    '<div class="sub key">∎ the model ended its answer · ⋯ cut off at the most tokens · '
    "the stronger colour is the way that most runs take</div>"
    '<div class="panel"><div class="words"><div class="where"></div><div class="told"></div>'
    '<dl><dt>gap</dt><dd data-k="gap"></dd><dt>entropy</dt><dd data-k="bits"></dd>'
    '<dt>runs here</dt><dd data-k="runs"></dd></dl></div><div class="bars"></div></div>'
)


def fork_tree(**props: Any) -> gr.HTML:
    """Its value is the JSON string that `rerun_tree.tree_view` makes; arrow keys walk from branch to branch."""
    return part("fork_tree", "", _TEMPLATE, **props)

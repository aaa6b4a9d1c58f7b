"""Requests of the page about its tree of branches, checked: any client can send anything."""

from typing import Any

from playground.engine.beam import MAX_WIDTH
from playground.errors import PlaygroundError
from playground.experiments.branching.records import BranchesRecord, How
from playground.experiments.branching.request import DEFAULT_WIDTH, BranchRequest
from playground.experiments.branching.tree import settings_of, tokens_of
from playground.ui.shell.common import whole

WIDTHS = range(2, MAX_WIDTH + 1)
_WAYS: dict[Any, How] = {"greedy": "greedy", "sample": "sample", "beam": "beam"}


def place_of(sent: Any, tree: BranchesRecord) -> tuple[int, int]:
    """The branch and the token that are meant.

    Raises:
        PlaygroundError: They are not in this tree.
    """
    fields = sent if isinstance(sent, dict) else {}
    node, at = (whole(fields.get(name)) for name in ("node", "at"))
    if node is None or at is None or not 0 <= at < len(tokens_of(tree, node)):
        raise PlaygroundError("This token is no longer in the tree: choose one in the answer that is shown.")
    return node, at


def branch_request(fields: Any, tree: BranchesRecord, temperature: Any) -> BranchRequest:
    """The requested branch: a token's id, a text, or a way to continue.

    `fields` come from the component `branch_choice`, the temperature, for sampling from a greedy answer, from the
    sidebar.

    Raises:
        PlaygroundError: It is not a valid request.
    """
    node, at = place_of(fields, tree)
    if "how" not in fields:
        text = fields.get("text")
        token = text if isinstance(text, str) else whole(fields.get("token"))
        return BranchRequest(node, at, token, several=True)
    how, width = _WAYS.get(str(fields["how"])), whole(fields.get("width"))
    if how is None:
        raise PlaygroundError("Continue greedily, by sampling, or by beam search.")
    changes: dict[str, Any] = {}
    if how == "sample" and settings_of(tree, node).get("temperature") == 0:
        if not temperature:
            raise PlaygroundError("Sampling needs a temperature above 0: set one in the sidebar.")
        changes = {"temperature": temperature}
    return BranchRequest(node, at, how=how, width=DEFAULT_WIDTH if width is None else width, changes=changes)

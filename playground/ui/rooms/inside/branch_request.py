"""What the page asks of its tree of branches, checked: any client can send anything."""

from typing import Any

from playground.engine.beam import MAX_WIDTH
from playground.errors import PlaygroundError
from playground.experiments.branching.records import BranchesRecord, How
from playground.experiments.branching.request import DEFAULT_WIDTH, BranchRequest
from playground.experiments.branching.tree import settings_of, tokens_of

WIDTHS = range(2, MAX_WIDTH + 1)
_WAYS: dict[Any, How] = {"greedy": "greedy", "sample": "sample", "beam": "beam"}


def place_of(asked: Any, tree: BranchesRecord) -> tuple[int, int]:
    """The branch and the token that are meant.

    Raises:
        PlaygroundError: They are none of this tree.
    """
    fields = asked if isinstance(asked, dict) else {}
    node, at = (_number(fields.get(name)) for name in ("node", "at"))
    if node is None or at is None or not 0 <= at < len(tokens_of(tree, node)):
        raise PlaygroundError("This token is not in the tree any more: choose one of the answer that is shown.")
    return node, at


def branch_request(asked: Any, tree: BranchesRecord, temperature: Any) -> BranchRequest:
    """The branch that is asked for: a token's id, a text, or a way to go on.

    Args:
        asked: Value of the component `branch_choice`.
        tree: The page's.
        temperature: The sidebar's, for sampling from a greedy answer.

    Raises:
        PlaygroundError: It asks for nothing that there is.
    """
    node, at = place_of(asked, tree)
    if "how" not in asked:
        text = asked.get("text")
        token = text if isinstance(text, str) else _number(asked.get("token"))
        return BranchRequest(node, at, token, several=True)
    how, width = _WAYS.get(str(asked["how"])), _number(asked.get("width"))
    if how is None:
        raise PlaygroundError("Go on greedily, by sampling, or by beam search.")
    changes: dict[str, Any] = {}
    if how == "sample" and settings_of(tree, node).get("temperature") == 0:
        if not temperature:
            raise PlaygroundError("Sampling needs a temperature above 0: set one in the sidebar.")
        changes = {"temperature": temperature}
    return BranchRequest(node, at, how=how, width=DEFAULT_WIDTH if width is None else width, changes=changes)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""The branches of a saved document made again: identical, or the first token that differs."""

from playground.experiments.branching.records import BranchesRecord, BranchRecord
from playground.experiments.branching.request import DEFAULT_WIDTH, BranchRequest
from playground.experiments.branching.run import start_branch
from playground.experiments.branching.tree import path
from playground.runs.runner import Runner

_CUT_SHORT = ("time", "cancelled")  # ended from outside


def branch_differences(tree: BranchesRecord, runner: Runner, model: str | None = None) -> list[str]:
    """Make every branch again, each from its saved beginning; one sentence for each that differs.

    `model` is the model's id if it has another name now.

    Raises:
        PlaygroundError: Its settings, model or token ids are not available here.
    """
    return [sentence for branch in tree.branches if (sentence := _difference(tree, branch, runner, model))]


def _difference(tree: BranchesRecord, branch: BranchRecord, runner: Runner, model: str | None) -> str | None:
    if branch.how == "beam" and branch.finish_reason in _CUT_SHORT:
        return None  # the state of an interrupted search depends on timing
    then = [token.id for token in branch.tokens]
    now = _again(tree, branch, runner, model)
    if branch.finish_reason in _CUT_SHORT:
        now = now[: len(then)]
    if now == then:
        return None
    pairs = zip(then, now, strict=False)
    first = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(then), len(now)))
    return f"branch {branch.id} ({branch.name}): token {branch.at + first} differs."


def _again(tree: BranchesRecord, branch: BranchRecord, runner: Runner, model: str | None) -> list[int]:
    """Ids of its own tokens now. All settings come from the record, so none is drawn or changed."""
    shared = tree.model_copy(update={"branches": path(tree, branch.parent)})
    forced = [token.id for token in branch.tokens[: branch.forced]]
    settings = {**branch.settings, "time_limit_s": None}
    width = DEFAULT_WIDTH if branch.width is None else branch.width
    request = BranchRequest(
        branch.parent, branch.at, tuple(forced) or None, how=branch.how, width=width, changes=settings
    )
    updates = start_branch(runner, shared, request, model=model, beside_greedy=False)
    made = next((update for update in updates if isinstance(update, BranchRecord)), None)
    return [token.id for token in made.tokens] if made else []

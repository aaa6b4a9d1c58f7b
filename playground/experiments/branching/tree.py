"""The tree of branches: each of them as a whole answer; adding, pruning and renaming."""

from collections.abc import Mapping, Sequence
from typing import Any

from playground.engine.events import Token
from playground.errors import PlaygroundError
from playground.experiments.branching.records import (
    MAX_BRANCHES,
    MAX_NAME_CHARS,
    ROOT,
    BranchesRecord,
    BranchRecord,
)
from playground.runs.records import RunRecord

_OF_GREEDY = ("temperature", "repetition_penalty", "max_new_tokens", "context_length", "stop")


def branch_of(tree: BranchesRecord, id: int) -> BranchRecord | None:
    """The branch with this number; None for the run itself.

    Raises:
        PlaygroundError: There is none.
    """
    if id == ROOT:
        return None
    for branch in tree.branches:
        if branch.id == id:
            return branch
    numbers = ", ".join(str(branch.id) for branch in tree.branches[:20])
    raise PlaygroundError(f"There is no branch {id}: the run is 0" + (f", branches are {numbers}." if numbers else "."))


def path(tree: BranchesRecord, id: int) -> list[BranchRecord]:
    """The branches that lead from the run to this one, itself last."""
    by_id = {branch.id: branch for branch in tree.branches}
    found: list[BranchRecord] = []
    branch = branch_of(tree, id)
    while branch is not None:
        found.append(branch)
        branch = by_id.get(branch.parent)
    return found[::-1]


def tokens_of(tree: BranchesRecord, id: int) -> list[Token]:
    """All tokens of the answer, those that it shares included."""
    tokens = tree.run.tokens
    for branch in path(tree, id):
        tokens = [*tokens[: branch.at], *branch.tokens]
    return tokens


def settings_of(tree: BranchesRecord, id: int) -> dict[str, Any]:
    """The settings that this one was continued with."""
    branch = branch_of(tree, id)
    return tree.run.settings if branch is None else branch.settings


def finish_of(tree: BranchesRecord, id: int) -> str:
    """Why this one ended."""
    branch = branch_of(tree, id)
    return tree.run.finish_reason if branch is None else branch.finish_reason


def name_of(tree: BranchesRecord, id: int) -> str:
    """Its name."""
    branch = branch_of(tree, id)
    return "the run" if branch is None else branch.name


def total_logprob(tokens: Sequence[Token]) -> float:
    """Sum of the model's own natural log probabilities."""
    return sum(token.logprob for token in tokens)


def as_run(tree: BranchesRecord, id: int) -> RunRecord:
    """The whole answer as a run, so that what compares runs can compare it; measurements stay those of the run."""
    branch = branch_of(tree, id)
    if branch is None:
        return tree.run
    return tree.run.model_copy(
        update={
            "tokens": tokens_of(tree, id),
            "text": branch.text,
            "settings": branch.settings,
            "finish_reason": branch.finish_reason,
        }
    )


def add(tree: BranchesRecord, branch: BranchRecord) -> BranchesRecord:
    """The tree with this branch, which gets the next number.

    Raises:
        PlaygroundError: Its parent is gone, or there are too many.
    """
    branch_of(tree, branch.parent)
    check_room(tree)
    number = max((one.id for one in tree.branches), default=ROOT) + 1
    return tree.model_copy(update={"branches": [*tree.branches, branch.model_copy(update={"id": number})]})


def check_room(tree: BranchesRecord) -> None:
    """Refuse a branch beyond the limit.

    Raises:
        PlaygroundError: There are as many as a document may hold.
    """
    if len(tree.branches) >= MAX_BRANCHES:
        raise PlaygroundError(f"There are {MAX_BRANCHES} branches, the most a document holds: prune some first.")


def prune(tree: BranchesRecord, id: int) -> BranchesRecord:
    """The tree without this branch and all that leave it.

    Raises:
        PlaygroundError: There is no such branch, or it is the run.
    """
    if branch_of(tree, id) is None:
        raise PlaygroundError("The run itself can't be pruned: its branches can.")
    gone = {id}
    for branch in tree.branches:  # each comes after its parent
        if branch.parent in gone:
            gone.add(branch.id)
    return tree.model_copy(update={"branches": [one for one in tree.branches if one.id not in gone]})


def rename(tree: BranchesRecord, id: int, name: str) -> BranchesRecord:
    """The tree with this branch renamed.

    Raises:
        PlaygroundError: There is no such branch, it is the run, or the name is empty or too long.
    """
    if branch_of(tree, id) is None:
        raise PlaygroundError("The run itself can't be renamed: its branches can.")
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME_CHARS:
        raise PlaygroundError(f"A name must have 1 to {MAX_NAME_CHARS} characters; got {len(name)}.")
    renamed = [one.model_copy(update={"name": name}) if one.id == id else one for one in tree.branches]
    return tree.model_copy(update={"branches": renamed})


def greedy_twin(tree: BranchesRecord, given: Sequence[int], settings: Mapping[str, Any]) -> int | None:
    """The greedy branch of a beginning with the limits of these settings; None if the tree does not hold it."""
    start = len(given)
    for id, drawn_from in ((ROOT, 0), *((one.id, one.at + one.forced) for one in tree.branches)):
        branch, own = branch_of(tree, id), settings_of(tree, id)
        searched = branch is not None and branch.how == "beam"
        cut = finish_of(tree, id) in ("cancelled", "time")
        if searched or cut or drawn_from > start or any(own.get(name) != settings.get(name) for name in _OF_GREEDY):
            continue
        ids = [token.id for token in tokens_of(tree, id)]
        if len(ids) > start and ids[:start] == list(given):
            return id
    return None


def given_ids(tree: BranchesRecord, branch: BranchRecord) -> list[int]:
    """Ids before a branch's own continuation: the tokens it shares, and the given ones."""
    shared = tokens_of(tree, branch.parent)[: branch.at]
    return [token.id for token in (*shared, *branch.tokens[: branch.forced])]

"""A run and branches of it on a tiny model."""

from typing import Any

from playground.experiments.branching.records import BranchesRecord, BranchRecord
from playground.experiments.branching.request import BranchRequest
from playground.experiments.branching.run import start_branch
from playground.experiments.branching.tree import add
from playground.runs.runner import Runner
from tests.tiny_runner import answer, of, request


def run_tree(runner: Runner, model: str = "tiny-llama", **settings: Any) -> BranchesRecord:
    asked = request("The other thing is in the house", model=model, **{"max_new_tokens": 14, **settings})
    return BranchesRecord(run=answer(runner, asked), branches=[])


def grown(runner: Runner, tree: BranchesRecord, parent: int, at: int, token: Any = None, **asked: Any):
    """The tree with the branches that came of it, and those branches."""
    made = of(BranchRecord, start_branch(runner, tree, BranchRequest(parent, at, token, **asked)))
    for branch in made:
        tree = add(tree, branch)
    return tree, tree.branches[-len(made) :]

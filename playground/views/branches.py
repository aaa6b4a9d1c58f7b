"""A tree of branches as what the page shows: pure functions of records, no Gradio."""

from typing import Any

from playground.backends.base import StepLogits
from playground.experiments.branching.alternatives import Alternatives
from playground.experiments.branching.records import ROOT, BranchesRecord, BranchRecord
from playground.experiments.branching.run import BranchStart
from playground.experiments.branching.tree import (
    as_run,
    branch_of,
    finish_of,
    name_of,
    settings_of,
    tokens_of,
    total_logprob,
)
from playground.experiments.compare.diff import diff_runs
from playground.views.branch_words import beam_sentence, saving_sentence
from playground.views.compare import diffs_value
from playground.views.format import count_of, format_seconds
from playground.views.run import FINISH_REASONS, end_line, packed, word_line

_WAYS = {"choice": "", "greedy": "greedy", "sample": "sample", "beam": "beam search"}


def path_lines(tree: BranchesRecord, id: int) -> str:
    """A whole answer of the tree, for the component `branch_path`."""
    tokens = "".join(word_line(token) for token in tokens_of(tree, id))
    return f"{packed(_head(tree, id))}\n{tokens}{end_line(finish_of(tree, id))}"


def _head(tree: BranchesRecord, id: int) -> dict[str, Any]:
    branch = branch_of(tree, id)
    return {"node": id, "name": name_of(tree, id) if branch else "The run", "shared": branch.at if branch else 0}


def growing_head(start: BranchStart, run: str) -> str:
    """First line of a new branch; the page reads the following lines from the feed `run`."""
    how = _WAYS[start.how] or "another token"
    return packed({"run": run, "name": f"New branch: {how}", "shared": start.at}) + "\n"


def grown_head(tree: BranchesRecord, id: int, run: str) -> str:
    """First line of a branch now in the tree; a page that saw it grow has its lines from the feed `run`."""
    return packed({"run": run} | _head(tree, id)) + "\n"


def choice_value(tree: BranchesRecord, id: int, at: int, found: Alternatives, step: StepLogits) -> str:
    """What else could come at a token, for the component `branch_choice`."""
    settings = settings_of(tree, id)
    greedy = settings.get("temperature") == 0
    kept = (
        f"kept {count_of(step.reused_tokens, 'token')}, read {step.computed_tokens:,} in {format_seconds(step.seconds)}"
    )
    drawn = "" if greedy else "Bars are the model's probabilities; outlined:  cut by the sampler before the draw."
    items = [
        {
            "id": one.id, "text": one.text, "prob": float(f"{one.prob:.5g}"), "chance": float(f"{one.drawn_prob:.5g}"),
            "taken": one.taken, "rank": one.rank,
        }
        for one in found.items
    ]  # fmt: skip
    return packed(
        {
            "node": id,
            "at": at,
            "greedy": greedy,
            "about": f"entropy {found.entropy_bits:.2f} bits; {kept}",
            "note": "Bars are the model's probabilities; greedy takes the first." if greedy else drawn,
            "items": items,
        }
    )


def tree_value(tree: BranchesRecord, selected: int) -> str:
    """All branches, each after its parent, earlier forks first, for the component `branch_tree`."""
    nodes = [_node(tree, None, 0)]
    below: dict[int, list[BranchRecord]] = {}
    for branch in tree.branches:
        below.setdefault(branch.parent, []).append(branch)
    waiting = [(branch, 1) for branch in reversed(_in_order(below, ROOT))]
    while waiting:  # a chain of branches may be long: no recursion
        branch, depth = waiting.pop()
        nodes.append(_node(tree, branch, depth))
        waiting += [(one, depth + 1) for one in reversed(_in_order(below, branch.id))]
    return packed({"nodes": nodes, "selected": selected, "most": max(node["tokens"] for node in nodes)})


def _in_order(below: dict[int, list[BranchRecord]], id: int) -> list[BranchRecord]:
    return sorted(below.get(id, []), key=lambda one: (one.at, one.id))


def _node(tree: BranchesRecord, branch: BranchRecord | None, depth: int) -> dict[str, Any]:
    tokens = tree.run.tokens
    node: dict[str, Any] = {"id": ROOT, "parent": None, "name": "The run", "token": "", "way": "", "at": 0}
    total, count = total_logprob(tokens), len(tokens)
    if branch is not None:
        total, count = branch.total_logprob, branch.at + len(branch.tokens)
        way = f"beam of {branch.width}" if branch.how == "beam" else _WAYS[branch.how]
        node = {"id": branch.id, "parent": branch.parent, "name": branch.name, "at": branch.at}
        token = branch.tokens[0].text[:40]
        node |= {"token": "" if f"“{token.strip()}" in branch.name else token}
        node |= {"way": "" if way and way in branch.name else way}
    reason = tree.run.finish_reason if branch is None else branch.finish_reason
    return node | {
        "depth": depth, "tokens": count, "total": round(total, 4), "mean": round(total / max(1, count), 5),
        "finish": FINISH_REASONS[reason],
    }  # fmt: skip


def said_of(tree: BranchesRecord, id: int) -> str:
    """A branch in a sentence: what its prefix saved, what its search found."""
    branch = branch_of(tree, id)
    if branch is None:
        return ""
    times = (
        f"First token after {format_seconds(branch.timing.ttft_s)}, all after {format_seconds(branch.timing.e2e_s)}."
    )
    return " ".join(part for part in (saving_sentence(tree, branch), times, beam_sentence(tree, branch)) if part)


def compared_value(tree: BranchesRecord, one: int, other: int) -> str:
    """The texts of two branches, the second against the first, for the component `diff`."""
    runs = [as_run(tree, one), as_run(tree, other)]
    names = [f"{id}: {name_of(tree, id)}" for id in (one, other)]
    return diffs_value(runs, names, 0, [diff_runs(runs[0], runs[1], 1)])

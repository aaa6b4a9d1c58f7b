"""A branch of a tree as text for a terminal."""

from playground.experiments.branching.records import BranchesRecord, BranchRecord
from playground.experiments.branching.tree import name_of, tokens_of, total_logprob
from playground.views.branch_words import against, beam_sentence, saving_sentence, took_words
from playground.views.format import format_seconds

_FORK = "▸"


def branch_text(tree: BranchesRecord, branch: BranchRecord) -> str:
    """The whole answer with the fork marked, then its figures."""
    parents = tokens_of(tree, branch.parent)
    shared = "".join(token.text for token in parents[: branch.at])
    own = branch.text.removeprefix(shared)
    mean = total_logprob(parents) / len(parents)
    timing = branch.timing
    lines = [
        (f"branch {branch.id}", f"{branch.name}; {took_words(tree, branch)}"),
        ("finished", f"{branch.finish_reason}; {branch.at + len(branch.tokens)} tokens, {len(branch.tokens)} its own"),
        ("log probability", f"total {branch.total_logprob:.2f}, mean {branch.mean_logprob:.3f} a token"),
        (name_of(tree, branch.parent), f"total {total_logprob(parents):.2f}, mean {mean:.3f} a token"),
        ("", against(tree, branch.id, branch.parent)),
        ("", beam_sentence(tree, branch)),
        ("cache", saving_sentence(tree, branch)),
        ("time", f"first token {format_seconds(timing.ttft_s)}, all {format_seconds(timing.e2e_s)}"),
    ]
    figures = "\n".join(f"{name:>20}  {value}" for name, value in lines if value)
    return f"{shared}{_FORK}{own}\n\n{figures}"

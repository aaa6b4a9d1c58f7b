"""What a branch, or two of them side by side, have to say: sentences for page and command line."""

import math

from playground.experiments.branching.records import ROOT, BranchesRecord, BranchRecord
from playground.experiments.branching.tree import branch_of, given_ids, greedy_twin, name_of, tokens_of, total_logprob
from playground.experiments.compare.diff import first_difference
from playground.views.format import count_of, format_number, format_percent, format_rate, format_seconds

_AS_GOOD = 1e-3  # totals nearer than this differ by rounding only


def saving_sentence(tree: BranchesRecord, branch: BranchRecord) -> str:
    """What did not have to be read, and the time that is worth: the formula in words."""
    read, reused = branch.computed_tokens, branch.reused_tokens
    if not reused:
        return f"Nothing of it was in the cache: read all {count_of(read, 'token')}."
    kept = f"Kept {count_of(reused, 'token')} in the cache, read {read:,}"
    rate = tree.run.timing.prefill_tokens_per_s
    if branch.saved_s is None or rate is None:
        return f"{kept}."
    formula = f"{count_of(reused, 'token')} / the run's prefill of {format_rate(rate)}"
    return f"{kept}: saved about {format_seconds(branch.saved_s)} ({formula})."


def beam_sentence(tree: BranchesRecord, branch: BranchRecord) -> str:
    """What a beam search found beside greedy's answer of the same beginning; empty for another way to go on."""
    if branch.how != "beam":
        return ""
    twin = greedy_twin(tree, given_ids(tree, branch), branch.settings)
    if twin is None:
        return f"Beam search of width {branch.width}: total {branch.total_logprob:.2f}."
    tokens = tokens_of(tree, twin)
    total, gain = total_logprob(tokens), branch.total_logprob - total_logprob(tokens)
    both = f"Beam search of width {branch.width}: total {branch.total_logprob:.2f}; greedy: {total:.2f}."
    own = [token.id for token in tokens_of(tree, branch.id)]
    if own == [token.id for token in tokens]:
        return f"{both} It found greedy's own answer."
    if gain > _AS_GOOD:
        return (
            f"{both} It found an answer {_times(gain)} as likely, which greedy missed.{_lengths(len(own), len(tokens))}"
        )
    if gain < -_AS_GOOD:
        return f"{both} It found nothing as likely as greedy's: a small width drops beginnings too."
    return f"{both} Another answer, as likely."


def against(tree: BranchesRecord, one: int, other: int) -> str:
    """Two answers: where they part, which word was likelier there, which sentence is likelier as a whole."""
    first, second = tokens_of(tree, one), tokens_of(tree, other)
    a, b = (name_of(tree, id) if id == ROOT else f"branch {id} ({name_of(tree, id)})" for id in (one, other))
    totals = total_logprob(first), total_logprob(second)
    index = first_difference([token.id for token in first], [token.id for token in second])
    head = f"Totals: {a} {totals[0]:.2f}, {b} {totals[1]:.2f}."
    if index is None:
        return f"{head} The same tokens, all {len(first):,} of them."
    lengths = _lengths(len(first), len(second))
    if index >= min(len(first), len(second)):
        return f"{head} One is the beginning of the other.{lengths}"
    gaps = first[index].logprob - second[index].logprob, totals[0] - totals[1]
    words = ", ".join(format_percent(math.exp(tokens[index].logprob)) for tokens in (first, second))
    where = f"They diverge at token {index + 1} ({words})"
    if abs(gaps[1]) <= _AS_GOOD:
        return f"{head} {where}; as whole answers they are as likely as each other.{lengths}"
    likelier = a if gaps[1] > 0 else b
    if gaps[0] * gaps[1] < 0:
        return f"{head} {where}: the less likely word led to the more likely sentence, {likelier}.{lengths}"
    return f"{head} {where}: the likelier word led to the likelier sentence, {likelier}.{lengths}"


def took_words(tree: BranchesRecord, branch: BranchRecord) -> str:
    """Where it leaves what."""
    parent = "the run" if branch_of(tree, branch.parent) is None else f"branch {branch.parent}"
    return f"leaves {parent} at token {branch.at}"


def _lengths(one: int, other: int) -> str:
    return "" if one == other else f" Note the lengths, {one:,} and {other:,} tokens: each token lowers a total."


def _times(gain: float) -> str:
    """exp(gain), which may be large."""
    return f"{format_number(math.exp(gain))} times" if gain < 100 else "more than 1e43 times"

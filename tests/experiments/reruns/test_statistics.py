"""Every number equals what counting by hand gives, slowly and from the definitions."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import median

import pytest
from hypothesis import given

from playground.experiments.reruns.branches import grow, walk
from playground.experiments.reruns.statistics import (
    answer_groups,
    common_path,
    common_run,
    similarity_matrix,
    summarise,
)
from tests.experiments.reruns.made import row, rows, some_runs

Ids = Sequence[int]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def edits(a: Ids, b: Ids) -> int:
    """Levenshtein's distance, by its recursion."""
    if not a or not b:
        return len(a) + len(b)
    costs = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, costs[0] = costs[0], i
        for j, y in enumerate(b, 1):
            before, costs[j] = costs[j], min(costs[j] + 1, costs[j - 1] + 1, before + (x != y))
    return costs[-1]


def distance(a: Ids, b: Ids) -> float:
    return edits(a, b) / max(len(a), len(b), 1)


def first_difference(a: Ids, b: Ids) -> int | None:
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)


def identical_through(a: Ids, b: Ids, t: int) -> bool:
    return list(a[: t + 1]) == list(b[: t + 1])


@given(some_runs)
def test_counts_of_answers_are_a_recount(runs: list[list[int]]):
    summary, counts = summarise(rows(runs)), Counter(map(tuple, runs))
    n = len(runs)
    assert (summary.n, summary.unique, summary.mode_count) == (n, len(counts), max(counts.values()))
    assert summary.unique_share == len(counts) / n
    assert summary.mode_share == max(counts.values()) / n
    assert summary.tar == all(own == runs[0] for own in runs)
    entropy = -sum(count / n * math.log2(count / n) for count in counts.values())
    assert summary.answer_entropy_bits == pytest.approx(entropy, abs=1e-12)
    assert summary.length_mean == pytest.approx(mean([len(own) for own in runs]))
    groups = answer_groups(rows(runs))
    assert sorted(index for group in groups for index in group) == list(range(n))
    assert {tuple(runs[group[0]]): len(group) for group in groups} == counts
    assert all({tuple(runs[index]) for index in group} == {tuple(runs[group[0]])} for group in groups)


@given(some_runs)
def test_statistics_of_pairs_are_a_recount(runs: list[list[int]]):
    summary, pairs = summarise(rows(runs)), list(combinations(runs, 2))
    if not pairs:
        assert (summary.exact_match_rate, summary.edit_distance, summary.length_sd) == (None, None, None)
        assert summary.agreement == []
        return
    assert summary.exact_match_rate == pytest.approx(mean([a == b for a, b in pairs]))
    assert summary.edit_distance == pytest.approx(mean([distance(a, b) for a, b in pairs]))
    longest = max(map(len, runs))
    expected = [mean([identical_through(a, b, t) for a, b in pairs]) for t in range(longest)]
    assert summary.agreement == pytest.approx(expected)
    forks = [at for a, b in pairs if (at := first_difference(a, b)) is not None]
    assert summary.divergence.min_token == min(forks, default=None)
    assert summary.divergence.median_token == (median(forks) if forks else None)


@given(some_runs)
def test_agreement_only_falls_and_ends_at_the_exact_match_rate(runs: list[list[int]]):
    summary = summarise(rows(runs))
    assert summary.agreement == sorted(summary.agreement, reverse=True)
    if summary.agreement:
        assert summary.exact_match_rate == pytest.approx(summary.agreement[-1])
    assert summary.mode_agreement == sorted(summary.mode_agreement, reverse=True)


@given(some_runs)
def test_distinct_is_a_recount(runs: list[list[int]]):
    summary = summarise(rows(runs))
    ones = [id for own in runs for id in own]
    twos = [pair for own in runs for pair in pairwise(own)]
    assert summary.distinct_1 == pytest.approx(len(set(ones)) / max(1, len(ones)))
    assert summary.distinct_2 == pytest.approx(len(set(twos)) / max(1, len(twos)))


@given(some_runs)
def test_at_every_token_the_common_path_goes_with_the_most_runs(runs: list[list[int]]):
    path = common_path(rows(runs))
    shares = summarise(rows(runs)).mode_agreement
    assert len(shares) == len(path)
    for t in range(len(path) + 1):
        here = [own for own in runs if own[:t] == path[:t]]
        ended = sum(len(own) == t for own in here)
        going = Counter(own[t] for own in here if len(own) > t)
        if t == len(path):
            assert ended >= max(going.values(), default=0)
        else:
            assert going[path[t]] == max(going.values()) > ended
            assert shares[t] == going[path[t]] / len(runs)
    assert runs[common_run(rows(runs))][: len(path)] == path


@given(some_runs)
def test_similarity_is_a_recount(runs: list[list[int]]):
    expected = [[1 - distance(a, b) for b in runs] for a in runs]
    for found, wanted in zip(similarity_matrix(rows(runs)), expected, strict=True):
        assert found == pytest.approx(wanted)


def brute_jackknife(runs: list[list[int]], name: str) -> float:
    """The standard error, from summaries that leave out one run each."""
    others = [getattr(summarise(rows(runs[:at] + runs[at + 1 :])), name) for at in range(len(runs))]
    n = len(runs)
    return math.sqrt((n - 1) / n * sum((one - mean(others)) ** 2 for one in others))


@given(some_runs)
def test_intervals_hold_their_estimate_and_the_jackknifed_ones_are_a_recount(runs: list[list[int]]):
    summary = summarise(rows(runs))
    highs = {"answer_entropy_bits": math.log2(len(runs)), "length_mean": math.inf}
    assert set(summary.intervals) >= ({"mode_share", "exact_match_rate", "edit_distance"} if len(runs) > 1 else set())
    for name, (low, high) in summary.intervals.items():
        top = highs.get(name, 1.0)
        assert 0 <= low <= getattr(summary, name) + 1e-12
        assert getattr(summary, name) - 1e-12 <= high <= top
        if name == "mode_share" or len(runs) < 3:
            continue
        error = brute_jackknife(runs, name)
        if error > 1e-9:
            assert low == pytest.approx(max(0.0, getattr(summary, name) - 1.959964 * error), abs=1e-6)
            assert high == pytest.approx(min(top, getattr(summary, name) + 1.959964 * error), abs=1e-6)


def test_pairs_that_never_vary_still_have_an_interval():
    for runs in ([[1, 2]] * 16, [[own] for own in range(16)]):
        low, high = summarise(rows(runs)).intervals["exact_match_rate"]
        assert high - low > 0.2
    many = summarise(rows([[1]] * 200)).intervals["exact_match_rate"]
    assert many[1] - many[0] < 0.05


@given(some_runs)
def test_branches_hold_every_run_once_at_its_end(runs: list[list[int]]):
    branches = list(walk(grow(runs)))
    assert sum(branch.ended for branch in branches) == len(runs)
    for branch in branches:
        shared = {tuple(runs[run][: branch.end]) for run in branch.runs}
        assert len(shared) == 1
        assert {run for run, own in enumerate(runs) if tuple(own[: branch.end]) in shared} == set(branch.runs)
        assert branch.start < branch.end or branch.start == 0
        assert len(branch.children) != 1 or branch.ended  # else the stretch would be folded into one
        sizes = [len(child.runs) for child in branch.children]
        assert sizes == sorted(sizes, reverse=True)
        assert branch.ended + sum(sizes) == len(branch.runs)


def test_a_trie_of_the_most_runs_that_part_one_after_the_other_can_be_grown_and_summed():
    runs = [[0] * own + [1] for own in range(200)]
    summary = summarise(rows(runs))
    assert summary.unique == 200
    assert summary.divergence.min_token == 0
    assert common_path([row([0] * 50), row([0] * 50), row([1])]) == [0] * 50

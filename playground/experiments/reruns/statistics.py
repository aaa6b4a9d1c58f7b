"""Numbers over the runs of one rerun. Answers are compared by their token ids, everywhere the same.

Two runs give the same answer if all their token ids are equal. Texts may be equal where ids are not (two spellings of
one word in tokens); that counts as two answers, as the fork tree shows them.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean, stdev

from rapidfuzz.distance import Levenshtein

from playground.experiments.reruns.branches import Branch, grow, main_branches, walk
from playground.experiments.reruns.intervals import jackknife, wilson
from playground.experiments.reruns.mentions import count_mentions
from playground.experiments.reruns.records import DivergenceRecord, Interval, RerunRow, SummaryRecord

Ids = Sequence[int]


def summarise(runs: Sequence[RerunRow], mentions: Sequence[str] = ()) -> SummaryRecord:
    """All numbers over these runs, one or more; each formula is with its function below.

    Intervals of 95 %: Wilson for shares of runs, the delete-one jackknife for the others. The pair statistics fall
    back on Wilson over n // 2 pairs, as many as share no run, where the jackknife sees no variation: their variance
    is at most that of as many independent pairs (Hoeffding 1963, J. Am. Stat. Assoc. 58(301)).
    """
    ids = [run.token_ids for run in runs]
    n, root = len(ids), grow(ids)
    counts = [len(group) for group in answer_groups(runs)]
    lengths = [len(own) for own in ids]
    distances = _distances(ids)
    return SummaryRecord(
        n=n,
        unique=len(counts),
        unique_share=len(counts) / n,
        mode_count=counts[0],
        mode_share=counts[0] / n,
        exact_match_rate=exact_match_rate(counts),
        answer_entropy_bits=entropy_bits(counts),
        divergence=divergence(root),
        tar=len(counts) == 1,
        distinct_1=distinct(ids, 1),
        distinct_2=distinct(ids, 2),
        edit_distance=_mean_of_pairs(distances),
        agreement=agreement(root),
        mode_agreement=mode_agreement(root),
        length_mean=fmean(lengths),
        length_sd=stdev(lengths) if n > 1 else None,
        mentions=count_mentions(runs, mentions),
        intervals=_intervals(ids, counts, distances) if n > 1 else {},
    )


def answer_groups(runs: Sequence[RerunRow]) -> list[tuple[int, ...]]:
    """Indices of the runs that gave each answer, the most common answer first."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, run in enumerate(runs):
        groups.setdefault(tuple(run.token_ids), []).append(index)
    return sorted((tuple(group) for group in groups.values()), key=lambda group: (-len(group), group[0]))


def exact_match_rate(counts: Sequence[int]) -> float | None:
    """Share of pairs of runs with equal answers, sum C(c, 2) / C(n, 2); None with one run.

    Args:
        counts: How many runs gave each answer.
    """
    pairs = math.comb(sum(counts), 2)
    return sum(math.comb(count, 2) for count in counts) / pairs if pairs else None


def entropy_bits(counts: Sequence[int]) -> float:
    """Entropy over answers, -sum p log2 p: the plug-in estimate, at most log2 n, so too low where most differ."""
    n = sum(counts)
    return max(0.0, -math.fsum(count / n * math.log2(count / n) for count in counts))


def distinct(ids: Sequence[Ids], size: int) -> float:
    """Different n-grams of tokens in all answers / all of them; 0 where there are none.

    Li et al. 2016, arXiv 1510.03055.
    """
    grams = [gram for own in ids for gram in _grams(own, size)]
    return len(set(grams)) / len(grams) if grams else 0.0


def _grams(ids: Ids, size: int) -> list[tuple[int, ...]]:
    return [tuple(ids[at : at + size]) for at in range(len(ids) - size + 1)]


def divergence(root: Branch) -> DivergenceRecord:
    """Div_Index of each pair of runs: index of the first token in which they differ; median and least.

    A pair that is equal up to the shorter has none (one was cut by its time limit, say): it is left out.
    """
    parted: Counter[int] = Counter()
    for branch in walk(root):
        going = [len(child.runs) for child in branch.children]
        parted[branch.end] += math.comb(sum(going), 2) - sum(math.comb(size, 2) for size in going)
    indices = sorted(parted.elements())
    if not indices:
        return DivergenceRecord(median_token=None, min_token=None)
    half = len(indices) // 2
    return DivergenceRecord(median_token=(indices[half] + indices[~half]) / 2, min_token=indices[0])


def agreement(root: Branch) -> list[float]:
    """At t: share of pairs of runs that are identical through token t, the first being 0; empty with one run.

    An answer that has ended differs from one that goes on, from the first token that only the other has. So the list,
    as long as the longest answer, ends with the exact-match rate.
    """
    pairs = math.comb(len(root.runs), 2)
    length = max((branch.end for branch in walk(root)), default=0)
    if not pairs:
        return []
    parted = [0] * (length + 1)
    for branch in walk(root):
        sizes = [len(child.runs) for child in branch.children]
        together = sum(math.comb(size, 2) for size in (*sizes, branch.ended))
        parted[branch.end] += math.comb(len(branch.runs), 2) - together
    shares, left = [], pairs
    for lost in parted[:length]:
        left -= lost
        shares.append(left / pairs)
    return shares


def mode_agreement(root: Branch) -> list[float]:
    """At t: share of all runs that have followed the common path through token t; as long as that path."""
    n = len(root.runs)
    return [len(branch.runs) / n for branch in main_branches(root) for _ in range(branch.start, branch.end)]


def common_path(runs: Sequence[RerunRow]) -> list[int]:
    """Token ids of the common path: at every fork the token that most runs take, until most have ended."""
    last = main_branches(grow([run.token_ids for run in runs]))[-1]
    return list(runs[last.runs[0]].token_ids[: last.end])


def common_run(runs: Sequence[RerunRow]) -> int:
    """Index of the first run that follows the common path to its end: its lists hold the tokens on it."""
    return main_branches(grow([run.token_ids for run in runs]))[-1].runs[0]


def similarity_matrix(runs: Sequence[RerunRow]) -> list[list[float]]:
    """1 - edit distance of each two runs, in their order: 1 on the diagonal."""
    return [[1 - one for one in row] for row in _distances([run.token_ids for run in runs])]


def _distances(ids: Sequence[Ids]) -> list[list[float]]:
    """Levenshtein distance over tokens / length of the longer one, of each two runs."""
    known: dict[tuple[int, ...], int] = {}
    which = [known.setdefault(tuple(own), len(known)) for own in ids]
    answers = list(known)
    table = [[0.0] * len(answers) for _ in answers]
    for a in range(len(answers)):
        for b in range(a):
            table[a][b] = table[b][a] = Levenshtein.normalized_distance(answers[a], answers[b])
    return [[table[a][b] for b in which] for a in which]


def _mean_of_pairs(distances: list[list[float]]) -> float | None:
    n = len(distances)
    return math.fsum(map(math.fsum, distances)) / (n * (n - 1)) if n > 1 else None


def _intervals(ids: Sequence[Ids], counts: Sequence[int], distances: list[list[float]]) -> dict[str, Interval]:
    """Intervals of everything that varies between samples; absent if these runs are too few."""
    n = len(ids)
    lengths = [len(own) for own in ids]
    total = sum(lengths)
    pair_estimates = {
        "exact_match_rate": (exact_match_rate(counts), _without_one_of_each(counts, exact_match_rate)),
        "edit_distance": (_mean_of_pairs(distances), _pair_means_without_each(distances)),
    }
    estimates = {
        "answer_entropy_bits": (entropy_bits(counts), _without_one_of_each(counts, entropy_bits), math.log2(n)),
        "distinct_1": (distinct(ids, 1), _distinct_without_each(ids, 1), 1.0),
        "distinct_2": (distinct(ids, 2), _distinct_without_each(ids, 2), 1.0),
        "length_mean": (total / n, [(total - one) / (n - 1) for one in lengths], math.inf),
    }
    found = {name: jackknife(estimate, others, 0.0, high) for name, (estimate, others, high) in estimates.items()}
    for name, (estimate, others) in pair_estimates.items():
        assert estimate is not None
        found[name] = jackknife(estimate, others, 0.0, 1.0) or wilson(estimate, n // 2)
    found["mode_share"] = wilson(counts[0] / n, n)
    return {name: interval for name, interval in found.items() if interval is not None}


def _without_one_of_each(counts: Sequence[int], estimate: Callable[[Sequence[int]], float | None]) -> list[float]:
    """The estimate without one run, for each run; [] if it needs more runs."""
    found: list[float] = []
    for at, count in enumerate(counts):
        left = estimate(
            [*counts[:at], count - 1, *counts[at + 1 :]] if count > 1 else [*counts[:at], *counts[at + 1 :]]
        )
        found += [] if left is None else [left] * count
    return found


def _pair_means_without_each(distances: list[list[float]]) -> list[float]:
    n, sums = len(distances), [math.fsum(row) for row in distances]
    total = math.fsum(sums)
    return [(total - 2 * own) / ((n - 1) * (n - 2)) for own in sums] if n > 2 else []


def _distinct_without_each(ids: Sequence[Ids], size: int) -> list[float]:
    """Distinct n-grams without each run: those that only it has are removed too."""
    grams = [_grams(own, size) for own in ids]
    total = sum(map(len, grams))
    runs_with = Counter(gram for own in grams for gram in set(own))
    found = []
    for own in grams:
        kinds = len(runs_with) - sum(runs_with[gram] == 1 for gram in set(own))
        found.append(kinds / (total - len(own)) if total > len(own) else 0.0)
    return found

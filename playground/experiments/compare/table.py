"""Runs side by side as a table of metrics; the best is marked only where that means something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from playground.experiments.compare.metrics import METRICS, Metric
from playground.experiments.compare.records import CompareMode
from playground.runs.records import RunRecord

_MIXED = "not ranked: known in different ways"
NOISE = 0.05  # measured numbers nearer than this to the best are as good
_LEAST_PASSES = 2  # of each run, for a range: one pass says nothing of noise
Passes = Sequence[Mapping[str, Sequence[float]]]
"""For each run its measured metrics by name, a value for each pass."""


@dataclass(frozen=True)
class MetricRow:
    """A metric of all runs.

    Attributes:
        values: One a run, of several passes the median; None where it has none.
        best: Index of the best run; None where neither way is better, where runs tie, or where they can't be compared.
        note: What to know before comparing; empty if nothing.
        ranges: Least and most of its passes, for each run; None where it ran once.
        mixed: The values are known in different ways (energy counted and modelled, prices of two lists), so they are
            not one quantity: nothing may rank them or draw them to one scale.
    """

    name: str
    unit: str
    about: str
    values: list[float | None]
    best: int | None
    higher_is_better: bool | None
    note: str = ""
    mixed: bool = False
    ranges: Sequence[tuple[float, float] | None] = ()


def metric_rows(panes: Sequence[RunRecord], mode: CompareMode = "turns", passes: Passes = ()) -> list[MetricRow]:
    """A row for each metric.

    A run that was stopped has values but is never the best. What grows with the answer (cost, energy, time to the end)
    is compared only between answers of the same length, what is measured only between runs that did not share a batch.
    A measured value is the best only if every run had several passes, its range meets no other's, and it is further
    from the others than passes of one run are from each other, and than `NOISE`.
    """
    return [_row(metric, panes, mode, passes) for metric in METRICS]


def _row(metric: Metric, panes: Sequence[RunRecord], mode: CompareMode, passes: Passes) -> MetricRow:
    values = [metric.read(run) for run in panes]
    ranges: list[tuple[float, float] | None] = [None] * len(panes)
    for n, of_run in enumerate(passes if metric.measured else ()):
        if len(seen := of_run.get(metric.name, ())) >= _LEAST_PASSES:
            values[n], ranges[n] = median(seen), (min(seen), max(seen))
    ended = [n for n, run in enumerate(panes) if run.finish_reason != "cancelled"]
    notes = [metric.note(run) for run in panes] if metric.note else []
    mixed = len({note for note, value in zip(notes, values, strict=bool(notes)) if value is not None}) > 1
    reason = _incomparable(metric, [panes[n] for n in ended], mode)
    is_fair = reason is None and not mixed
    return MetricRow(
        name=metric.name,
        unit=metric.unit,
        about=metric.about,
        values=values,
        best=_best(metric, {n: value for n in ended if (value := values[n]) is not None}, ranges) if is_fair else None,
        higher_is_better=metric.higher_is_better,
        note="; ".join([*dict.fromkeys(notes), *([_MIXED] if mixed else []), *([reason] if reason else [])]),
        mixed=mixed,
        ranges=ranges,
    )


def _incomparable(metric: Metric, panes: Sequence[RunRecord], mode: CompareMode) -> str | None:
    """Why the runs can't be held against each other; None if they can."""
    if metric.measured and mode == "batch":
        return "shared: the panes ran as one batch"
    if metric.grows and len({(len(run.prompt_token_ids), len(run.tokens)) for run in panes}) > 1:
        return "not ranked: it grows with the answer, and these differ in length"
    return None


def _best(metric: Metric, values: dict[int, float], ranges: Sequence[tuple[float, float] | None]) -> int | None:
    """Which value is the best; None if there are fewer than two, or others may be as good."""
    if metric.higher_is_better is None or len(values) < 2:
        return None
    best = (max if metric.higher_is_better else min)(values, key=lambda n: values[n])
    others = [n for n in values if n != best]
    if not metric.measured:
        return None if any(values[n] == values[best] for n in others) else best
    known = {n: ends for n in values if (ends := ranges[n]) is not None}
    if len(known) < len(values):
        return None
    noise = max(NOISE * abs(values[best]), *(high - low for low, high in known.values()))
    is_clear = all(abs(values[n] - values[best]) > noise and not _meet(known[n], known[best]) for n in others)
    return best if is_clear else None


def _meet(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]

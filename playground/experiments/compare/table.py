"""Runs side by side as a table of metrics; the best is marked only where that means something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playground.experiments.compare.metrics import METRICS, Metric
from playground.experiments.compare.records import CompareMode
from playground.metrics.passes import Spread, is_apart, noise_of, spread_of
from playground.runs.records import RunRecord

_MIXED = "not ranked: known in different ways"
Values = Mapping[str, Sequence[float]]
"""Measured metrics by name, a value for each pass."""


@dataclass(frozen=True)
class MetricRow:
    """A metric of all runs.

    Attributes:
        values: One a run, of several passes the median; None where it has none.
        best: Index of the best run; None where neither way is better, where runs tie, or where they can't be compared.
        note: What to know before comparing; empty if nothing.
        ranges: Least and most of its passes, for each run; None where it ran once.
        itself: Least and most of the first run's second measurement; None where it has none.
        differs: Of a measured value that may be ranked, whether the extremes lie apart by more than noise; None where
            it was measured once, or is not ranked.
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
    itself: tuple[float, float] | None = None
    differs: bool | None = None


def metric_rows(
    panes: Sequence[RunRecord], mode: CompareMode = "turns", passes: Sequence[Values] = (),
    control: Values | None = None,
) -> list[MetricRow]:  # fmt: skip
    """A row for each metric.

    A run that was stopped has values but is never the best. What grows with the answer (cost, energy, time to the end)
    is compared only between answers of the same length, what is measured only between runs that did not share a batch.
    A measured value is the best only if every run had several passes, and it is further from the others than passes of
    one run are from each other: those of the first run and of `control`, its second measurement, taken together.
    """
    return [_row(metric, panes, mode, passes, (control or {}).get(metric.name, ())) for metric in METRICS]


def _row(
    metric: Metric, panes: Sequence[RunRecord], mode: CompareMode, passes: Sequence[Values], control: Sequence[float]
) -> MetricRow:
    values = [metric.read(run) for run in panes]
    spreads: list[Spread | None] = [None] * len(panes)
    for n, of_run in enumerate(passes if metric.measured else ()):
        if (seen := spread_of(of_run.get(metric.name, ()))) is not None:
            values[n], spreads[n] = seen.middle, seen
    ended = [n for n, run in enumerate(panes) if run.finish_reason != "cancelled"]
    notes = [metric.note(run) for run in panes] if metric.note else []
    mixed = len({note for note, value in zip(notes, values, strict=bool(notes)) if value is not None}) > 1
    reason = _incomparable(metric, [panes[n] for n in ended], mode)
    is_fair = reason is None and not mixed
    compared = {n: value for n in ended if is_fair and (value := values[n]) is not None}
    best, differs = _ranked(metric, compared, spreads, control)
    return MetricRow(
        name=metric.name,
        unit=metric.unit,
        about=metric.about,
        values=values,
        best=best,
        higher_is_better=metric.higher_is_better,
        note="; ".join([*dict.fromkeys(notes), *([_MIXED] if mixed else []), *([reason] if reason else [])]),
        mixed=mixed,
        ranges=[None if one is None else (one.low, one.high) for one in spreads],
        itself=(min(control), max(control)) if metric.measured and control else None,
        differs=differs,
    )


def _incomparable(metric: Metric, panes: Sequence[RunRecord], mode: CompareMode) -> str | None:
    """Why the runs can't be held against each other; None if they can."""
    if metric.measured and mode == "batch":
        return "shared: the panes ran as one batch"
    if metric.grows and len({(len(run.prompt_token_ids), len(run.tokens)) for run in panes}) > 1:
        return "not ranked: it grows with the answer, and these differ in length"
    return None


def _ranked(
    metric: Metric, values: dict[int, float], spreads: Sequence[Spread | None], control: Sequence[float]
) -> tuple[int | None, bool | None]:
    """Which value is the best, if no other may be as good, and whether measured values differ at all."""
    if metric.higher_is_better is None or len(values) < 2:
        return None, None
    order = sorted(values, key=lambda n: values[n], reverse=metric.higher_is_better)
    best, *others = order
    if not metric.measured:
        return (None if any(values[n] == values[best] for n in others) else best), None
    known = {n: spread for n in values if (spread := spreads[n]) is not None}
    if len(known) < len(values):
        return None, None
    noise = noise_of([known[n] for n in sorted(known)], control if 0 in known else (), values[best])
    is_clear = all(is_apart(known[n], known[best], noise) for n in others)
    return (best if is_clear else None), is_apart(known[order[-1]], known[best], noise)

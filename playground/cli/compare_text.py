"""Comparisons and sweeps as text for a terminal."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from playground.engine.events import Candidate
from playground.experiments.compare.records import CompareRecord, DiffRecord, SweepRecord
from playground.experiments.compare.sweep import SweepEstimate
from playground.experiments.compare.table import MetricRow, metric_rows
from playground.views.format import count_of, format_figure, format_percent, format_seconds

_IN_A_SWEEP = ("output tokens", "ttft", "decode", "energy", "mean logprob", "mean entropy", "distinct-1")
_TOP = 5  # candidates of a distribution


def changes_text(changes: dict[str, Any]) -> str:
    """What a pane sets: its title."""
    return ", ".join(f"{name} = {value}" for name, value in changes.items()) or "as given"


def estimate_text(estimate: SweepEstimate) -> str:
    """How long a sweep may take."""
    return (
        f"{count_of(estimate.runs, 'run')} of {estimate.output_tokens:,} tokens in all at most: about "
        f"{format_seconds(estimate.seconds)} ({estimate.basis})"
    )


def compare_text(record: CompareRecord) -> str:
    """The table of metrics, the best marked by *, and where each pane first differs."""
    numbers = pane_numbers(record)
    heads = ["", *(f"pane {n} " for n in numbers)]  # room for a mark
    rows = metric_rows(record.panes, record.mode)
    table = _columns([heads, *([row.name, *_marked(row)] for row in rows)])
    differences = [_diff_text(diff, numbers[diff.pane], numbers[record.reference]) for diff in record.diffs]
    return "\n\n".join([table, "* best\n" + _notes(rows), *differences])


def pane_numbers(record: CompareRecord) -> list[int]:
    """The requested number of each pane, from 1: those that failed leave gaps."""
    failed = {one.pane for one in record.failed}
    return [n + 1 for n in range(len(record.panes) + len(failed)) if n not in failed]


def _notes(rows: Sequence[MetricRow]) -> str:
    """Each note once, after the names of its rows."""
    named: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            named.setdefault(row.note, []).append(row.name)
    return "\n".join(f"{', '.join(names)}: {note}" for note, names in named.items())


def _marked(row: MetricRow) -> list[str]:
    return [f"{format_figure(value, row.unit)}{'*' if n == row.best else ' '}" for n, value in enumerate(row.values)]


def _diff_text(diff: DiffRecord, pane: int, reference: int) -> str:
    panes = f"pane {pane} against pane {reference}"
    if diff.identical:
        return f"{panes}: identical"
    shown = [
        (reference, diff.reference_token, diff.reference_top),
        (pane, diff.pane_token, diff.pane_top),
    ]
    lines = [f"{panes}: token {diff.first_difference} differs"]
    lines += [f"  pane {n}: {_token_text(token)}  of  {_top_text(top)}" for n, token, top in shown]
    lines.append(f"  edit distance {format_percent(diff.edit_distance)}, similarity {format_percent(diff.similarity)}")
    return "\n".join(lines)


def _token_text(token: str | None) -> str:
    return "(the end)" if token is None else repr(token)


def _top_text(top: Sequence[Candidate]) -> str:
    return "  ".join(f"{item.text!r} {format_percent(item.prob)}" for item in top[:_TOP]) or "(not recorded)"


def sweep_text(record: SweepRecord) -> str:
    """One line of metrics per value."""
    rows = [row for row in metric_rows(record.runs) if row.name in _IN_A_SWEEP]
    heads = [record.name, *(row.name for row in rows), "ended"]
    lines = [heads]
    for n, (value, run) in enumerate(zip(record.values, record.runs, strict=True)):
        lines.append([str(value), *(format_figure(row.values[n], row.unit) for row in rows), run.finish_reason])
    return _columns(lines)


def _columns(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join(
        "  ".join(cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(cells)).rstrip()
        for cells in (zip(line, widths, strict=True) for line in lines)
    )

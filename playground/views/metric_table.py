"""Every metric of runs side by side: their ranges, the best of them, and what to know before comparing."""

from collections.abc import Sequence
from typing import Any

from playground.experiments.compare.records import CompareMode
from playground.experiments.compare.table import MetricRow
from playground.runs.records import RunRecord
from playground.views.format import format_figure, format_seconds, sentence
from playground.views.run import packed
from playground.views.spec import Colour

_ALIKE = 0.01
SHARED_TIMES = (
    "The panes ran as one batch: each step served all of them, so times and speeds are the batch's, not a "
    "single pane's. Choose fair timing to compare speed."
)
_TAGS = ("shared", "not ranked")  # words that start a row's note, shown beside its name
TURNS = (
    "The panes ran one after the other. Measured figures have a best only where each pane ran several times: the "
    "median and its range stand here, and ✓ where panes lie apart by more than passes of one pane do. The first pane "
    "was measured twice over: how far it is from itself is noise."
)
_LATE = 3  # times p50: of an idle machine, p95 is little above it


def busy_text(panes: Sequence[RunRecord], names: Sequence[str]) -> str:
    """That the machine was busy, where the gaps between tokens tell so; else nothing."""
    for name, run in zip(names, panes, strict=True):
        middle, late = run.timing.itl_p50_s, run.timing.itl_p95_s
        if middle and late and late > _LATE * middle:
            gaps = f"of its gaps between tokens p50 is {format_seconds(middle)} and p95 {format_seconds(late)}"
            return f"This machine was busy, so times are loose: in {name}, {gaps}."
    return ""


def range_text(row: MetricRow, place: int) -> str:
    """Least to most of the passes of a run; empty where it ran once or they are alike."""
    ends = row.ranges[place] if place < len(row.ranges) else None
    if ends is None:
        return ""
    low, high = (format_figure(end, row.unit) for end in ends)
    return "" if low == high else f"{low} to {high}"


def table_value(rows: Sequence[MetricRow], names: Sequence[str], mode: CompareMode, busy: str = "") -> str:
    """Every metric of every pane, for the component `metric_table`."""
    shown = [
        {
            "name": row.name,
            "about": row.about,
            "unit": row.unit,
            "better": _better(row.higher_is_better),
            "note": f"{sentence(row.note)} {_itself(row)}".strip(),
            "tag": next((tag for tag in _TAGS if f"{tag}:" in row.note), ""),
            "colour": metric_colour(row),
            "cells": _cells(row),
        }
        for row in rows
    ]
    note = f"{SHARED_TIMES if mode == 'batch' else TURNS} {busy}".strip()
    return packed({"names": list(names), "rows": shown, "note": note})


def _itself(row: MetricRow) -> str:
    """What the first pane gave when it was measured again."""
    if row.itself is None:
        return ""
    low, high = (format_figure(end, row.unit) for end in row.itself)
    return f"The first pane again gave {low if low == high else f'{low} to {high}'}."


def _better(higher: bool | None) -> str:
    return "" if higher is None else "Higher is better." if higher else "Lower is better."


def _cells(row: MetricRow) -> list[dict[str, Any]]:
    sizes = [abs(value) for value in row.values if value is not None]
    most = max(sizes, default=0)
    if row.mixed or most - min(sizes, default=0) <= _ALIKE * most:  # bars that are all alike show nothing
        most = 0
    return [
        {
            "text": format_figure(value, row.unit),
            "range": range_text(row, i),
            "best": i == row.best,
            "share": round(abs(value) / most, 4) if value is not None and most else 0,
        }
        for i, value in enumerate(row.values)
    ]


def metric_colour(row: MetricRow) -> Colour:
    """The quantity's colour on the whole page."""
    unit = row.unit.lower()
    if unit in ("bytes", "b"):
        return "memory"
    if unit in ("usd", "$"):
        return "money"
    if unit.startswith(("j", "wh")):
        return "energy"
    if unit in ("s", "seconds") or "/s" in unit or "a second" in unit:
        return "time"
    return "prob" if unit in ("bits", "nats", "share", "0 to 1") else "ink-2"

"""Saved runs side by side: a comparison of what was computed before, without running anything."""

from collections.abc import Sequence
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.experiment import MAX_PANES, MIN_PANES
from playground.experiments.compare.records import CompareRecord
from playground.runs.records import RunRecord


def compare_saved(runs: Sequence[RunRecord]) -> CompareRecord:
    """The runs as panes; the first one is what the others are compared with.

    Raises:
        PlaygroundError: There are too few or too many, or their prompts differ.
    """
    if not MIN_PANES <= len(runs) <= MAX_PANES:
        raise PlaygroundError(f"A comparison has {MIN_PANES} to {MAX_PANES} runs; {len(runs)} were chosen.")
    first, *others = runs
    if any(run.prompt != first.prompt for run in others):
        raise PlaygroundError("These runs have different prompts: choose runs of one prompt.")
    base = _values(first)
    return CompareRecord(
        mode="turns",
        prompt=first.prompt,
        base=base,
        changes=[{name: value for name, value in _values(run).items() if value != base.get(name)} for run in runs],
        reference=0,
        panes=list(runs),
        diffs=[diff_runs(first, run, place) for place, run in enumerate(runs) if place],
    )


def _values(run: RunRecord) -> dict[str, Any]:
    return run.settings | {"model": run.model.id, "quantization": run.model.quantization}

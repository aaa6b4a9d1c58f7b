"""How a comparison or a sweep differs from its replay."""

from collections.abc import Iterator

from playground.experiments.compare.records import CompareRecord, SweepRecord
from playground.runs.records import RunRecord
from playground.runs.replay import compare_runs

_CUT_SHORT = ("time", "cancelled")  # the model would have written more


def _difference(old: RunRecord, new: RunRecord | None) -> str:
    """The first token that differs; a run that was cut short is compared as long as it was."""
    if new is None:
        return "did not run again."
    if old.finish_reason in _CUT_SHORT:
        new = new.model_copy(update={"tokens": new.tokens[: len(old.tokens)]})
    outcome = compare_runs(old, new)
    return "" if outcome.identical else outcome.difference(old)


def compare_differences(old: CompareRecord, new: CompareRecord) -> Iterator[str]:
    """Of the tokens of each pane; times are not compared."""
    now = dict(zip(new.places, new.panes, strict=True))
    for place, (number, pane) in enumerate(zip(old.places, old.panes, strict=True)):
        if difference := _difference(pane, now.get(place)):
            yield f"pane {number + 1}: {difference}"


def sweep_differences(old: SweepRecord, new: SweepRecord) -> Iterator[str]:
    """Of the tokens of each run; times are not compared."""
    now = dict(zip(new.values, new.runs, strict=True))
    for value, run in zip(old.values, old.runs, strict=True):
        if difference := _difference(run, now.get(value)):
            yield f"{old.name} = {value}: {difference}"

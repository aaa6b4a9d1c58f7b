"""The result of a comparison in a sentence."""

from collections.abc import Sequence

from playground.experiments.compare.records import DiffRecord
from playground.experiments.compare.table import MetricRow
from playground.runs.records import RunRecord
from playground.views.format import format_figure

_SPEED = "decode"  # the metric that a person means by speed
NO_DIFFERENCE = "no difference seen"


def verdict(
    panes: Sequence[RunRecord], names: Sequence[str], reference: int, diffs: Sequence[DiffRecord],
    rows: Sequence[MetricRow] = (),
) -> str:  # fmt: skip
    """The result in a sentence: where each answer leaves that of the reference, and which pane is faster."""
    if len(panes) < 2:
        return ""
    first, parts = names[reference], list[str]()
    for one in diffs:
        if one.first_difference is None:
            parts.append(f"{names[one.pane]} says the same as {first}")
        else:
            parts.append(f"{names[one.pane]} says other words than {first} from token {one.first_difference + 1:,}")
    parts += [speed for row in rows if row.name == _SPEED and (speed := _speed(row, names))]
    return f"{'; '.join(parts)}."


def _speed(row: MetricRow, names: Sequence[str]) -> str:
    """Whether the panes differ in speed; empty where each was measured once."""
    if row.differs is None:
        return ""
    known = [(value, name) for value, name in zip(row.values, names, strict=True) if value is not None]
    if not row.differs:
        return f"speed: {NO_DIFFERENCE} beyond what one pane differs from itself"
    (low, slowest), (high, fastest) = min(known), max(known)
    return f"speed: {fastest} {format_figure(high, row.unit)}, {slowest} {format_figure(low, row.unit)}"

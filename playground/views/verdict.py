"""The result of a comparison in a sentence."""

from collections.abc import Sequence

from playground.experiments.compare.records import DiffRecord
from playground.runs.records import RunRecord


def verdict(panes: Sequence[RunRecord], names: Sequence[str], reference: int, diffs: Sequence[DiffRecord]) -> str:
    """The result in a sentence: where each answer leaves that of the reference."""
    if len(panes) < 2:
        return ""
    first, parts = names[reference], list[str]()
    for one in diffs:
        if one.first_difference is None:
            parts.append(f"{names[one.pane]} says the same as {first}")
        else:
            parts.append(f"{names[one.pane]} says other words than {first} from token {one.first_difference + 1:,}")
    return f"{'; '.join(parts)}."

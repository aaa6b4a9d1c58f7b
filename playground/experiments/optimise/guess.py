"""What a person drew before the KV cache was measured, beside what was measured.

A line is the time of a token from the first position to the last, in multiples of its own first token's time: what is
guessed is its shape, since nobody knows the speed of a machine beforehand.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from playground.experiments.optimise.declared.kv_cache import WITH, WITHOUT
from playground.experiments.optimise.records import Line, OptimisationRecord
from playground.numbers import short_number

LINES = {"with": WITH, "without": WITHOUT}
"""Names of the lines in the page's part, and in records."""
STEPS = 16
"""A drawn line has a height at the first position and after each of these steps."""
HIGHEST = 1_000.0  # of a drawn height
_CLOSE = 1.25  # a line that grows within this factor of the drawn one is about as drawn
_FLAT = 1.1  # a line that grows less does not rise
_ENDS, _MOST_ENDS = 8, 16  # a measured end is the median of an eighth of the line, at most 16 tokens
Points = list[tuple[float, float]]


def drawn_lines(value: Any) -> dict[str, list[float]]:
    """The heights of each line that was drawn; what no page of ours sends is left out."""
    given = value if isinstance(value, dict) else {}
    lines = {key: _heights(one.get("ys")) for key in LINES if isinstance(one := given.get(key), dict)}
    return {key: ys for key, ys in lines.items() if ys}


def _heights(ys: Any) -> list[float]:
    if not isinstance(ys, list) or len(ys) != STEPS + 1:
        return []
    are_heights = all(type(y) in (int, float) and 0 <= y <= HIGHEST for y in ys) and ys[0] > 0
    return [float(y) for y in ys] if are_heights else []


def measured_lines(record: OptimisationRecord) -> dict[str, Points]:
    """Each measured line: shares of the way from the first position to the last, and multiples of the first time."""
    lines = {line.name: line for figure in record.figures[:1] for line in figure.lines}
    found = {key: _points(lines[name]) for key, name in LINES.items() if name in lines}
    return {key: points for key, points in found.items() if len(points) > 1}


def _points(line: Line) -> Points:
    known = [(x, y) for x, y in zip(line.xs, line.ys, strict=True) if y is not None and math.isfinite(y)]
    first_s = _end([y for _, y in known])
    if len(known) < 2 or first_s <= 0:
        return []
    start, way = known[0][0], known[-1][0] - known[0][0]
    return [((x - start) / way, y / first_s) for x, y in known] if way > 0 else []


def _end(ys: Sequence[float]) -> float:
    """The beginning of a line; a single token may have waited for the machine."""
    return median(ys[: max(1, min(_MOST_ENDS, len(ys) // _ENDS))]) if ys else 0.0


def growth(ys: Sequence[float]) -> float:
    """The end of a line as a multiple of its beginning."""
    return _end(ys[::-1]) / _end(ys)


def compared(drawn: Mapping[str, Sequence[float]], measured: Mapping[str, Points]) -> str:
    """A sentence for each line that was drawn and measured: how much it grew, and whether that is what was drawn."""
    lines = [
        _sentence(name, drawn[key][-1] / drawn[key][0], growth([y for _, y in measured[key]]))
        for key, name in LINES.items()
        if key in drawn and key in measured
    ]
    return "\n".join(lines)


def _sentence(name: str, guessed: float, grown: float) -> str:
    if guessed * _CLOSE < grown:
        how = "it rises more than drawn"
    elif guessed <= grown * _CLOSE:
        how = "about as drawn"
    else:
        how = "it rises less than drawn" if grown > _FLAT else "it does not rise"
    return (
        f"{name[:1].upper()}{name[1:]}: drawn to {short_number(guessed)} times the first token's time at the end, "
        f"measured {short_number(grown)} times: {how}."
    )

"""A chart as plain data: axes, series, marks. The component `chart` draws it; here it is only checked and written."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["line", "step", "dots", "bars"]
Colour = Literal["prob", "time", "memory", "money", "energy", "ink", "ink-2", "add", "del"]
"""Names of the theme's values; one colour per quantity, as on the whole page."""
Number = float | None
_COLOURS = frozenset(get_args(Colour))


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        label: Name of the quantity.
        unit: Unit of all its numbers, or empty.
        categories: Names for the positions 0, 1, 2... instead of numbers.
        percent: Values are shares, 0 to 1, shown as percent.
        log: Logarithmic: all its values must be above zero.
        min, max: Ends; None follows the data, a y axis from zero.
    """

    label: str
    unit: str = ""
    categories: tuple[str, ...] = ()
    percent: bool = False
    log: bool = False
    min: Number = None
    max: Number = None

    def __post_init__(self) -> None:
        _finite(self.min, self.max)
        if self.log and any(end is not None and end <= 0 for end in (self.min, self.max)):
            raise ValueError(f"a logarithmic axis ends above zero: {self.min}, {self.max}")

    def plain(self) -> dict[str, Any]:
        """The set fields only."""
        values: dict[str, Any] = {"label": self.label, "unit": self.unit, "percent": self.percent, "log": self.log}
        values |= {"categories": list(self.categories)} | {"min": self.min, "max": self.max}
        return {name: value for name, value in values.items() if value or (value == 0 and value is not False)}


@dataclass(frozen=True)
class Series:
    """Points of one series: (x, y), y None where nothing was measured.

    Attributes:
        name: For the legend and the readout.
        kind: How it is drawn.
        points: In the order of x.
        colour: Colour of its quantity.
        low, high: Ends of each point's interval; a band for lines, whiskers for the rest.
        labels: What the readout adds to each point.
    """

    name: str
    kind: Kind
    points: Sequence[tuple[float, Number]]
    colour: Colour = "ink"
    low: Sequence[Number] = ()
    high: Sequence[Number] = ()
    labels: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or self.colour not in _COLOURS:
            raise ValueError(f"no such kind or colour: {self.kind}, {self.colour}")
        for more in (self.low, self.high, self.labels):
            if more and len(more) != len(self.points):
                raise ValueError(f"{self.name}: {len(more)} for {len(self.points)} points")
        if bool(self.low) != bool(self.high):
            raise ValueError(f"{self.name}: an interval has two ends")
        _finite(*(number for point in self.points for number in point), *self.low, *self.high)

    def plain(self) -> dict[str, Any]:
        """The set fields only."""
        values: dict[str, Any] = {"name": self.name, "kind": self.kind, "colour": self.colour}
        values["points"] = [list(point) for point in self.points]
        more = {"low": list(self.low), "high": list(self.high), "labels": list(self.labels)}
        return values | {name: value for name, value in more.items() if value}


@dataclass(frozen=True)
class Mark:
    """A vertical line at `x` with its name; more than four names, or long names, are numbered and listed below."""

    x: float
    label: str
    colour: Colour = "ink-2"

    def __post_init__(self) -> None:
        if self.colour not in _COLOURS:
            raise ValueError(f"no such colour: {self.colour}")
        _finite(self.x)


@dataclass(frozen=True)
class ChartSpec:
    """A whole chart; `summary` describes it in one sentence, for those who can't see it."""

    x: Axis
    y: Axis
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    title: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        xs = [point[0] for one in self.series for point in one.points]
        ys = [point[1] for one in self.series for point in one.points if point[1] is not None]
        places = range(len(self.x.categories))
        if self.x.categories and any(x not in places for x in xs):
            raise ValueError(f"a point is outside the {len(places)} categories")
        if self.x.log and min([*xs, *(mark.x for mark in self.marks)], default=1) <= 0:
            raise ValueError("a logarithmic x axis has values above zero only")
        if self.y.log and min(ys, default=1) <= 0:
            raise ValueError("a logarithmic y axis has values above zero only")

    def to_json(self) -> str:
        """The component's value: ASCII, without "<", since Gradio warns about text that looks like a tag."""
        value: dict[str, Any] = {"title": self.title, "x": self.x.plain(), "y": self.y.plain()}
        value["series"] = [one.plain() for one in self.series]
        value["marks"] = [{"x": mark.x, "label": mark.label, "colour": mark.colour} for mark in self.marks]
        value["summary"] = self.summary
        return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _finite(*numbers: Number) -> None:
    for number in numbers:
        if number is not None and not math.isfinite(number):
            raise ValueError(f"a chart has finite numbers only; got {number}")

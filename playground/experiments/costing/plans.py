"""The declaration of a calculator: its inputs, figures and charts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number of a result; `formula` names the function whose docstring explains it.

    Attributes:
        zero: What 0 means.
        low, high: The figures that are the ends of its range, shown with it.
    """

    id: str
    label: str
    unit: str
    formula: str
    zero: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Lines:
    """One series of a chart: the points of the result's series `key`, and of others for its low and high ends."""

    name: str
    key: str
    kind: str = "line"
    colour: str = "money"
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class ChartPlan:
    """What a chart draws of a result.

    Attributes:
        id: Unique among all charts.
        title: Of the chart.
        x, y: Label and unit of the axes; the unit `usd` means the chosen currency.
        lines: Its series. A tornado has one: rows of place, low and high, whose names are `categories`.
        kind: `xy`, `models` (a place of x is a model: place, value, maybe low and high), or `tornado`.
        categories: Names of the rows of a tornado: ids of fields.
        base: Of a tornado: the figure with every input at its base.
        limit: A figure: rows by model beyond it are marked as out of reach.
        marks: Vertical lines: a field or figure, and its words.
        never: What is said where the first mark is 0: the answer lies nowhere on the axis.
    """

    id: str
    title: str
    x: tuple[str, str]
    y: tuple[str, str]
    lines: tuple[Lines, ...]
    kind: str = "xy"
    categories: tuple[str, ...] = ()
    base: str = ""
    limit: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    never: str = ""


@dataclass(frozen=True)
class Section:
    """One calculator.

    Attributes:
        tab: Name of the page section that shows it.
        lead: What it shows, in one sentence.
        calculate: The formula: inputs and prices of models to figures and series.
        fields: Inputs shown.
        figures: Results; the first `large` are the headline.
        ranges: Inputs shown folded: ends of uncertain ones.
        hidden: Inputs that another calculator shows.
        verdicts: Sentences by the figure `verdict`; `{name}` stands for a figure or an input.
    """

    id: str
    tab: str
    title: str
    lead: str
    calculate: Callable[[Any, Any], Any]
    fields: tuple[str, ...]
    figures: tuple[Figure, ...]
    charts: tuple[ChartPlan, ...]
    ranges: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    large: int = 4

    @property
    def inputs(self) -> tuple[str, ...]:
        """All inputs of the calculation."""
        return (*self.fields, *self.ranges, *self.hidden)

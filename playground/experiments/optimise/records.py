"""The document of an optimisation: a baseline, its variants, the noise of this machine, and a verdict."""

from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from playground.runs.records import Document, ModelRecord, Part


class Measure(Part):
    """One quantity of one arm, in every cycle; a quantity that noise does not touch is taken once."""

    median: float
    low: float
    high: float
    values: list[float] = Field(min_length=1)


class ArmRecord(Part):
    """One way to do it.

    Attributes:
        name: The same in every table and chart.
        settings: What sets it apart.
        measured: By the name of a quantity, see `quantities.QUANTITIES`.
        predicted: What a formula says, by the same names; computed before anything of this arm was measured.
        beside: The baseline in this arm's own cycles, where arms were not all measured in the same ones.
        same_answer: Whether every answer has the tokens of the baseline's; None where there is nothing to compare.
        first_difference: Place of the first token that differs, from 0.
        answer: The text of its first answer.
        token_ids: Of the first answer.
        not_here: Why it was not measured, in a sentence.
    """

    name: str
    settings: dict[str, Any]
    measured: dict[str, Measure]
    predicted: dict[str, float]
    beside: dict[str, Measure] = Field(default_factory=dict)
    same_answer: bool | None = None
    first_difference: int | None = None
    answer: str = ""
    token_ids: list[int] = Field(default_factory=list)
    not_here: str = ""

    def median(self, quantity: str) -> float | None:
        """The median of a quantity; None where it was not measured."""
        found = self.measured.get(quantity)
        return None if found is None else found.median


class NoiseRecord(Part):
    """What this machine does to a number by itself: the baseline was measured twice over in every cycle (A/A).

    Attributes:
        cycles: Complete ones; every cycle measures every arm once, and the baseline twice.
        band: By quantity, the largest difference of the two in one cycle, as a share of the baseline's median.
        order: Names of the arms as they ran, a list for each cycle; the second baseline is "baseline again".
        busy_share: Time of all processors that other processes took meanwhile, 0 to 1; None where it is not known.
    """

    cycles: int
    band: dict[str, float]
    order: list[list[str]]
    busy_share: NonNegativeFloat | None = None


class Figure(Part):
    """A chart of one panel, such as time against position."""

    title: str
    x: str
    x_unit: str = ""
    y: str
    y_unit: str = ""
    log: bool = False
    percent: bool = False
    lines: list["Line"]
    summary: str


class Line(Part):
    """A line of a chart, with a name; `dots` are points on their own, `low` and `high` a band."""

    name: str
    xs: list[float]
    ys: list[float | None]
    low: list[float | None] = Field(default_factory=list)
    high: list[float | None] = Field(default_factory=list)
    kind: Literal["line", "dots", "step"] = "line"


class Grid(Part):
    """A table of one panel; numbers are written in the unit of their column."""

    title: str
    head: list[str]
    units: list[str]
    rows: list[list[str | float | None]]
    note: str = ""


class Piece(Part):
    """A piece of a text and what it is, one of `Traced.kinds`."""

    text: str
    kind: str


class Traced(Part):
    """A text whose pieces are of several kinds, such as drafted and accepted; `kinds` says what each is."""

    title: str
    kinds: dict[str, str]
    pieces: list[Piece]


class Standing(Part):
    """What has been measured so far.

    Attributes:
        headline: Quantities that its chart shows, the first of them the one that decides.
        figures, grids, texts: What only this panel shows.
    """

    headline: list[str]
    baseline: ArmRecord
    variants: list[ArmRecord]
    noise: NoiseRecord
    figures: list[Figure] = Field(default_factory=list)
    grids: list[Grid] = Field(default_factory=list)
    texts: list[Traced] = Field(default_factory=list)

    @property
    def arms(self) -> list[ArmRecord]:
        """The baseline, then the variants."""
        return [self.baseline, *self.variants]


class OptimisationRecord(Document, Standing):
    """One panel of Optimise: what was measured, what was predicted, and what that says.

    Attributes:
        name: Of the panel.
        request: Its fields, to be run again.
        cycles_asked: How many cycles were requested.
        verdict: Sentences made from the numbers.
    """

    schema_: Literal[1] = 1
    kind: Literal["experiment"] = "experiment"
    name: str
    model: ModelRecord
    request: dict[str, Any]
    cycles_asked: PositiveInt
    verdict: str
    ended: Literal["complete", "stopped"]
    environment: dict[str, Any]

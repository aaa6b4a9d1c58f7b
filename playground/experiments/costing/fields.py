"""The inputs of every calculation: what they mean, their limits and their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from playground.data.presets import Line, PresetDocument, PresetPart, Sentence, check_document
from playground.errors import PlaygroundError, nearest
from playground.files import read_yaml
from playground.numbers import plain_number, with_a_point

Number = Annotated[Decimal, Field(allow_inf_nan=False)]
CONSTANTS = {"whole": Decimal(1), "low_share": Decimal("0.1")}
"""What formulas need as a number of the caller's kind: the whole, and the share below the low end of a range."""
_LONGEST = 60
_DIGITS = Context(prec=15)  # what a document keeps for certain, so that it computes the same numbers again


class CostField(PresetPart):
    """One input.

    Attributes:
        id: Its name in formulas, documents, links and options.
        label: What people call it.
        unit: `usd`, `usd/h`, `usd/kWh`, `share` (0 to 1), `switch` (0 or 1), else as it is written.
        low, high: Its limits.
        default: Its value until it is set.
        follows: Instead of a default: until it is set, it has the value of this field times `factor`.
        slider: Ends of its slider, if it has one.
        log: The slider moves by ratio.
        when, unless: The switch that must be on, or off, for it to be shown.
        about: Where the default is from, and what the input means.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    label: Line
    unit: Line
    low: Number
    high: Number
    default: Number | None = None
    follows: str | None = None
    factor: Number = Decimal(1)
    slider: tuple[Number, Number] | None = None
    log: bool = False
    when: str | None = None
    unless: str | None = None
    about: Sentence

    @model_validator(mode="after")
    def _holds_together(self) -> "CostField":
        if (self.default is None) == (self.follows is None):
            raise ValueError("a field has a default or follows another")
        if self.default is not None and not self.low <= self.default <= self.high:
            raise ValueError("the default lies outside the limits")
        return self

    def check(self, raw: Any) -> Decimal:
        """A value as a number within the limits.

        Raises:
            PlaygroundError: Says the limits.
        """
        text = str(raw)[: _LONGEST + 1]
        number = plain_number(text)
        if number is None:
            raise PlaygroundError(f"{self.label} must be a number; got {text[:_LONGEST]!r}{with_a_point(text)}")
        value = Decimal(number)
        if not self.low <= value <= self.high:
            raise PlaygroundError(f"{self.label} must be {self.low:,f} to {self.high:,f}; got {str(raw)[:_LONGEST]}.")
        return _DIGITS.plus(value)


class CostFields(PresetDocument):
    """The file `cost.yaml`."""

    as_of: date
    fields: Annotated[tuple[CostField, ...], Field(min_length=1)]

    def find(self, id: str) -> CostField:
        """The input of that id.

        Raises:
            PlaygroundError: There is none.
        """
        for field in self.fields:
            if field.id == id:
                return field
        raise PlaygroundError(
            f"Unknown input {id[:_LONGEST]!r}: {nearest(id[:_LONGEST], [one.id for one in self.fields])}"
        )


@dataclass(frozen=True)
class Assumption:
    """The value an input has, and where it is from, in words: `typed`, `assumed`, or what was measured."""

    value: Decimal
    source: str


class FieldErrors(PlaygroundError):
    """What is wrong with each input, by its id."""

    def __init__(self, problems: dict[str, str]):
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def load_cost_fields(path: Path) -> CostFields:
    """The inputs of `cost.yaml`.

    Raises:
        PlaygroundError: Names the file and what is wrong.
    """
    fields = check_document(CostFields, read_yaml(path), repr(path.name))
    known = {field.id for field in fields.fields}
    for field in fields.fields:
        if field.follows is not None and field.follows not in known:
            raise PlaygroundError(f"{path.name!r}: {field.id} follows {field.follows!r}, which is not a field.")
    return fields


def read_inputs(
    fields: CostFields, names: tuple[str, ...], given: Mapping[str, Any], sources: Mapping[str, str]
) -> dict[str, Assumption]:
    """Every named input: as given and checked, or its default.

    The source of a given one is `typed` if nothing is said.

    Raises:
        FieldErrors: One sentence for each value that can't be used.
    """
    problems: dict[str, str] = {}
    inputs: dict[str, Assumption] = {}
    for name in names:
        field = fields.find(name)
        if name in given:
            try:
                inputs[name] = Assumption(field.check(given[name]), sources.get(name, "typed")[:400])
            except PlaygroundError as error:
                problems[name] = str(error)
    if problems:
        raise FieldErrors(problems)
    for name in names:
        if name not in inputs:
            inputs[name] = _default(fields, fields.find(name), inputs)
    return inputs


def _default(fields: CostFields, field: CostField, inputs: Mapping[str, Assumption]) -> Assumption:
    if field.follows is None:
        assert field.default is not None
        return Assumption(field.default, f"assumed: {field.about}")
    base = inputs.get(field.follows) or _default(fields, fields.find(field.follows), inputs)
    value = min(field.high, max(field.low, _DIGITS.plus(base.value * field.factor)))
    return Assumption(value, f"assumed: {field.factor.normalize():f} x {fields.find(field.follows).label.lower()}")

"""Sites and grids with their PUE and carbon intensity: a YAML file as checked, frozen values."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from playground.data.presets import Id, Line, PresetDocument, PresetPart, Sentence
from playground.errors import PlaygroundError

PUE_LIMITS = (1.0, 5.0)
GRID_LIMITS = (0.0, 2000.0)  # g CO2e per kWh; a grid of old lignite plants only has about 1,200


class Site(PresetPart):
    """The site of a machine; `value` is its PUE: power of the whole site for each watt of the machine."""

    id: Id
    title: Line
    value: Annotated[float, Field(ge=PUE_LIMITS[0], le=PUE_LIMITS[1])]
    source: Sentence


class Grid(PresetPart):
    """The source of the electricity; `value` is its mean intensity in g CO2e per kWh."""

    id: Id
    title: Line
    value: Annotated[float, Field(ge=GRID_LIMITS[0], le=GRID_LIMITS[1])]
    source: Sentence


class EnergyList(PresetDocument):
    """The file `energy.yaml`. The first of each is the default."""

    as_of: date
    pue: Annotated[tuple[Site, ...], Field(min_length=1)]
    grid: Annotated[tuple[Grid, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        for name, ids in (("pue", [one.id for one in self.pue]), ("grid", [one.id for one in self.grid])):
            twice = next((id for id in ids if ids.count(id) > 1), None)
            if twice is not None:
                raise PlaygroundError(f"{name} has the id {twice!r} twice: give each a different id.")
        return self

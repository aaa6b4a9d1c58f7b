"""Presets, example prompts and hardware prices: YAML files as checked, frozen values."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from playground.errors import PlaygroundError, nearest
from playground.files import parse_yaml, read_yaml
from playground.settings import QUANTIZATIONS, make_settings

_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\x{2028}-\x{202e}\x{2066}-\x{2069}]*$"  # nor what turns text round
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=_ONE_LINE)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400, pattern=_ONE_LINE)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=32_000)]


class PresetPart(BaseModel):
    """A part of a file: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PresetDocument(PresetPart):
    """A YAML file; `schema` is the version of its format."""

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"), populate_by_name=True)

    schema_: Literal[1]


AnyDocument = TypeVar("AnyDocument", bound=PresetDocument)


class Preset(PresetDocument):
    """A named choice of settings.

    Attributes:
        id: The stem of its file's name; not a key of the file.
        title: Its name in the menu.
        why: One sentence on when to use it.
        settings: Some or all fields of `Settings`, checked; fields left out keep their current values.
        model: Catalogue id, if the preset chooses one.
        quantization: One of `settings.QUANTIZATIONS`, if the preset chooses one.
        prompt: An example prompt, if the preset brings one.
    """

    id: str
    title: Line
    why: Sentence
    settings: dict[str, Any]
    model: Line | None = None
    quantization: Literal["fp32", "bf16", "fp16", "int8", "int4"] | None = None
    prompt: Prompt | None = None

    @field_validator("settings")
    @classmethod
    def _plain_checked_settings(cls, value: dict[str, Any]) -> dict[str, Any]:
        plain = make_settings(**value).model_dump(mode="json")
        return {key: plain[key] for key in value}


def settings_preset(settings: dict[str, Any], model: str | None, quantization: str | None, prompt: str) -> Preset:
    """What a run was made with, as a preset without a file.

    Raises:
        PlaygroundError: A setting is unknown or out of its limits.
    """
    plain = make_settings(**settings).model_dump(mode="json")
    return Preset.model_construct(
        id="run", title="Run", why="A run.", settings=plain, model=model, quantization=quantization, prompt=prompt
    )


class Hardware(PresetPart):
    """A machine to run on, and what it costs; `source` says where the numbers are from.

    `watts` is what it draws while it answers, `idle_watts` while it waits; None where unknown.
    """

    id: Id
    title: Line
    usd_per_hour: Annotated[float, Field(ge=0, le=10_000)]
    watts: Annotated[float, Field(gt=0, le=100_000)]
    idle_watts: Annotated[float, Field(ge=0, le=100_000)] | None = None
    source: Sentence

    @model_validator(mode="after")
    def _idle_is_not_more(self) -> "Hardware":
        if self.idle_watts is not None and self.idle_watts > self.watts:
            raise ValueError(f"idle_watts is {self.idle_watts:g}, more than the watts, {self.watts:g}")
        return self


class HardwareList(PresetDocument):
    """The file `hardware.yaml`; prices are of the date it states."""

    as_of: date
    hardware: Annotated[tuple[Hardware, ...], Field(min_length=1)]


class PriceChoice(PresetPart):
    """An API model for tables of list prices, and why it is listed."""

    id: Annotated[str, StringConstraints(min_length=3, max_length=200, pattern=_ONE_LINE)]
    why: Sentence


class PriceChoices(PresetDocument):
    """The file `prices.yaml`; ids are those of `metrics.prices`."""

    as_of: date
    models: Annotated[tuple[PriceChoice, ...], Field(min_length=1, max_length=10)]


class ExamplePrompt(PresetPart):
    """A prompt worth trying, and what it shows."""

    id: Id
    title: Line
    why: Sentence
    prompt: Prompt


class PromptList(PresetDocument):
    """The file `prompts.yaml`: prompts to try beside those of the examples."""

    prompts: Annotated[tuple[ExamplePrompt, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Problem:
    """A preset file that could not be used: its id, and the sentence that says why."""

    id: str
    message: str


@dataclass(frozen=True)
class Presets:
    """All presets by id, shipped ones first, and the files that could not be used."""

    shipped: dict[str, Preset]
    user: dict[str, Preset]
    problems: tuple[Problem, ...] = ()

    @property
    def all(self) -> dict[str, Preset]:
        """Every usable preset by id, in the order of the menu."""
        return self.shipped | self.user

    def find(self, id: str) -> Preset:
        """The preset with this id.

        Raises:
            PlaygroundError: It does not exist, or its file is broken.
        """
        if id in self.all:
            return self.all[id]
        for problem in self.problems:
            if problem.id == id:
                raise PlaygroundError(problem.message)
        raise PlaygroundError(f"Unknown preset {id[:60]!r}: {nearest(id[:60], list(self.all))}")


def check_document(kind: type[AnyDocument], data: Any, name: str) -> AnyDocument:
    """Data as a document.

    Raises:
        PlaygroundError: Names the document, the first wrong key, and the nearest valid key.
    """
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise PlaygroundError(f"{name} must hold keys and values, starting with 'schema: 1'.")
    try:
        return kind.model_validate(data)
    except PlaygroundError as error:  # from the nested settings, already a sentence
        raise PlaygroundError(f"{name}: {error}") from None
    except ValidationError as error:
        # A mistyped key also counts as missing: report the typo, which says more.
        first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
        raise PlaygroundError(f"{name}: {_sentence(kind, first)}") from None


def _sentence(kind: type[PresetDocument], item: Any) -> str:
    where = ".".join(str(part)[:60] for part in item["loc"])
    if item["type"] == "extra_forbidden":
        siblings = _keys_beside(kind, item["loc"])
        return f"unknown key {where!r}: {nearest(str(item['loc'][-1])[:60], siblings)}"
    if item["type"] == "missing":
        return f"the key {where!r} is missing."
    if item["loc"] == ("schema",):
        return "schema must be 1, the only one this version reads."
    if item["loc"] == ("quantization",):
        return f"quantization must be one of {', '.join(QUANTIZATIONS)}."
    if item["type"] == "string_pattern_mismatch":
        return f"{where} must be on one line, and an id of lower-case letters, digits and hyphens."
    return f"{where}: {item['msg'].lower()}."


def _keys_beside(kind: type[PresetDocument], loc: tuple[str | int, ...]) -> list[str]:
    """The valid keys where a wrong one was found: the document's, or those of its list items."""
    owner: type[BaseModel] = kind
    if len(loc) > 1:
        owner = get_args(kind.model_fields[str(loc[0])].annotation)[0]
    return [field.alias or name for name, field in owner.model_fields.items()]


def parse_preset(text: str | bytes, *, id: str, name: str) -> Preset:
    """A preset from YAML text; `name` identifies it in errors.

    Raises:
        PlaygroundError: Names the text, the key and what to do.
    """
    data = parse_yaml(text, name)
    if isinstance(data, dict):
        if "id" in data:
            raise PlaygroundError(f"{name}: unknown key 'id': the id is the name of the file; remove the key.")
        data["id"] = id
    return check_document(Preset, data, name)


def load_list(kind: type[AnyDocument], path: Path) -> AnyDocument:
    """A shipped file, such as `hardware.yaml`, as the kind of document that it holds.

    Raises:
        PlaygroundError: Names the file and what is wrong.
    """
    return check_document(kind, read_yaml(path), repr(path.name))

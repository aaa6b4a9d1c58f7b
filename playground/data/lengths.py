"""Lengths of real answers that ship with the app: measured once, as a YAML file of checked, frozen values."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from playground.data.presets import Id, Line, PresetDocument, PresetPart, Prompt, Sentence
from playground.errors import PlaygroundError
from playground.settings import make_settings

Tokens = Annotated[int, Field(ge=1, le=1_000_000)]


class LengthSet(PresetPart):
    """Answers to one prompt, in the order of their seeds.

    Attributes:
        prompt: The prompt.
        input_tokens: Tokens of the prompt with its template.
        output_tokens: Tokens of each answer.
        cut: How many of these ended only because they reached `max_new_tokens`.
        command: The command that measures them again.
        source: What was measured, in words.
    """

    id: Id
    title: Line
    prompt: Prompt
    input_tokens: Tokens
    output_tokens: Annotated[tuple[Tokens, ...], Field(min_length=2)]
    cut: Annotated[int, Field(ge=0)]
    command: Sentence
    source: Sentence


class LengthList(PresetDocument):
    """The file `lengths.yaml`.

    Attributes:
        as_of: When all were measured.
        version: Version of the app that measured them.
        model, quantization, processor, threads, torch: What it ran on.
        settings: Settings of each first run; each later run has the next seed.
    """

    as_of: date
    version: Line
    model: Line
    quantization: Line
    processor: Line
    threads: Annotated[int, Field(ge=1)]
    torch: Line
    settings: dict[str, Any]
    lengths: Annotated[tuple[LengthSet, ...], Field(min_length=1)]

    @field_validator("settings")
    @classmethod
    def _checked_settings(cls, value: dict[str, Any]) -> dict[str, Any]:
        plain = make_settings(**value).model_dump(mode="json")
        return {name: plain[name] for name in value}

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        most, ids = self.settings["max_new_tokens"], [one.id for one in self.lengths]
        twice = next((id for id in ids if ids.count(id) > 1), None)
        if twice is not None:
            raise PlaygroundError(f"the id {twice!r} appears twice: give each set a different id.")
        for one in self.lengths:
            if max(one.output_tokens) > most or one.cut > one.output_tokens.count(most):
                raise ValueError(f"{one.id}: no answer is longer than max_new_tokens, {most}, and only those are cut")
        return self

"""The examples of the first screen: YAML files as checked, frozen values. Each picture holds figures of a real run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from playground.data.presets import ExamplePrompt, Line, PresetDocument, PresetPart, Prompt, Sentence, load_list
from playground.settings import make_settings

Share = Annotated[float, Field(ge=0, le=1e9)]
Label = Annotated[str, Field(min_length=1, max_length=40)]


class Bar(PresetPart):
    """One bar: its length, the text at its end, and the ends of its interval."""

    label: Label
    value: Share
    text: Label
    low: Share | None = None
    high: Share | None = None


class Picture(PresetPart):
    """Bars, or lines of words with their surprise in bits."""

    caption: Line
    bars: tuple[Bar, ...] = ()
    words: tuple[tuple[tuple[Label, Share], ...], ...] = ()


class Example(PresetDocument):
    """Something to try with one click.

    Attributes:
        title: Its name.
        why: What it shows.
        tab: Where it runs; in Cost there is nothing to run.
        prompt: What is sent.
        settings: Some or all fields of `Settings`; those left out get their defaults.
        fields: Controls of the tab by name: `n` and `mentions` of Reruns, `panes` of Compare.
        picture: What came out when it was tried.
    """

    title: Line
    why: Sentence
    tab: Literal["Play", "Compare", "Reruns", "Cost"]
    prompt: Prompt | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    fields: dict[str, Any] = Field(default_factory=dict)
    picture: Picture

    @field_validator("settings")
    @classmethod
    def _checked_settings(cls, value: dict[str, Any]) -> dict[str, Any]:
        return make_settings(**value).model_dump(mode="json")


def prompts_to_try(examples: Mapping[str, Example], more: Sequence[ExamplePrompt]) -> tuple[ExamplePrompt, ...]:
    """The prompts of the examples that run in Play, then more."""
    first = (
        ExamplePrompt(id=id, title=one.title, why=one.why, prompt=one.prompt)
        for id, one in examples.items()
        if one.tab == "Play" and one.prompt
    )
    return *first, *more


def load_examples(folder: Path) -> dict[str, Example]:
    """The files of a folder by their stem, in the order of their names.

    Raises:
        PlaygroundError: Names the file and what is wrong.
    """
    return {path.stem: load_list(Example, path) for path in sorted(folder.glob("*.yaml"))}

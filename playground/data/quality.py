"""What a quantized model is judged by: a text for its perplexity, and sentences with four ends each."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from playground.data.presets import Line, PresetDocument, PresetPart, Sentence, load_list
from playground.errors import PlaygroundError
from playground.paths import presets_dir

_Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
_Ends = Annotated[tuple[Line, ...], Field(min_length=2, max_length=8)]


class SampleText(PresetDocument):
    """The file `text.yaml`: a text in the public domain, and where it is from."""

    source: Sentence
    paragraphs: Annotated[tuple[_Paragraph, ...], Field(min_length=1)]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join(self.paragraphs)


class Choice(PresetPart):
    """A sentence without its end, ends to choose from, and the place of the true one."""

    text: Line
    ends: _Ends
    right: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _right_is_an_end(self) -> Self:
        if self.right >= len(self.ends):
            raise PlaygroundError(f"right must be at most {len(self.ends) - 1}, the place of the last end.")
        return self


class ChoiceList(PresetDocument):
    """The file `choices.yaml`."""

    choices: Annotated[tuple[Choice, ...], Field(min_length=1)]


def shipped_text() -> SampleText:
    """The text that ships."""
    return load_list(SampleText, presets_dir() / "quality" / "text.yaml")


def shipped_choices() -> ChoiceList:
    """The sentences that ship."""
    return load_list(ChoiceList, presets_dir() / "quality" / "choices.yaml")

"""Data of the context experiments, language samples and the needle with its haystack: YAML as checked values."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from playground.data.presets import Id, Line, PresetDocument, PresetPart, Sentence, load_list
from playground.errors import PlaygroundError
from playground.paths import presets_dir

CODE = "{code}"
"""Where the fact and its answer hold the code."""
_WithCode = Annotated[Sentence, StringConstraints(pattern=r"\{code\}")]


class LanguageSample(PresetPart):
    """The sample in one language."""

    id: Id
    title: Line
    text: Sentence


class LanguageList(PresetDocument):
    """The file `languages.yaml`: the same text in several languages, and its source."""

    source: Sentence
    languages: Annotated[tuple[LanguageSample, ...], Field(min_length=1)]


class Haystack(PresetDocument):
    """The file `needle.yaml`.

    Attributes:
        fact: What is hidden; holds `CODE`.
        question: The question at the end.
        answer: The right answer in full; ends with `CODE`.
        filler: Sentences to hide it in, used in turn.
    """

    fact: _WithCode
    question: Sentence
    answer: _WithCode
    filler: Annotated[tuple[Sentence, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ends_with_the_code(self) -> Self:
        if not self.answer.endswith(CODE):
            raise PlaygroundError(f"answer must end with {CODE}, whose tokens are scored.")
        return self

    @property
    def text(self) -> str:
        """All filler sentences, once."""
        return " ".join(self.filler)


def shipped_languages() -> LanguageList:
    """The samples that ship."""
    return load_list(LanguageList, presets_dir() / "context" / "languages.yaml")


def shipped_haystack() -> Haystack:
    """The fact and the filler that ship."""
    return load_list(Haystack, presets_dir() / "context" / "needle.yaml")

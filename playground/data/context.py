"""Data of the context experiments, language samples and the needle with its haystack: YAML as checked values."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from playground.data.presets import Id, Line, PresetDocument, PresetPart, Sentence, check_document
from playground.errors import PlaygroundError
from playground.files import read_yaml

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


def load_languages(path: Path) -> LanguageList:
    """The samples of `languages.yaml`.

    Raises:
        PlaygroundError: Names the file and what is wrong.
    """
    return check_document(LanguageList, read_yaml(path), repr(path.name))


def load_haystack(path: Path) -> Haystack:
    """The sentences of `needle.yaml`.

    Raises:
        PlaygroundError: Names the file and what is wrong.
    """
    haystack = check_document(Haystack, read_yaml(path), repr(path.name))
    if not haystack.answer.endswith(CODE):
        raise PlaygroundError(f"{path.name!r}: answer must end with {CODE}, whose tokens are scored.")
    return haystack

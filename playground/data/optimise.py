"""Data of the panels of Optimise, YAML as checked values."""

from typing import Annotated

from pydantic import Field, StringConstraints

from playground.data.presets import Line, PresetDocument, PresetPart, Sentence, load_list
from playground.paths import presets_dir

_WithTime = Annotated[Line, StringConstraints(pattern=r"\{time\}")]


class PrefixData(PresetDocument):
    """The file `prefix.yaml`.

    Attributes:
        time_line: Stands before the system prompt; holds `{time}`.
        time, other_time: Of this request, and of an earlier one.
        other_sentence: What the earlier one had in the middle of its system prompt.
        other_question: What the earlier one was about.
        system: Sentences of the system prompt, which a person may replace.
    """

    time_line: _WithTime
    time: Line
    other_time: Line
    other_sentence: Sentence
    other_question: Sentence
    system: Annotated[tuple[Sentence, ...], Field(min_length=2)]


def shipped_prefix() -> PrefixData:
    """The system prompt that ships."""
    return load_list(PrefixData, presets_dir() / "optimise" / "prefix.yaml")


class Opposed(PresetPart):
    """A request, the same in other words, and its opposite in nearly the same words."""

    prompt: Line
    paraphrase: Line
    opposite: Line


class ResponseData(PresetDocument):
    """The file `responses.yaml`.

    Attributes:
        small_words: Words that say nothing about the subject, lower case.
        pairs: Requests in three forms.
    """

    small_words: tuple[Line, ...]
    pairs: Annotated[tuple[Opposed, ...], Field(min_length=4)]


def shipped_responses() -> ResponseData:
    """The requests that ship."""
    return load_list(ResponseData, presets_dir() / "optimise" / "responses.yaml")


class Question(PresetPart):
    """A question and its options, the right one first."""

    question: Sentence
    options: Annotated[tuple[Line, ...], Field(min_length=2, max_length=8)]


class QuestionData(PresetDocument):
    """The file `questions.yaml`."""

    questions: Annotated[tuple[Question, ...], Field(min_length=4)]


def shipped_questions() -> QuestionData:
    """The questions that ship."""
    return load_list(QuestionData, presets_dir() / "optimise" / "questions.yaml")

"""A complete experiment in one file: how many characters the model's tokens have, prompt by prompt."""

from collections.abc import Iterator
from typing import Any, Literal

from playground.runs.experiment import Experiment, Lab
from playground.runs.records import Document, ModelRecord, Part
from playground.runs.request import Request, item
from playground.runs.stages import Stage, Steps
from playground.views.panels import Content, Panel, Sofar, Table, View
from playground.views.spec import Axis, ChartSpec, Series


class WidthRequest(Request):
    """Texts to measure."""

    words: tuple[str, ...] = item(
        ("one", "two"), "Words", "Each becomes a text of its own.", min_length=1, max_length=9
    )
    times: int = item(3, "Repeats of each word", ge=1, le=64)
    spaced: bool = item(True, "With spaces between")


class WidthPart(Part):
    """One text."""

    word: str
    tokens: int


class WidthRecord(Document):
    """All texts."""

    schema_: Literal[1] = 1
    kind: Literal["width"] = "width"
    model: ModelRecord
    words: list[str]
    times: int
    spaced: bool
    ended: Literal["complete", "stopped"]
    texts: list[WidthPart]
    environment: dict[str, Any]


def run(lab: Lab, request: WidthRequest) -> Steps[WidthRecord]:
    texts = []
    for place, word in enumerate(request.words):
        lab.obey()
        yield Stage(f"reading {word!r}", place / len(request.words))
        text = (" " if request.spaced else "").join([word] * request.times)
        ids = lab.backend.tokenize(lambda tokenizer, text=text: tokenizer(text, add_special_tokens=False)["input_ids"])
        texts.append(WidthPart(word=word, tokens=len(ids)))
        yield texts[-1]
    asked = {"words": list(request.words), "times": request.times, "spaced": request.spaced}
    return WidthRecord(**lab.stamp(1), **asked, ended="complete", texts=texts)


def draw(sofar: Sofar) -> dict[str, Content]:
    texts = sofar.record.texts if sofar.record else sofar.of(WidthPart)
    if not texts:
        return {}
    points = [(place, text.tokens) for place, text in enumerate(texts)]
    axis = Axis("word", categories=tuple(text.word for text in texts))
    return {
        "chart": ChartSpec(axis, Axis("tokens", min=0), [Series("tokens", "bars", points)], summary="Tokens by word."),
        "table": Table(("word", "tokens"), [(text.word, f"{text.tokens} tokens") for text in texts]),
    }


def differences(old: WidthRecord, new: WidthRecord) -> Iterator[str]:
    for then, now in zip(old.texts, new.texts, strict=True):
        if then != now:
            yield f"{then.word}: {then.tokens} tokens then, {now.tokens} now."


EXPERIMENT = Experiment(
    name="width",
    title="Tokens of a word",
    about="How many tokens a repeated word has. Nothing is computed by the model.",
    verb="Count",
    room="Workshop",
    request=WidthRequest,
    record=WidthRecord,
    run=run,
    view=View((Panel("chart", "chart", "Tokens by word"), Panel("table", "table", "Every word")), draw),
    again=lambda old, model: WidthRequest(
        model=model, quantization=old.model.quantization, words=tuple(old.words), times=old.times, spaced=old.spaced
    ),
    differences=differences,
)

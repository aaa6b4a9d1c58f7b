"""The prompts of the prefix cache: the one that is read, and earlier ones that begin alike, or nearly."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from playground.backends.base import Backend
from playground.data.optimise import PrefixData
from playground.engine.events import PreparedPrompt
from playground.errors import PlaygroundError
from playground.experiments.optimise.declared.prefix_cache import PrefixCacheRequest
from playground.settings import Settings

_ROOM = 0.75  # of the context, which a prompt may take: the earlier ones are a little longer


@dataclass(frozen=True)
class Prompts:
    """Prompts with the same system prompt but for one thing.

    Attributes:
        read: The one whose reading is measured.
        same: Earlier, with the same beginning and another question.
        time: Earlier, with another time at the top.
        middle: Earlier, with one more sentence in the middle.
        is_shipped: Whether the system prompt is ours.
    """

    read: PreparedPrompt
    same: PreparedPrompt
    time: PreparedPrompt
    middle: PreparedPrompt
    is_shipped: bool


def prompts_of(backend: Backend, request: PrefixCacheRequest, data: PrefixData) -> Prompts:
    """With the person's system prompt, or with as much of ours as fits this model.

    Raises:
        PlaygroundError: The person's own leave no room for an answer.
    """
    if own := request.settings.system.strip():
        return _made(backend, request, data, own.split(" "))
    limit = _ROOM * backend.context_length(request.settings)
    for count in range(len(data.system), 1, -1):
        with suppress(PlaygroundError):  # it does not fit at all
            made = _made(backend, request, data, " ".join(data.system[:count]).split(" "))
            if max(len(one.ids) for one in (made.read, made.same, made.middle)) <= limit:
                return made
    return _made(backend, request, data, data.system[0].split(" "))


def _made(backend: Backend, request: PrefixCacheRequest, data: PrefixData, words: list[str]) -> Prompts:
    half = len(words) // 2
    body = " ".join(words)
    other = " ".join([*words[:half], data.other_sentence, *words[half:]])
    prepare = _preparing(backend, request.settings)
    now, then = (data.time_line.replace("{time}", time) for time in (data.time, data.other_time))
    return Prompts(
        read=prepare(f"{now}\n{body}", request.prompt),
        same=prepare(f"{now}\n{body}", data.other_question),
        time=prepare(f"{then}\n{body}", request.prompt),
        middle=prepare(f"{now}\n{other}", request.prompt),
        is_shipped=not request.settings.system.strip(),
    )


def _preparing(backend: Backend, settings: Settings) -> Callable[[str, str], PreparedPrompt]:
    """System prompt and question as the model reads them; without a chat template, one after the other."""

    def prepare(system: str, question: str) -> PreparedPrompt:
        prompt = backend.prepare(question, settings.model_copy(update={"system": system}))
        if prompt.ignores_system:
            prompt = backend.prepare(f"{system}\n\n{question}", settings.model_copy(update={"system": ""}))
        return prompt

    return prepare

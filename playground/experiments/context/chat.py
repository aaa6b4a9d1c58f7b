"""A chat of several turns on the model in memory: what is kept, what drops, and the answer as it comes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from playground.backends.base import Backend, Loading
from playground.backends.job import Job, Queued
from playground.engine.chat import PreparedChat, Turn, prepare_chat
from playground.engine.events import Event, PreparedPrompt
from playground.engine.prompting import UNLIMITED
from playground.runs.runner import Runner
from playground.runs.sharing import Reading
from playground.settings import Settings, check_prompt


@dataclass(frozen=True)
class ChatRead:
    """The chat as it is read, and as it would be without a limit: the difference is what is dropped."""

    prepared: PreparedChat
    whole: PreparedChat


ChatUpdate = Queued | Loading | ChatRead | Event


@dataclass(frozen=True)
class ChatRequest:
    """The next message of a chat.

    Attributes:
        history: Turns that were answered, the oldest first.
        prompt: The message.
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
        settings: How to sample and stop; system prompt and context length too.
    """

    history: tuple[Turn, ...]
    prompt: str
    model: str
    quantization: str
    settings: Settings


def chat(runner: Runner, request: ChatRequest, should_stop: Callable[[], bool] = lambda: False) -> Iterator[ChatUpdate]:
    """How the chat is read, then the answer to its newest message, event by event.

    Raises:
        PlaygroundError: The request is refused, or nothing of the message fits the context.
    """
    check_prompt(request.prompt)
    runner.check(request.model, request.quantization)
    job = Job("A chat", request.settings.max_new_tokens)
    # Each turn begins with the turns before it.
    settings = request.settings.seeded().model_copy(update={"reuse_prefix": True})
    reading = Reading(lambda backend: _read(backend, request))

    def work(backend: Backend) -> Iterator[ChatUpdate]:
        read = reading.of(backend)
        yield read
        prepared = read.prepared
        prompt = PreparedPrompt(
            prepared.ids, prepared.dropped_tokens, prepared.context_length, neutralised=prepared.neutralised
        )
        yield from backend.stream(prompt, settings, should_stop=should_stop, clock=job.clock)

    return runner.holding(request.model, request.quantization, work, should_stop, job=job, read=reading)


def preview_chat(runner: Runner, request: ChatRequest) -> ChatRead | None:
    """How the chat would be read, without a run; None while its model is not in memory.

    The message may be empty: the state before anything is written.

    Raises:
        PlaygroundError: Nothing of the message fits, or the limit is more than the model was made for.
    """
    backend = runner.loaded(request.model)
    return None if backend is None else _read(backend, request)


def _read(backend: Backend, request: ChatRequest) -> ChatRead:
    limit = backend.context_length(request.settings)

    def both(tokenizer: Any) -> ChatRead:
        history, prompt, settings = request.history, request.prompt, request.settings
        prepared = prepare_chat(tokenizer, history, prompt, settings, limit)
        if not prepared.dropped_tokens:
            return ChatRead(prepared, prepared)
        return ChatRead(prepared, prepare_chat(tokenizer, history, prompt, settings, UNLIMITED))

    return backend.tokenize(both)

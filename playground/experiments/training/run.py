"""Training against inference: a run that changes no weight, then one gradient step on a copy that is discarded."""

import math
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import Event, PreparedPrompt, TokenEvent
from playground.engine.generate import stream
from playground.engine.model import TextModel
from playground.engine.module import ModuleModel
from playground.errors import NotEnoughMemory, PlaygroundError
from playground.experiments.determinism.scene import loading
from playground.experiments.training.experiment import (
    MAX_ANSWER_TOKENS,
    ChangeRecord,
    CopyRecord,
    InferenceRecord,
    StepCost,
    TrainingRecord,
    TrainingRequest,
)
from playground.experiments.training.step import forward_cost, gradient_step, loss_of
from playground.models.facts import ModelFacts
from playground.models.loading import LoadedModel, unload
from playground.models.placement import available_bytes
from playground.models.storage import weights_hash
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps
from playground.settings import Settings

MAX_SENTENCE_TOKENS = 256
_BYTES = 4  # of a number in fp32: a weight, or its gradient


@dataclass(frozen=True)
class _Measured:
    """What came of the copy."""

    sentence: list[int]
    forward: StepCost
    step: StepCost
    change: ChangeRecord
    copied: dict[str, Any]
    module: weakref.ref[Any]


def train(lab: Lab, request: TrainingRequest) -> Steps[TrainingRecord]:
    """Stages, then the record; stopped, it ends without one, and the copy is gone all the same.

    Raises:
        PlaygroundError: The request can't be met, or the copy and its gradients do not fit.
        Stopped: The person pressed stop.
    """
    backend = lab.backend
    loaded = backend.weights()
    settings = _greedy(request.settings)
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, settings, request.recorded))
    yield prompt
    _sentence_ids(loaded.tokenizer, request.sentence)  # refused before the work
    _check_memory(backend.facts)
    yield Stage("Hashing all weights", 0.02)
    before = weights_hash(loaded.module)
    yield Stage("Answering: inference", 0.05)
    text, ids = _answer(backend.stream(prompt, settings, should_stop=lab.should_stop))
    lab.obey()
    inference = InferenceRecord(
        answer=text, token_ids=ids, hash_before=before, hash_after=weights_hash(loaded.module),
        weights_bytes=backend.facts.weights_bytes,
    )  # fmt: skip
    yield Stage("Loading a copy", 0.25)
    copied = yield from loading(loaded, "fp32")
    try:
        found = yield from _learn(lab, request, prompt, settings, copied)
    finally:
        unload(copied)
    yield Stage("Hashing all weights again", 0.97)
    return TrainingRecord(
        **lab.stamp(PREFILL_CHUNK),
        settings=prompt.counted(settings).model_dump(mode="json"),
        prompt=request.prompt,
        prompt_token_ids=list(prompt.ids),
        sentence=request.sentence,
        sentence_token_ids=found.sentence,
        learning_rate=request.learning_rate,
        inference=inference,
        forward=found.forward,
        step=found.step,
        change=found.change,
        copy_=CopyRecord(**found.copied, thrown_away=found.module() is None),
        hash_at_the_end=weights_hash(loaded.module),
    )


def _learn(
    lab: Lab, request: TrainingRequest, prompt: PreparedPrompt, settings: Settings, copied: LoadedModel
) -> Steps[_Measured]:
    """Everything that is done with the copy."""
    module = copied.module
    sentence = _sentence_ids(copied.tokenizer, request.sentence)
    ids = torch.tensor([sentence], device=module.device)
    text_model = TextModel(ModuleModel(module, copied.findings), copied.tokenizer, frozenset(copied.eos_ids))

    def answer() -> str:
        limit, stop = prompt.context_length, lab.should_stop
        events = stream(text_model, prompt.ids, settings, context_length=limit, should_stop=stop)
        return _answer(events)[0]

    yield Stage("The copy answers", 0.4)
    measured: dict[str, Any] = {"answer_before": answer(), "hash_before": weights_hash(module)}
    lab.obey()
    yield Stage("One forward pass over the sentence", 0.55)
    measured["loss_before"], forward = forward_cost(module, ids)
    yield Stage("One gradient step", 0.6)
    step, change = gradient_step(module, ids, request.learning_rate)
    lab.obey()
    with torch.no_grad():
        measured["loss_after"] = float(loss_of(module, ids))
    if not math.isfinite(measured["loss_after"]):
        raise PlaygroundError(
            f"With a learning rate of {request.learning_rate:g} the copy diverged: its loss is NaN or infinite. "
            "Choose a smaller one."
        )
    yield Stage("The copy answers again", 0.8)
    measured |= {"answer_after": answer(), "hash_after": weights_hash(module)}
    lab.obey()
    return _Measured(sentence, forward, step, change, measured, weakref.ref(module))


def _sentence_ids(tokenizer: Any, sentence: str) -> list[int]:
    """Ids of the sentence, with what the tokenizer puts around a text.

    Raises:
        PlaygroundError: There is nothing to predict in it, or it is long.
    """
    ids = tokenizer(sentence, verbose=False)["input_ids"]
    if not 2 <= len(ids) <= MAX_SENTENCE_TOKENS:
        raise PlaygroundError(
            f"The sentence to learn from must have 2 to {MAX_SENTENCE_TOKENS} tokens; it has {len(ids):,}."
        )
    return ids


def _check_memory(facts: ModelFacts) -> None:
    """Weights and gradients of the copy, in fp32, must fit beside the model.

    Raises:
        NotEnoughMemory: They do not.
    """
    needed, free = 2 * facts.parameters * _BYTES, available_bytes(facts.device)
    if needed > free:
        raise NotEnoughMemory(
            f"A copy of {facts.title} in fp32 and its gradients need {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB of "
            "memory is free: choose a smaller model."
        )


def _greedy(settings: Settings) -> Settings:
    tokens = min(settings.max_new_tokens, MAX_ANSWER_TOKENS)
    own = {"temperature": 0.0, "top": 0, "max_new_tokens": tokens, "reuse_prefix": False}
    return settings.model_copy(update=own)


def _answer(events: Iterator[Event]) -> tuple[str, list[int]]:
    """Text and ids of a whole run."""
    text, ids = "", list[int]()
    for event in events:
        text += getattr(event, "text", "")
        ids += [event.id] if isinstance(event, TokenEvent) else []
    return text, ids

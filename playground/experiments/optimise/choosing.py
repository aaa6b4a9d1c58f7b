"""Multiple choice: which option a model finds likeliest, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from playground.data.optimise import Question
from playground.engine.decoder import Decoder
from playground.engine.template import ids_with_offsets


@dataclass(frozen=True)
class Ids:
    """A question as a model reads it: its tokens, and those of each option."""

    prompt: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Choice:
    """The option, by its place, and its probability among the options."""

    option: int
    confidence: float


def ids_of(tokenizer: Any, question: Question) -> Ids:
    """A plain text that ends where the answer begins."""
    prompt = ids_with_offsets(tokenizer, f"Question: {question.question}\nAnswer:", False)[0]
    options = (ids_with_offsets(tokenizer, f" {option}", False)[0] for option in question.options)
    return Ids(tuple(prompt), tuple(tuple(ids) for ids in options))


@torch.inference_mode()
def choose(model: Decoder, ids: Ids) -> Choice:
    """By the mean log probability of an option's tokens; the question is read once."""
    cache = model.new_cache()
    first = model.forward(torch.tensor([ids.prompt]), cache)[0].log_softmax(-1)
    scores = [_score(model, cache.fork() if len(option) > 1 else cache, first, option) for option in ids.options]
    shares = torch.tensor(scores).softmax(-1)
    best = int(shares.argmax())
    return Choice(best, float(shares[best]))


def _score(model: Decoder, cache: Any, first: torch.Tensor, option: Sequence[int]) -> float:
    total = float(first[option[0]])
    if len(option) > 1:
        states = model.hidden(torch.tensor([list(option[:-1])]), cache)
        later = model.logits(states)[0].float().log_softmax(-1)
        total += sum(float(later[place, token]) for place, token in enumerate(option[1:]))
    return total / len(option)

"""Greedy answers of a fixed length, with the time of every token: what the panels about decoding measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from playground.engine.chunks import chunk_tokens
from playground.engine.clock import Clock
from playground.engine.model import KVCache, LanguageModel
from playground.runs.stages import ShouldStop, obey


@dataclass
class Greedy:
    """An answer: ids, the time each took, in seconds, and what the cache held in the end."""

    prefill_s: float = 0.0
    ids: list[int] = field(default_factory=list)
    token_s: list[float] = field(default_factory=list)
    kv_cache_bytes: int = 0

    @property
    def tpot_s(self) -> float:
        """Mean time of a token after the first."""
        return sum(self.token_s) / len(self.token_s)


def _next(model: LanguageModel, ids: Sequence[int], cache: KVCache, should_stop: ShouldStop) -> int:
    """Read what the cache does not hold yet; the likeliest token after it."""
    best = -1
    for chunk in torch.tensor([list(ids)]).split(chunk_tokens(model, len(ids)), 1):
        obey(should_stop)
        best = int(model.forward(chunk, cache)[0].argmax())
    return best


def answer(
    model: LanguageModel,
    prompt: Sequence[int],
    tokens: int,
    clock: Clock,
    should_stop: ShouldStop,
    *,
    new_cache: Callable[[], KVCache] | None = None,
    keeps: bool = True,
) -> Greedy:
    """The likeliest token, again and again; an end of the answer is ignored.

    Args:
        model: Computes it.
        prompt: At least one token.
        tokens: Of the answer.
        clock: Its readings are the times.
        should_stop: Called before every forward pass.
        new_cache: Makes the cache; None is the model's own.
        keeps: Whether keys and values are kept; otherwise every token reads everything before it again.

    Raises:
        Stopped: The person pressed stop.
    """
    make, found = new_cache or model.new_cache, Greedy()
    cache, text = make(), list(prompt)
    for place in range(tokens):
        begun_s = clock.now()
        if not keeps:
            cache = make()
        text.append(_next(model, text[cache.length :], cache, should_stop))
        if place:
            found.token_s.append(clock.now() - begun_s)
        else:
            found.prefill_s = clock.now() - begun_s
    found.ids, found.kv_cache_bytes = text[len(prompt) :], cache.nbytes if keeps else 0
    return found

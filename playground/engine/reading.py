"""The logits before any token of an existing answer: what the model knew when it chose that token."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from playground.engine.chunks import chunk_tokens
from playground.engine.model import KVCache, TextModel


def read_to(
    text_model: TextModel,
    prompt_ids: Sequence[int],
    answer_ids: Sequence[int],
    cache: KVCache,
    should_stop: Callable[[], bool] = lambda: False,
) -> Tensor | None:
    """Read what the cache does not hold yet, in the same shapes as a run, so no bit differs.

    Args:
        text_model: The model.
        prompt_ids: The whole prompt, at least one token.
        answer_ids: Tokens of the answer so far.
        cache: Holds whole chunks of the prompt, or all of it and fewer than all answer tokens; the rest is added.
        should_stop: Called before every forward pass.

    Returns:
        Float32 logits [vocabulary] of the next token, on the CPU; None if stopped.
    """
    logits, size = None, chunk_tokens(text_model.model, len(prompt_ids))
    for start in range(cache.length, len(prompt_ids), size):
        if should_stop():
            return None
        chunk = torch.tensor([list(prompt_ids[start : start + size])])
        logits = text_model.model.forward(chunk, cache)
    for token in answer_ids[cache.length - len(prompt_ids) :]:
        if should_stop():
            return None
        logits = text_model.model.forward(torch.tensor([[token]]), cache)
    if logits is None:
        raise ValueError("the cache already holds all tokens, so nothing is left to read for logits")
    return logits[0]


def forced_logits(
    text_model: TextModel,
    prompt_ids: Sequence[int],
    answer_ids: Sequence[int],
    start: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Tensor]:
    """Logits before each token of an answer, those before it given. The prompt is read once.

    Args:
        text_model: The model.
        prompt_ids: The whole prompt, at least one token.
        answer_ids: The answer.
        start: Index of the first token whose logits are wanted.
        should_stop: Asked before every forward pass; then it ends early.

    Yields:
        Float32 [vocabulary], on the CPU.
    """
    cache = text_model.model.new_cache()
    for end in range(start, len(answer_ids)):
        logits = read_to(text_model, prompt_ids, answer_ids[:end], cache, should_stop)
        if logits is None:
            return
        yield logits

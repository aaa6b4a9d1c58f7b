"""What a model says of a text that is given: before each of its tokens, and of several ends."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from playground.engine.decoder import Decoder
from playground.engine.model import LanguageModel
from playground.engine.module import ModuleModel
from playground.runs.stages import ShouldStop, obey

CHUNK = 64  # tokens whose logits are computed at a time: the vocabulary is wide


@torch.inference_mode()
def text_logits(model: LanguageModel, ids: Sequence[int], should_stop: ShouldStop) -> Tensor:
    """Float32 logits [tokens - 1, vocabulary] before each token but the first, on the CPU; the text is read once.

    Raises:
        Stopped: `should_stop` said so.
    """
    if isinstance(model, Decoder):
        cache, found = model.new_cache(), list[Tensor]()
        for chunk in torch.tensor([list(ids[:-1])]).split(CHUNK, 1):
            obey(should_stop)
            found.append(model.logits(model.hidden(chunk, cache))[0].float().cpu())
        return torch.cat(found)
    assert isinstance(model, ModuleModel)
    obey(should_stop)
    module = model.module
    inputs = torch.tensor([list(ids[:-1])], device=module.device)
    return module(input_ids=inputs, use_cache=False).logits[0].float().cpu()


def end_logprobs(
    model: LanguageModel, start: Sequence[int], ends: Sequence[Sequence[int]], should_stop: ShouldStop
) -> list[float]:
    """Mean log probability of a token of each end, after the same start, which is read once.

    Raises:
        Stopped: `should_stop` said so.
    """
    cache = model.new_cache()
    obey(should_stop)
    first = model.forward(torch.tensor([list(start)]), cache)[0].log_softmax(-1)
    found = []
    for end in ends:
        total, own = float(first[end[0]]), cache.fork() if len(end) > 1 else cache
        for before, token in pairwise(end):
            obey(should_stop)
            total += float(model.forward(torch.tensor([[before]]), own)[0].log_softmax(-1)[token])
        found.append(total / len(end))
    return found

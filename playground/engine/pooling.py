"""A text as one vector: the decoder's last hidden states, averaged over its tokens."""

from collections.abc import Sequence

import torch
from torch import Tensor

from playground.engine.decoder import Decoder


@torch.inference_mode()
def mean_state(model: Decoder, ids: Sequence[int]) -> Tensor:
    """Float32 [width] on the CPU. One pass over the ids; its keys and values are dropped."""
    states = model.hidden(torch.tensor([list(ids)]), model.new_cache())
    return states[0].float().mean(0).cpu()


def cosine(one: Tensor, others: Tensor) -> Tensor:
    """Cosine of the angle between a vector and each of others [count, width]."""
    return torch.nn.functional.cosine_similarity(one[None], others, dim=1)

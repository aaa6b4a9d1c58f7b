"""How close one way's distributions are to another's, given the same text."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from playground.engine.chunks import chunk_tokens
from playground.engine.model import KVCache, LanguageModel
from playground.runs.stages import ShouldStop, obey

_ROWS = 64  # tokens at a time: in float64, their logits take eight bytes each


@dataclass(frozen=True)
class Closeness:
    """KL divergence in nats, KL(reference || other), by token; and how often both have the same top token."""

    kl: tuple[float, ...]
    top1_share: float

    def numbers(self) -> dict[str, float]:
        """By the names of `quantities`."""
        ranked = sorted(self.kl)
        return {
            "kl_mean_nats": sum(ranked) / len(ranked),
            "kl_median_nats": ranked[len(ranked) // 2],
            "kl_p99_nats": ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))],
            "kl_max_nats": ranked[-1],
            "top1_share": self.top1_share,
        }


def closeness(reference: Tensor, other: Tensor) -> Closeness:
    """Of logits [tokens, vocabulary]; computed in float64, so that a difference of rounding alone is not seen as 0."""
    kl, same = list[float](), 0
    for one, two in zip(reference.split(_ROWS), other.split(_ROWS), strict=True):
        wanted, got = (logits.double().log_softmax(-1) for logits in (one, two))
        kl += (wanted.exp() * (wanted - got)).sum(-1).clamp_min(0).tolist()
        same += int((wanted.argmax(-1) == got.argmax(-1)).sum())
    return Closeness(tuple(kl), same / len(kl))


def logits_of(
    model: LanguageModel, prompt: Sequence[int], ids: Sequence[int], cache: KVCache, should_stop: ShouldStop
) -> Tensor:
    """Float32 logits [tokens, vocabulary] before each of these tokens, those before it given, one step at a time.

    Raises:
        Stopped: The person pressed stop.
    """
    found = list[Tensor]()
    for chunk in torch.tensor([list(prompt)]).split(chunk_tokens(model, len(prompt)), 1):
        obey(should_stop)
        found = [model.forward(chunk, cache)[0]]
    for token in ids[:-1]:
        obey(should_stop)
        found.append(model.forward(torch.tensor([[token]]), cache)[0])
    return torch.stack(found)

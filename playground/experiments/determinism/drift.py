"""How far the logits of one computation lie from those of another, over the same tokens.

All differences are taken in float64, where subtracting two float32 numbers rounds nothing that matters: the law that a
fork needs gap <= 2 x max |dz| then holds to the last bit.
"""

import hashlib

import torch
from torch import Tensor


class NotFinite(Exception):
    """Some logit is NaN or infinite."""


def sha1_of(logits: Tensor) -> str:
    """SHA-1 of the bytes of float32 logits: equal only if every bit is."""
    return hashlib.sha1(logits.contiguous().numpy().tobytes(), usedforsecurity=False).hexdigest()


def gap(logits: Tensor) -> float:
    """The highest logit minus the second highest: how much must change before another token wins."""
    first, second = logits.double().topk(2).values.tolist()
    return first - second


class Drift:
    """Differences from a reference, step after step.

    Attributes:
        steps: How many steps were added.
        max_abs: Largest |dz| of any logit at any step.
        kl_max: Largest KL divergence of a step, in nats: sum of p_ref x ln(p_ref / p).
        agreeing: Steps at which both have the same likeliest token.
    """

    def __init__(self) -> None:
        self.steps = self.agreeing = 0
        self.max_abs = self.kl_max = 0.0
        self._kl_sum = 0.0

    @property
    def kl_mean(self) -> float:
        """Mean KL divergence of a step, in nats."""
        return self._kl_sum / self.steps

    @property
    def top1_agreement(self) -> float:
        """Share of steps with the same likeliest token, 0 to 1."""
        return self.agreeing / self.steps

    def add(self, reference: Tensor, logits: Tensor) -> bool:
        """Compare one step; returns whether both have the same likeliest token.

        Raises:
            NotFinite: A logit is NaN or infinite, so nothing can be said.
        """
        ruled_out = torch.isneginf(reference) & torch.isneginf(logits)  # in both alike: no difference
        if bool(ruled_out.any()):
            reference, logits = reference[~ruled_out], logits[~ruled_out]
        if not len(logits) or not bool(torch.isfinite(logits).all()):
            raise NotFinite
        agrees = int(reference.argmax()) == int(logits.argmax())
        self.steps += 1
        self.agreeing += agrees
        if not torch.equal(reference, logits):
            before, after = reference.double(), logits.double()
            self.max_abs = max(self.max_abs, float((after - before).abs().max()))
            kl = _kl(before, after)
            self._kl_sum += kl
            self.kl_max = max(self.kl_max, kl)
        return agrees


def _kl(reference: Tensor, other: Tensor) -> float:
    """KL(p_ref || p) in nats; rounding could make a tiny one negative, which no divergence is."""
    p, q = reference.log_softmax(-1), other.log_softmax(-1)
    return max(0.0, float((p.exp() * (p - q)).sum()))

"""Rotary embedding (Su et al. 2021): cosine and sine for every position, computed once per growth."""

import torch
from torch import Tensor

from playground.models.llama import LlamaWeights

GROWTH = 256  # tokens by which a full cache grows, and the tables with it


def whole_steps(tokens: int) -> int:
    """The token count, rounded up to steps of `GROWTH`."""
    return -(-tokens // GROWTH) * GROWTH


class Rotary:
    """Cosine and signed sine by position, [positions, head_dim], in the number type of the weights."""

    def __init__(self, weights: LlamaWeights):
        self._weights = weights
        self._cos, self._sin = self._tables(0)

    def between(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        """Of these positions, in their order."""
        if end > len(self._cos):
            self._cos, self._sin = self._tables(end)
        return self._cos[start:end], self._sin[start:end]

    def at(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Of one position for each row, [rows, 1, 1, head_dim]."""
        cos, sin = self.between(0, int(positions.max()) + 1)
        return cos[positions][:, None, None], sin[positions][:, None, None]

    def _tables(self, tokens: int) -> tuple[Tensor, Tensor]:
        """For all positions up to a whole growth, computed in float32."""
        weights = self._weights
        positions = torch.arange(whole_steps(tokens), device=weights.norm.device)
        angles = torch.outer(positions.float(), weights.inverse_frequencies)
        cos = torch.cat([angles.cos(), angles.cos()], -1) * weights.shape.rope_scaling
        sin = torch.cat([-angles.sin(), angles.sin()], -1) * weights.shape.rope_scaling
        return cos.to(weights.norm.dtype), sin.to(weights.norm.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (i, i + d/2) of a head's numbers by its position's angle; the sign of the sine is in the table."""
    return x * cos + x.roll(x.shape[-1] // 2, -1) * sin

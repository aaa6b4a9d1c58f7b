"""A layer as the decoder reads it: its parts at hand, and the norm in the fewest steps.

A step of decoding calls some 25 small operations a layer, so microseconds of looking up a module's part count.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from playground.models.llama import LlamaLayer, LlamaWeights

_FEW_NUMBERS = 2**15  # of an input; beyond them memory is what takes time, and a pair has twice the bytes
Product = Callable[[Tensor], Tensor]


class Norm:
    """RMSNorm (Zhang and Sennrich 2019), x / sqrt(mean(x²) + eps) * weight, over the last dimension.

    PyTorch computes it on the CPU in eight operations, LayerNorm in one. The pair (x, -x) has the mean 0, so its
    variance is mean(x²), and its LayerNorm begins with the RMSNorm of x: bit for bit in 16 bits, but for the last bits
    in fp32.
    """

    def __init__(self, weight: Tensor, eps: float):
        self._weight, self._eps, self._size = weight, eps, weight.shape[0]
        self._pair = torch.cat([weight, weight]) if weight.device.type == "cpu" else None
        self._signs = weight.new_tensor([[1], [-1]])

    def __call__(self, x: Tensor) -> Tensor:
        """The norm of each vector of x [..., size]."""
        if self._pair is None or x.numel() > _FEW_NUMBERS:
            return F.rms_norm(x, (self._size,), self._weight, self._eps)
        pair = (x.unsqueeze(-2) * self._signs).flatten(-2)
        return F.layer_norm(pair, (2 * self._size,), self._pair, None, self._eps)[..., : self._size].contiguous()


@dataclass(frozen=True, slots=True)
class Layer:
    """Attention and SwiGLU, each after a norm; query and key norms are Qwen3's."""

    attention_norm: Norm
    qkv: Product
    query_norm: Norm | None
    key_norm: Norm | None
    out: Product
    mlp_norm: Norm
    gate_up: Product
    down: Product

    @property
    def products(self) -> tuple[Product, ...]:
        """The four matrices."""
        return self.qkv, self.out, self.gate_up, self.down


def layers_of(weights: LlamaWeights) -> list[Layer]:
    """The layers of these weights, in their order; nothing is copied but the norms' weights."""
    return [_layer(layer, weights.shape.eps) for layer in weights.layers]


def _layer(layer: torch.nn.Module, eps: float) -> Layer:
    assert isinstance(layer, LlamaLayer)
    query, key = (None if one is None else Norm(one, eps) for one in (layer.query_norm, layer.key_norm))
    return Layer(
        Norm(layer.attention_norm, eps), layer.qkv, query, key, layer.out,
        Norm(layer.mlp_norm, eps), layer.gate_up, layer.down,
    )  # fmt: skip

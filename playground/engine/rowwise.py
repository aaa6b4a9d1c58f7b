"""A few tokens in one pass, each with exactly the bits that it has when it is read alone.

A product of several rows sums in another order than a product of one, so its last bits differ. Here every operation
takes one token at a time, as a step of decoding does, and only the order changes: each weight serves all tokens before
the next is read from memory. Weights are cut into blocks that stay in the processor's cache meanwhile, where a trial
shows that this changes no bit.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from playground.engine.decoder import Decoder, DecoderCache
from playground.models.dense import DenseLinear
from playground.models.llama import LlamaWeights

_BLOCK_BYTES = 2**20
_WHOLE = 32  # rows of a block are a multiple of this
_TRIALS = 4


class Rowwise(Decoder):
    """The decoder of these weights, for one row of a few tokens."""

    def __init__(self, weights: LlamaWeights):
        super().__init__(weights)
        tried = dict[tuple[int, ...], int]()
        self._block = dict[int, int]()  # rows of a block, by product; none where it is taken whole
        for product in (weights.head, *(one for layer in self._layers for one in layer.products)):
            if isinstance(product, DenseLinear) and _is_plain(product):
                size = tuple(product.weight.shape)
                if size not in tried:
                    tried[size] = _block_of(product)
                self._block[id(product)] = tried[size]

    @torch.inference_mode()
    def each(self, ids: Tensor, cache: DecoderCache) -> Tensor:
        """Read ids [1, length]; float32 logits [length, vocabulary] after each, on the CPU."""
        weights, (start, length) = self.weights, (cache.length, ids.shape[1])
        cache.make_room(length)
        ids = ids.to(weights.norm.device)
        x = _by_row(weights.embedding, ids)
        for number, layer in enumerate(self._layers):
            heads = self._times(layer.qkv, _by_row(layer.attention_norm, x))
            attended = list[Tensor]()
            for place, own in enumerate(heads.split(1, 1), start):
                cache.length = place + 1
                keys, values = cache.layer(number)
                queries = self._place(layer, own, self._rotary.between(place, place + 1), keys, values)
                cache.written(number, 1)
                attended.append(self._attend(queries, keys, values, None))
            x = x + self._times(layer.out, torch.cat(attended, 1))
            gated = self._times(layer.gate_up, _by_row(layer.mlp_norm, x))
            x = x + self._times(layer.down, _by_row(_gate, gated))
        return self._times(weights.head, _by_row(self._norm, x))[0].float().cpu()

    def _times(self, product: Any, x: Tensor) -> Tensor:
        """The product of each row alone."""
        if not (block := self._block.get(id(product), 0)):
            return _by_row(product, x)
        return _in_blocks(product, x, block)


def _by_row(work: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What this makes of each token [1, 1, ...] of [1, length, ...]."""
    return torch.cat([work(row) for row in x.split(1, 1)], 1)


def _gate(row: Tensor) -> Tensor:
    gate, up = row.chunk(2, dim=-1)
    return F.silu(gate) * up


def _is_plain(product: DenseLinear) -> bool:
    return product.weight.dtype == torch.float32 and product.weight.device.type == "cpu"


def _in_blocks(product: DenseLinear, x: Tensor, block: int) -> Tensor:
    """Block after block of the weight's rows, for one token after the other."""
    parts = product.weight.split(block)
    biases = [None] * len(parts) if product.bias is None else product.bias.split(block)
    rows = x.split(1, 1)
    return torch.cat([torch.cat([F.linear(row, part, bias) for row in rows], 1)
                      for part, bias in zip(parts, biases, strict=True)], -1)  # fmt: skip


@torch.inference_mode()
def _block_of(product: DenseLinear) -> int:
    """Rows of a block that give the bits of the whole product; 0 where it is small, or blocks give others.

    In float32 another order of summing shows in most of the numbers, so that a few random rows find it.
    """
    rows, columns = product.weight.shape
    block = max(_WHOLE, _BLOCK_BYTES // (4 * columns) // _WHOLE * _WHOLE)
    if block >= rows:
        return 0
    x = torch.randn(1, _TRIALS, columns, generator=torch.Generator().manual_seed(0))
    return block if torch.equal(_in_blocks(product, x, block), _by_row(product, x)) else 0

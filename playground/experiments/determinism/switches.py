"""What can be changed about how a loaded model computes, each put back when its block is left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from playground.models.pack_model import is_linear, linear_weight

TILE = 16  # rows of every product, whatever the batch
Product = Callable[[Tensor, Tensor, Tensor | None], Tensor]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with this many threads. The setting belongs to the whole process: keep the block short."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def attention(module: Any, name: str) -> Iterator[None]:
    """Use another attention implementation of transformers; `module.config` tells whether it was taken."""
    before = module.config._attn_implementation
    module.set_attn_implementation(name)
    try:
        yield
    finally:
        module.set_attn_implementation(before)


def fixed_tile_product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A linear layer always in tiles of 16 rows, the last one filled up.

    The kernel then sums each row in the same order however many rows there are: batch-invariant (Thinking Machines
    2025, "Defeating Nondeterminism in LLM Inference").
    """
    rows = x.reshape(-1, x.shape[-1])
    missing = -len(rows) % TILE
    tiles = F.pad(rows, (0, 0, 0, missing)).split(TILE)
    out = torch.cat([F.linear(tile, weight, bias) for tile in tiles])[: len(rows)]
    return out.view(*x.shape[:-1], -1)


def cast_product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A linear layer in fp32 over a weight held in 16 bits (LayerCast: Yuan et al. 2025, arXiv 2506.09501)."""
    return F.linear(x.float(), weight.float(), None if bias is None else bias.float())


@contextmanager
def fixed_tile(module: Any) -> Iterator[None]:
    """Every linear layer of the model by `fixed_tile_product`."""
    with _products(module, fixed_tile_product):
        yield


@contextmanager
def layer_cast(module: Any) -> Iterator[None]:
    """Matrices held as they are, everything computed in fp32.

    Norms and biases are a thousandth of the weights and become fp32 themselves, which is exact.
    """
    small = [p for p in module.parameters() if p.dim() == 1]
    before = [p.data for p in small]
    # Their output decides the type of everything after; positions too, where an architecture looks them up (GPT-2).
    tables = [m for m in module.modules() if isinstance(m, torch.nn.Embedding)]
    hooks = [table.register_forward_hook(lambda _module, _inputs, output: output.float()) for table in tables]
    for parameter in small:
        parameter.data = parameter.data.float()
    try:
        with _products(module, cast_product):
            yield
    finally:
        for hook in hooks:
            hook.remove()
        for parameter, data in zip(small, before, strict=True):
            parameter.data = data


@contextmanager
def _products(module: Any, product: Product) -> Iterator[None]:
    layers = [layer for layer in module.modules() if is_linear(layer)]
    for layer in layers:
        weight, bias = linear_weight(layer)
        layer.forward = partial(_applied, product, weight, bias)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the class's own is seen again


def _applied(product: Product, weight: Tensor, bias: Tensor | None, x: Tensor) -> Tensor:
    return product(x, weight, bias)

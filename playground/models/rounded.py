"""A layer whose weights went through a quantizer and back: what its rounding does, computed in the model's own type."""

import copy

import torch
from torch import Tensor, nn

from playground.models.dense import DenseLinear, OneDnnLinear
from playground.models.llama import LlamaLayer, LlamaWeights
from playground.models.packing import CHUNK, GROUP, fits, quantize_groups, quantize_rows

_PRODUCTS = ("qkv", "out", "gate_up", "down")


def rounded(weight: Tensor, bits: int) -> Tensor:
    """The weight [out, in] as the 8 or 4 bits of `packing` hold it, in its own type."""
    if bits == 8:
        rows, scale = quantize_rows(weight)
        return (rows.float() * scale.float()[:, None]).to(weight.dtype)
    parts = []
    for part in weight.split(CHUNK):
        codes, scale_zero = quantize_groups(part)
        scale, zero = (one[..., None] for one in scale_zero.float().unbind(-1))
        groups = (codes.view(len(part), -1, GROUP).float() - 8) * scale + zero
        parts.append(groups.view(part.shape).to(weight.dtype))
    return torch.cat(parts)


def can_round(weights: LlamaWeights) -> bool:
    """Whether its layers are dense, and of a shape that the quantizers take."""
    products = [getattr(layer, name) for layer in weights.layers for name in _PRODUCTS]
    return all(isinstance(one, DenseLinear | OneDnnLinear) and fits(one.in_features) for one in products)


def with_rounded_layer(weights: LlamaWeights, number: int, bits: int) -> LlamaWeights:
    """The same weights, but for one layer whose four matrices are rounded; nothing else is copied."""
    layer = _shallow(weights.layers[number])
    assert isinstance(layer, LlamaLayer)
    for name in _PRODUCTS:
        weight, bias = _dense(getattr(layer, name))
        parameter = nn.Parameter(rounded(weight, bits), requires_grad=False)
        setattr(layer, name, DenseLinear.of(parameter, None if bias is None else nn.Parameter(bias, False)))
    return with_layers(weights, [*weights.layers[:number], layer, *weights.layers[number + 1 :]])


def with_layers(weights: LlamaWeights, layers: list[nn.Module]) -> LlamaWeights:
    """The same weights with these layers; nothing is copied."""
    other = _shallow(weights)
    assert isinstance(other, LlamaWeights)
    other.layers = nn.ModuleList(layers)
    return other


def _shallow(module: nn.Module) -> nn.Module:
    """A module whose parts can be replaced without changing those of the first."""
    other = copy.copy(module)
    for name in ("_modules", "_parameters", "_buffers"):
        object.__setattr__(other, name, dict(getattr(module, name)))
    return other


def _dense(linear: nn.Module) -> tuple[Tensor, Tensor | None]:
    """Weight [out, in] and bias of a layer, whichever way it is laid out."""
    if isinstance(linear, OneDnnLinear):
        return linear.weight(), linear.bias
    assert isinstance(linear, DenseLinear)
    return linear.weight.detach(), linear.bias

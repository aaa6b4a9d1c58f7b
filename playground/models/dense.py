"""Float linear layers that are fast on the CPU for a few rows, where PyTorch's choice of kernel is slow.

PyTorch hands fp32 products to Intel's MKL: on Intel processors nothing here is as fast, so MKL stays. On others MKL
multiplies one row on one thread, and a few rows with a kernel for many: with AVX-512 oneDNN's order of a weight is the
fastest, without it a batch over parts of the weight. docs/performance.md has the figures. The choice depends on the
processor, not on a measurement, so every process computes the same bits.
"""

from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from playground.models.placement import device_name

FEW_ROWS = 64  # beyond this PyTorch's choice is as fast
ONE_BY_ONE = 4  # rows of 16-bit numbers up to which PyTorch's product of one row after the other is the fastest
WIDENED_NUMBERS = 2**20  # of a weight that are fp32 at a time
ROW_BLOCK = 64  # oneDNN pads a weight's rows to this: a weight that would grow is left alone
ROWS_HINT = 32  # rows that oneDNN lays the weight out for: as fast as any choice for one row, and for hundreds


class DenseLinear(nn.Linear):
    """`nn.Linear` that computes products of a few fp32 rows on the CPU as a batch over parts of the weight.

    Many rows of 16-bit numbers are computed in fp32 where the processor has no kernel for them.
    """

    @classmethod
    def of(cls, weight: nn.Parameter, bias: nn.Parameter | None) -> "DenseLinear":
        """A layer over an existing weight [out, in]; nothing is copied."""
        linear = cls(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
        linear.weight = weight
        if bias is not None:
            linear.bias = bias
        return linear

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The product [..., out] of input [..., in] with the weight."""
        rows, dtype = input.numel() // self.in_features, input.dtype
        if input.device.type != "cpu":
            return super().forward(input)
        if dtype != torch.float32 and rows > ONE_BY_ONE and not has_kernel(dtype):
            return self._widened(input)
        parts = _parts(self.out_features)
        if rows > FEW_ROWS or parts == 1 or is_at_home(dtype):
            return super().forward(input)
        columns = input.reshape(rows, self.in_features).t().expand(parts, -1, -1)
        out = torch.bmm(self.weight.view(parts, -1, self.in_features), columns)
        out = out.permute(2, 0, 1).reshape(*input.shape[:-1], self.out_features)
        return out if self.bias is None else out + self.bias

    def _widened(self, input: torch.Tensor) -> torch.Tensor:
        """The product computed in fp32, block after block of the weight's rows: each stays in the cache meanwhile."""
        blocks = self.weight.split(max(1, WIDENED_NUMBERS // self.in_features))
        out = torch.cat([functional.linear(input.float(), block.float()) for block in blocks], -1)
        return (out if self.bias is None else out + self.bias).to(input.dtype)


def _parts(rows: int) -> int:
    """How many equal parts to cut this many rows into: a power of two, at least 4 and as many as there are threads."""
    parts = 4
    while parts < torch.get_num_threads() and rows % (2 * parts) == 0:
        parts *= 2
    return parts if rows % parts == 0 else 1


class OneDnnLinear(nn.Module):
    """A linear layer whose weight is stored in the order that oneDNN's kernel reads: the same numbers and bytes."""

    packed: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), ROWS_HINT)
        self.register_buffer("packed", packed)
        self.register_buffer("bias", None if bias is None else bias.detach())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The product [..., out] of x [..., in] with the weight."""
        rows, own = x.reshape(-1, self.in_features), self._buffers  # a module's own search for its parts is slow
        out = torch.ops.mkldnn._linear_pointwise(rows, own["packed"], own["bias"], "none", [], "")
        return out.view(*x.shape[:-1], self.out_features)

    def weight(self) -> torch.Tensor:
        """The weight [out, in] in its plain order, as a copy."""
        return self.packed.to_dense()


def pack_dense(module: Any) -> None:
    """Lay a float model's linear layers out for oneDNN, in place; on the CPU, where this build of PyTorch has it.

    A head tied to the embedding is left alone: its rows are looked up too, and would be stored twice.
    """
    shared = module.get_input_embeddings().weight
    if not is_fastest_packed(shared.dtype):
        return
    for name, layer in [item for item in module.named_modules() if type(item[1]) is DenseLinear]:
        if layer.weight is not shared and layer.out_features % ROW_BLOCK == 0:
            module.set_submodule(name, OneDnnLinear(layer.weight, layer.bias), strict=True)
            layer.weight = layer.bias = None


@cache
def is_fastest_packed(dtype: torch.dtype) -> bool:
    """Whether oneDNN's order of a weight is the fastest for this number type on this processor."""
    if dtype == torch.float32 and (is_at_home(dtype) or torch.backends.cpu.get_cpu_capability() == "AVX2"):
        return False
    return has_kernel(dtype)


@cache
def is_at_home(dtype: torch.dtype) -> bool:
    """Whether PyTorch's product of a few rows of this number type is the fastest on this processor.

    MKL computes fp32 and is fast on Intel; elsewhere, and in a PyTorch without MKL, cutting the weight pays. Other
    types do not use MKL: cutting their weights has not paid anywhere.
    """
    if dtype != torch.float32:
        return True
    return torch.backends.mkl.is_available() and "intel" in device_name("cpu").lower()


@cache
def has_kernel(dtype: torch.dtype) -> bool:
    """Whether oneDNN takes this number type here: a private name in PyTorch, so try one product."""
    try:
        layer = OneDnnLinear(torch.ones(16, 32, dtype=dtype), None)
        return bool(torch.equal(layer(torch.ones(1, 32, dtype=dtype)), torch.full((1, 16), 32, dtype=dtype)))
    except (AttributeError, NotImplementedError, RuntimeError):
        return False

"""Float linear layers that are fast on the CPU for a few rows, where PyTorch's choice of kernel is slow.

PyTorch hands fp32 products to Intel's MKL: on Intel processors nothing here is as fast, so MKL stays.
On others MKL multiplies one row on one thread, and a few rows with a kernel for many. docs/performance.md has the
figures. The choice depends on the processor's name, not on a measurement, so every process computes the same bits.
"""

from functools import cache
from typing import Any

import torch
from torch import nn

from playground.models.placement import device_name

FEW_ROWS = 64  # beyond this PyTorch's choice is as fast
COLUMNS = 384  # longest sum of products, as in other libraries' kernels
ROW_BLOCK = 64  # oneDNN pads a weight's rows to this: a weight that would grow is left alone
ROWS_HINT = 32  # rows that oneDNN lays the weight out for: as fast as any choice for one row, and for hundreds


class DenseLinear(nn.Linear):
    """`nn.Linear` that computes products of a few fp32 rows on the CPU as a batch over parts of the weight."""

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
        rows, parts = input.numel() // self.in_features, _parts(self.out_features)
        if rows > FEW_ROWS or parts == 1 or input.device.type != "cpu" or is_at_home(input.dtype):
            return super().forward(input)
        columns = input.reshape(rows, self.in_features).t().expand(parts, -1, -1)
        out = torch.bmm(self.weight.view(parts, -1, self.in_features), columns)
        out = out.permute(2, 0, 1).reshape(*input.shape[:-1], self.out_features)
        return out if self.bias is None else out + self.bias


def _parts(rows: int) -> int:
    """How many equal parts to cut this many rows into: a power of two, at least 4 and as many as there are threads."""
    parts = 4
    while parts < torch.get_num_threads() and rows % (2 * parts) == 0:
        parts *= 2
    return parts if rows % parts == 0 else 1


class OneDnnLinear(nn.Module):
    """A linear layer whose weight is stored in the order that oneDNN's kernel reads: the same numbers and bytes.

    Long rows are cut into blocks whose products are added: one long sum rounds visibly worse than transformers does.
    """

    bias: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        count = _blocks(self.in_features) if weight.dtype == torch.float32 else 1
        self._names = [f"packed_{number}" for number in range(count)]
        for name, block in zip(self._names, weight.detach().chunk(count, 1), strict=True):
            packed = torch.ops.mkldnn._reorder_linear_weight(block.contiguous(), ROWS_HINT)
            self.register_buffer(name, packed)
        self.register_buffer("bias", None if bias is None else bias.detach())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The product [..., out] of x [..., in] with the weight."""
        rows, count = x.reshape(-1, self.in_features), len(self._names)
        # Make each block of columns contiguous, or the kernel would copy it first; for one row they already are.
        blocks = rows.view(count, 1, -1) if len(rows) == 1 else _in_blocks(rows, count)
        first, *others = blocks.unbind(0)
        out = torch.ops.mkldnn._linear_pointwise(first, self._buffers[self._names[0]], self.bias, "none", [], "")
        for columns, name in zip(others, self._names[1:], strict=True):
            out = torch.ops.mkldnn._linear_pointwise.binary(columns, out, self._buffers[name], None, "add")
        return out.view(*x.shape[:-1], self.out_features)

    def weight(self) -> torch.Tensor:
        """The weight [out, in] in its plain order, as a copy."""
        return torch.cat([getattr(self, name).to_dense() for name in self._names], 1)


def _in_blocks(rows: torch.Tensor, count: int) -> torch.Tensor:
    """Rows [n, columns] as [count, n, columns / count]."""
    return rows.view(len(rows), count, -1).transpose(0, 1).contiguous()


def _blocks(columns: int) -> int:
    """How many equal blocks to cut a row into so that each has at most `COLUMNS`; 1 if impossible."""
    least = -(-columns // COLUMNS)
    return next((count for count in range(least, 2 * least) if columns % count == 0), 1)


def pack_dense(module: Any) -> None:
    """Lay a float model's linear layers out for oneDNN, in place; on the CPU, where this build of PyTorch has it.

    A head tied to the embedding is left alone: its rows are looked up too, and would be stored twice.
    """
    shared = module.get_input_embeddings().weight
    if (shared.dtype == torch.float32 and is_at_home(shared.dtype)) or not has_kernel(shared.dtype):
        return
    for name, layer in [item for item in module.named_modules() if type(item[1]) is DenseLinear]:
        if layer.weight is not shared and layer.out_features % ROW_BLOCK == 0:
            module.set_submodule(name, OneDnnLinear(layer.weight, layer.bias), strict=True)
            layer.weight = layer.bias = None


@cache
def is_at_home(dtype: torch.dtype) -> bool:
    """Whether PyTorch's product of a few rows of this number type is the fastest on this processor.

    MKL computes fp32 and is fast on Intel; elsewhere, and in a PyTorch without MKL, cutting the weight pays. Other
    types do not use MKL: cutting their weights has not paid anywhere.
    """
    if dtype != torch.float32:
        return True
    return torch.backends.mkl.is_available() and "intel" in device_name("cpu").lower()


def has_kernel(dtype: torch.dtype) -> bool:
    """Whether oneDNN takes this number type here: a private name in PyTorch, so try one product."""
    try:
        layer = OneDnnLinear(torch.ones(16, 32, dtype=dtype), None)
        return bool(torch.equal(layer(torch.ones(1, 32, dtype=dtype)), torch.full((1, 16), 32, dtype=dtype)))
    except (AttributeError, NotImplementedError, RuntimeError):
        return False

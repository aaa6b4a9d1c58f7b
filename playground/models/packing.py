"""Weights in 8 and 4 bits for the CPU: small modules over PyTorch's own packed kernels. Activations are bf16.

int8: one scale per row, symmetric: `weight = rows * scale`.
int4: a scale and a zero point for every group of 32 columns: `weight = (code - 8) * scale + zero`.
Scales are rounded to bf16, as the kernels read them, before the codes are chosen, so the codes fit what is multiplied.
"""

import torch
from torch import nn
from torch.nn import functional

GROUP = 32  # columns that share a scale; both kernels read past a row whose length is not a multiple of it
ROW_BLOCK = 16  # rows the int4 kernel takes at once; the last block is padded with zeros
CHUNK = 1024  # rows packed at a time, so a large head needs little extra memory


def fits(in_features: int) -> bool:
    """Whether the kernels take rows of this length."""
    return in_features > 0 and in_features % GROUP == 0


def packed_bytes(out_features: int, in_features: int, bits: int) -> int:
    """Bytes of a packed weight with its scales, without bias."""
    if bits == 8:
        return out_features * (in_features + 2)
    rows = -(-out_features // ROW_BLOCK) * ROW_BLOCK
    return rows * in_features // 2 + rows * in_features // GROUP * 4


def quantize_rows(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """int8 rows and one bf16 scale per row from a float weight [out, in]."""
    rows = torch.empty(weight.shape, dtype=torch.int8, device=weight.device)
    scale = torch.empty(weight.shape[0], dtype=torch.bfloat16, device=weight.device)
    for start in range(0, weight.shape[0], CHUNK):
        part = weight[start : start + CHUNK].float()
        part_scale = (part.abs().amax(1) / 127).clamp(min=1e-8).bfloat16()
        scale[start : start + CHUNK] = part_scale
        rows[start : start + CHUNK] = (part / part_scale.float()[:, None]).round_().clamp_(-127, 127)
    return rows, scale


def quantize_groups(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """int32 codes 0 to 15 [out, in] and bf16 (scale, zero) [out, in / 32, 2] from a float weight [out, in]."""
    groups = weight.float().reshape(weight.shape[0], -1, GROUP)
    high, low = groups.amax(-1), groups.amin(-1)
    scale = ((high - low) / 15).clamp(min=1e-6).bfloat16()
    zero = (low + scale.float() * 8).bfloat16()
    codes = (groups - zero.float()[..., None]).div_(scale.float()[..., None]).round_().add_(8).clamp_(0, 15)
    return codes.to(torch.int32).view(weight.shape), torch.stack([scale, zero], -1)


def _shaped(out: torch.Tensor, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """The product's rows [n, out] in the shape of x [..., in], with the bias."""
    out = out.view(x.shape[:-1] + out.shape[-1:])
    return out if bias is None else out + bias


class Int8Linear(nn.Module):
    """`nn.Linear` whose rows are int8: a quarter of fp32's bytes."""

    rows: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        """Pack a float weight [out, in] with an optional bias [out]."""
        super().__init__()
        self.out_features, self.in_features = weight.shape
        rows, scale = quantize_rows(weight)
        self.register_buffer("rows", rows)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", None if bias is None else bias.detach().bfloat16())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The product, in bf16."""
        own = self._buffers  # a module's search for its parts takes longer than all else around a small product
        flat = x.reshape(-1, self.in_features).bfloat16().contiguous()  # other strides are rejected
        out = torch.ops.aten._weight_int8pack_mm(flat, own["rows"], own["scale"])
        return _shaped(out, x, own["bias"])

    def extra_repr(self) -> str:
        """Shape, for `print(model)`."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Int4Linear(nn.Module):
    """`nn.Linear` whose groups of 32 columns are int4 with a scale and a zero point: 5 bits a weight."""

    packed: torch.Tensor
    scale_zero: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        """Pack a float weight [out, in] with an optional bias [out]."""
        super().__init__()
        self.out_features, self.in_features = weight.shape
        packed, scale_zero = [], []
        for start in range(0, self.out_features, CHUNK):
            part = weight[start : start + CHUNK]
            part = functional.pad(part, (0, 0, 0, -part.shape[0] % ROW_BLOCK))
            codes, part_scale_zero = quantize_groups(part)
            packed.append(torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 1))
            scale_zero.append(part_scale_zero)
        self.register_buffer("packed", torch.cat(packed))
        self.register_buffer("scale_zero", torch.cat(scale_zero).transpose(0, 1).contiguous())
        self.register_buffer("bias", None if bias is None else bias.detach().bfloat16())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The product, in bf16."""
        own = self._buffers  # as in `Int8Linear`
        flat = x.reshape(-1, self.in_features).bfloat16().contiguous()
        out = torch.ops.aten._weight_int4pack_mm_for_cpu(flat, own["packed"], GROUP, own["scale_zero"])
        return _shaped(out[:, : self.out_features] if self.out_features % ROW_BLOCK else out, x, own["bias"])

    def extra_repr(self) -> str:
        """Shape, for `print(model)`."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Int8Embedding(nn.Module):
    """`nn.Embedding` whose rows are int8; it may share them with an `Int8Linear` head (a tied model)."""

    rows: torch.Tensor
    scale: torch.Tensor

    def __init__(self, rows: torch.Tensor, scale: torch.Tensor, multiplier: float = 1.0) -> None:
        """Take rows and scales from `quantize_rows`; Gemma multiplies the looked-up rows."""
        super().__init__()
        self.num_embeddings, self.embedding_dim = rows.shape
        self.multiplier = multiplier
        self.register_buffer("rows", rows)
        self.register_buffer("scale", scale)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """The rows of these ids, in bf16."""
        out = self.rows[ids].to(self.scale.dtype) * self.scale[ids][..., None]
        return out if self.multiplier == 1.0 else out * self.multiplier

"""Single operations of a model, at its own widths: what the host probe looks at.

Inputs are products of two whole numbers, divided: exact in every instruction set, where normal draws are not, and of
all magnitudes, as a model's are. Numbers of one magnitude would sum without rounding, and hide what is looked for.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from playground.models.pack_model import is_linear, linear_weight

PREFILL_ROWS = 64  # from about this many rows on, libraries split a product differently
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Widths:
    """Sizes of a model's operations; `linears` are [out, in].

    The head is left out: it would take most of the time and tell nothing that the other layers do not.
    """

    linears: tuple[tuple[int, int], ...]
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int

    @classmethod
    def of_module(cls, module: Any) -> "Widths":
        """Those of a loaded model."""
        config = module.config.get_text_config(decoder=True)
        head = module.get_output_embeddings()
        layers = [layer for layer in module.modules() if is_linear(layer) and layer is not head]
        heads = config.num_attention_heads
        inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
        return cls(
            linears=tuple(sorted({_shape(linear_weight(layer)[0]) for layer in layers})),
            hidden=config.hidden_size,
            inner=inner[0] if isinstance(inner, list | tuple) else inner,  # some architectures have one a layer
            heads=heads,
            kv_heads=getattr(config, "num_key_value_heads", None) or heads,
            head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        )

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Widths":
        """From what `plain` gave."""
        linears = tuple((out, width) for out, width in values["linears"])
        own: dict[str, Any] = {**values, "linears": linears}
        return cls(**own)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


class Operations:
    """Every operation over the same inputs, as a function of how many rows it is given at a time."""

    def __init__(self, widths: Widths, dtype: str, device: str = "cpu"):
        self.widths, self._dtype, self._device = widths, DTYPES[dtype], device
        self._numbers = torch.Generator().manual_seed(0)
        self._weights = [self._draw(out, width) / width**0.5 for out, width in widths.linears]
        self._inputs = [self._draw(PREFILL_ROWS, width) for _, width in widths.linears]
        self._hidden, self._inner = self._draw(PREFILL_ROWS, widths.hidden), self._draw(PREFILL_ROWS, widths.inner)
        self._q = self._draw(1, widths.heads, PREFILL_ROWS, widths.head_dim)
        self._k = self._draw(1, widths.kv_heads, PREFILL_ROWS, widths.head_dim)
        self._v = self._draw(1, widths.kv_heads, PREFILL_ROWS, widths.head_dim)

    def linear(self, rows: int) -> Tensor:
        """All linear layers of the model, this many rows at a time; [inputs, ...]."""
        pairs = zip(self._inputs, self._weights, strict=True)
        return torch.cat([torch.cat([F.linear(x, weight) for x in all_.split(rows)]) for all_, weight in pairs], -1)

    def norm(self, rows: int) -> Tensor:
        """RMSNorm as transformers writes it, this many rows at a time."""
        return torch.cat([self._norm(x.float()).to(self._dtype) for x in self._hidden.split(rows)])

    def activation(self, rows: int) -> Tensor:
        """SiLU, this many rows at a time."""
        return torch.cat([F.silu(x) for x in self._inner.split(rows)])

    def attend_one(self, rows: int) -> Tensor:
        """The last token's attention to all before it, in a batch of this many equal rows; [rows, ...]."""
        q, k, v = (x.expand(rows, -1, -1, -1) for x in (self._q[:, :, -1:], self._k, self._v))
        return self._sdpa(q, k, v).flatten(1)

    def attend_one_masked(self) -> Tensor:
        """The last token's attention with a mask that hides nothing, as padding brings one."""
        q, seen = self._q[:, :, -1:], torch.ones(1, PREFILL_ROWS, dtype=torch.bool, device=self._device)
        return self._sdpa(q, self._k, self._v, attn_mask=seen).flatten(1)

    def attend_all(self) -> Tensor:
        """Causal attention of all tokens; [tokens, ...]."""
        return self._by_token(self._sdpa(self._q, self._k, self._v, is_causal=True))

    def attend_masked(self) -> Tensor:
        """The same with the rule as an explicit mask."""
        return self._by_token(self._sdpa(self._q, self._k, self._v, attn_mask=self._seen()))

    def attend_by_hand(self) -> Tensor:
        """The same as separate products, as transformers' eager attention has it."""
        groups = self.widths.heads // self.widths.kv_heads
        k, v = self._k.repeat_interleave(groups, 1), self._v.repeat_interleave(groups, 1)
        scores = self._q @ k.transpose(-1, -2) * self.widths.head_dim**-0.5
        scores = scores.masked_fill(~self._seen(), torch.finfo(self._dtype).min)
        return self._by_token(scores.softmax(-1, dtype=torch.float32).to(self._dtype) @ v)

    @staticmethod
    def _norm(x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)

    def _sdpa(self, q: Tensor, k: Tensor, v: Tensor, **how: Any) -> Tensor:
        grouped = self.widths.heads != self.widths.kv_heads
        return F.scaled_dot_product_attention(q, k, v, enable_gqa=grouped, **how)

    def _seen(self) -> Tensor:
        places = torch.arange(PREFILL_ROWS, device=self._device)
        return places <= places[:, None]

    @staticmethod
    def _by_token(attended: Tensor) -> Tensor:
        return attended[0].transpose(0, 1).flatten(1)

    def _draw(self, *shape: int) -> Tensor:
        first, second = (torch.randint(-1000, 1001, shape, generator=self._numbers) for _ in range(2))
        return ((first * second).float() / 300_000).to(self._dtype).to(self._device)


def _shape(weight: Tensor) -> tuple[int, int]:
    out, width = weight.shape
    return out, width


@torch.inference_mode()
def base_outputs(widths: Widths, device: str = "cpu") -> dict[str, Tensor]:
    """Every operation once, as it is; the names are `operation|dtype`."""
    found = {}
    for dtype in DTYPES:
        own = Operations(widths, dtype, device)
        found |= {
            f"linear, 1 row|{dtype}": own.linear(1),
            f"linear, {PREFILL_ROWS} rows|{dtype}": own.linear(PREFILL_ROWS),
            f"attention, 1 row|{dtype}": own.attend_one(1),
            f"attention, {PREFILL_ROWS} rows|{dtype}": own.attend_all(),
            f"norm|{dtype}": own.norm(PREFILL_ROWS),
            f"activation|{dtype}": own.activation(PREFILL_ROWS),
        }
    return {name: value.cpu() for name, value in found.items()}

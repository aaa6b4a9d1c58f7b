"""A cache whose keys and values have fewer bits: what that saves is measured, and so is what it costs.

Each head's numbers are cut into groups; a group shares one scale, as in the formats Q8_0 and Q4_0 of GGUF. A layer is
widened again when it is used, so attention sees exactly what is stored.
"""

import copy
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from playground.engine.decoder import DecoderCache
from playground.engine.rotary import whole_steps

Bits = Literal[4, 8, 16]
GROUP = 32  # numbers that share a scale; fewer where a head has fewer


class NarrowCache(DecoderCache):
    """Keys and values of one row in these bits each; 16 is bfloat16, 8 and 4 are integers with a scale per group.

    Args:
        like: An empty cache of the decoder.
        key_bits, value_bits: Of each number.
    """

    def __init__(self, like: DecoderCache, key_bits: Bits, value_bits: Bits):
        super().__init__(like.keys, like.values)
        layers, _, heads, _, dim = like.keys.shape
        self._stored = [(_Narrow(like.keys, heads, dim, key_bits), _Narrow(like.keys, heads, dim, value_bits))
                        for _ in range(layers)]  # fmt: skip
        self._open: tuple[Tensor, Tensor] = (like.keys[0], like.values[0])

    @property
    def token_bytes(self) -> int:
        """Bytes of a token, with its scales, in all layers."""
        return sum(one.token_bytes for pair in self._stored for one in pair)

    @property
    def nbytes(self) -> int:
        """Bytes of the tokens in use."""
        return self.token_bytes * self.length

    @property
    def reserved_bytes(self) -> int:
        """Bytes set aside; one layer is widened at a time."""
        return sum(one.nbytes for pair in self._stored for one in pair) + sum(one.nbytes for one in self._open)

    def make_room(self, tokens: int) -> None:
        """Grow in steps."""
        for pair in self._stored:
            for one in pair:
                one.make_room(self.length + tokens)

    def layer(self, number: int) -> tuple[Tensor, Tensor]:
        """A layer widened, with room for the tokens that are not written yet."""
        keys, values = (one.widened(self.length) for one in self._stored[number])
        self._open = keys, values
        return keys, values

    def written(self, number: int, tokens: int) -> None:
        """Narrow the newest tokens, and let attention see them as they are stored."""
        start = self.length - tokens
        for one, wide in zip(self._stored[number], self._open, strict=True):
            one.write(wide[:, :, start:], start)
            wide[:, :, start:] = one.read(start, self.length)

    def fork(self) -> "NarrowCache":
        """An independent copy."""
        return copy.deepcopy(self)

    def fork_at(self, length: int) -> "NarrowCache":
        """A copy of the first tokens."""
        other = self.fork()
        other.crop(length)
        return other

    def select(self, rows: Sequence[int]) -> None:
        """It has one row."""
        if list(rows) != [0]:
            raise ValueError("a cache of few bits has one row")


class _Narrow:
    """Numbers [1, heads, tokens, head_dim] of one layer: codes, and a scale for each group."""

    def __init__(self, like: Tensor, heads: int, dim: int, bits: Bits):
        self._bits, self._dtype, self._group = bits, like.dtype, min(GROUP, dim)
        if dim % self._group:
            raise ValueError(f"a head has {dim} numbers, which are no whole groups of {self._group}")
        kind = torch.bfloat16 if bits == 16 else torch.int8 if bits == 8 else torch.uint8
        self._codes = torch.empty(1, heads, 0, dim // (2 if bits == 4 else 1), dtype=kind, device=like.device)
        groups = 0 if bits == 16 else dim // self._group
        self._scales = torch.empty(1, heads, 0, groups, dtype=torch.float16, device=like.device)

    @property
    def token_bytes(self) -> int:
        """Bytes of one token of all heads."""
        held = (self._codes, self._scales)
        return sum(one.shape[1] * one.shape[3] * one.itemsize for one in held)

    @property
    def nbytes(self) -> int:
        """Bytes set aside."""
        return self._codes.nbytes + self._scales.nbytes

    def make_room(self, tokens: int) -> None:
        """Room for this many tokens."""
        if tokens > self._codes.shape[2]:
            self._codes, self._scales = (_longer(one, tokens) for one in (self._codes, self._scales))

    def write(self, wide: Tensor, start: int) -> None:
        """Store tokens from `start` on."""
        end = start + wide.shape[2]
        if self._bits == 16:
            self._codes[:, :, start:end] = wide
            return
        most = 127 if self._bits == 8 else 7
        grouped = wide.float().unflatten(-1, (-1, self._group))
        scales = (grouped.abs().amax(-1) / most).half()
        codes = (grouped / scales.float().clamp_min(1e-8)[..., None]).round().clamp(-most, most).flatten(-2)
        self._scales[:, :, start:end] = scales
        if self._bits == 8:
            self._codes[:, :, start:end] = codes.to(torch.int8)
        else:
            half = (codes + 8).to(torch.uint8)
            self._codes[:, :, start:end] = half[..., 0::2] | (half[..., 1::2] << 4)

    def read(self, start: int, end: int) -> Tensor:
        """Stored tokens, widened."""
        codes = self._codes[:, :, start:end]
        if self._bits == 16:
            return codes.to(self._dtype)
        if self._bits == 4:
            codes = torch.stack([codes & 15, codes >> 4], -1).flatten(-2).to(torch.int8) - 8
        scales = self._scales[:, :, start:end].to(self._dtype)[..., None]
        return (codes.to(self._dtype).unflatten(-1, (-1, self._group)) * scales).flatten(-2)

    def widened(self, tokens: int) -> Tensor:
        """All of them; what is not written yet is anything."""
        return self.read(0, tokens)


def _longer(old: Tensor, tokens: int) -> Tensor:
    rows, heads, held, width = old.shape
    new = old.new_zeros(rows, heads, whole_steps(tokens), width)
    new[:, :, :held] = old
    return new

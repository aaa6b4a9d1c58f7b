"""A decoder of the Llama family, to be read like the textbook: llama, smollm, mistral, qwen2, qwen3.

Vaswani et al. 2017 (attention), Zhang and Sennrich 2019 (RMSNorm), Su et al. 2021 (rotary embedding), Shazeer 2020
(SwiGLU), Ainslie et al. 2023 (grouped-query attention). One step is: look up the token; in each layer let it attend to
what came before and pass it through a gated two-layer network; then compare it with every token of the vocabulary.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from playground.engine.layer import Layer, Norm, layers_of
from playground.engine.rotary import Rotary, rotate, whole_steps
from playground.models.llama import LlamaWeights


class DecoderCache:
    """Keys and values, each [layers, rows, kv_heads, capacity, head_dim]; the first `length` tokens are in use.

    Attributes:
        starts: Where each row begins [rows], for rows of several lengths that end together; None is 0 for all.
    """

    def __init__(self, keys: Tensor, values: Tensor, length: int = 0):
        self.keys, self.values, self.length = keys, values, length
        self.starts: Tensor | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the tokens in use, all rows together."""
        layers, rows, heads, _, dim = self.keys.shape
        return 2 * layers * rows * heads * self.length * dim * self.keys.itemsize

    @property
    def reserved_bytes(self) -> int:
        """Bytes set aside, used or not."""
        return self.keys.nbytes + self.values.nbytes

    def make_room(self, tokens: int) -> None:
        """Grow in steps, so that most tokens move nothing."""
        needed = self.length + tokens
        if needed > self.keys.shape[3]:
            self.keys, self.values = self._grown(self.keys, needed), self._grown(self.values, needed)

    def _grown(self, old: Tensor, needed: int) -> Tensor:
        layers, rows, heads, _, dim = old.shape
        new = old.new_empty(layers, rows, heads, whole_steps(needed), dim)
        new[:, :, :, : self.length] = old[:, :, :, : self.length]
        return new

    def layer(self, number: int) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer, [rows, kv_heads, length, head_dim]; the newest tokens are written into them."""
        return self.keys[number, :, :, : self.length], self.values[number, :, :, : self.length]

    def written(self, number: int, tokens: int) -> None:
        """The newest tokens of a layer were written; here they are where they stay."""

    def expand(self, rows: int) -> None:
        """Repeat the one row, so that answers share one prompt."""
        if rows > 1:
            self.select([0] * rows)

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows only, in this order."""
        index = torch.tensor(rows, device=self.keys.device)
        self.keys, self.values = self.keys.index_select(1, index), self.values.index_select(1, index)

    def crop(self, length: int) -> None:
        """Forget all but the first tokens."""
        self.length = min(self.length, length)

    def fork(self) -> "DecoderCache":
        """An independent copy."""
        return self.fork_at(self.length)

    def fork_at(self, length: int) -> "DecoderCache":
        """A copy of the first tokens: a branch, or a prefix to be used again."""
        length = min(self.length, length)
        keys, values = (old[:, :, :, : whole_steps(length)].clone() for old in (self.keys, self.values))
        return DecoderCache(keys, values, length)


class Decoder:
    """Prefill and decode over `LlamaWeights`, which stay in the form they have now."""

    def __init__(self, weights: LlamaWeights):
        self.weights = weights
        self._layers, self._norm = layers_of(weights), Norm(weights.norm, weights.shape.eps)
        self._rotary = Rotary(weights)

    def new_cache(self) -> DecoderCache:
        """An empty cache of one row."""
        shape, norm = self.weights.shape, self.weights.norm
        empty = norm.new_empty(len(self.weights.layers), 1, shape.kv_heads, 0, shape.head_dim)
        return DecoderCache(empty, empty)

    def least_chunk(self, prompt_tokens: int) -> int:  # noqa: ARG002  part of the protocol
        """Any length works."""
        return 1

    @torch.inference_mode()
    def forward(self, ids: Tensor, cache: DecoderCache) -> Tensor:
        """Read ids [rows, length]; returns float32 logits [rows, vocabulary] after the last one, on the CPU."""
        return self.logits(self.hidden(ids, cache, keep=1)[:, -1]).float().cpu()

    @torch.inference_mode()
    def read(self, ids: Tensor, cache: DecoderCache) -> None:
        """Read ids [rows, length] when more follow: no logits are computed."""
        self.hidden(ids, cache, keep=0)
        if self.weights.norm.device.type != "cpu":  # so that times taken after it are true
            torch.accelerator.synchronize(self.weights.norm.device)

    @torch.inference_mode()
    def hidden(
        self,
        ids: Tensor,
        cache: DecoderCache,
        keep: int | None = None,
        watch: Callable[[int, Tensor], None] | None = None,
    ) -> Tensor:
        """The residual stream after the last layer, [rows, length, width]; keys and values go into the cache.

        With `keep`, the last layer computes only that many positions at the end: of the others, only keys and values
        are needed. `watch` gets the stream as it enters the first layer (0) and as it leaves each (1, 2...).
        """
        start, length = cache.length, ids.shape[1]
        end = start + length
        cache.make_room(length)
        x = self.weights.embedding(ids.to(self.weights.norm.device))
        rotation, mask = self._rotary.between(start, end), _causal_mask(start, length, x.device)
        if cache.starts is not None:
            rotation, mask = self._ragged(cache.starts, start, length)
        cache.length = end
        if watch is not None:
            watch(0, x)
        for number, layer in enumerate(self._layers):
            layer_keys, layer_values = cache.layer(number)
            queries = self._project(layer, layer.attention_norm(x), rotation, layer_keys, layer_values)
            cache.written(number, length)
            if keep is not None and number + 1 == len(self._layers):
                queries, x = queries[:, :, length - keep :], x[:, length - keep :]
                if keep == 0:
                    break
                mask = mask if cache.starts is not None else None  # the last token sees all
            x = x + layer.out(self._attend(queries, layer_keys, layer_values, mask))
            x = x + self._mlp(layer, layer.mlp_norm(x))
            if watch is not None:
                watch(number + 1, x)
        return x

    @torch.inference_mode()
    def attention(self, number: int, x: Tensor, cache: DecoderCache) -> Tensor:
        """Weights softmax(q k^T / sqrt(d)) of a layer, float32 [heads, length, tokens]; masked positions are 0.

        Args:
            number: The layer, from 0.
            x: Its input at the last positions of the cache, one row [1, length, width].
            cache: Holds these positions.
        """
        layer, length, end = self._layers[number], x.shape[1], cache.length
        keys, values = cache.layer(number)
        rotation = self._rotary.between(end - length, end)
        queries = self._project(layer, layer.attention_norm(x), rotation, keys, values)[0].float()
        keys = keys[0].float().repeat_interleave(self.weights.shape.heads // self.weights.shape.kv_heads, 0)
        scores = queries @ keys.transpose(1, 2) * self.weights.shape.head_dim**-0.5
        seen = torch.arange(end, device=x.device)
        return scores.masked_fill(seen > seen[end - length :, None], float("-inf")).softmax(-1)

    @torch.inference_mode()
    def logits(self, x: Tensor) -> Tensor:
        """Compare the residual stream with every token of the vocabulary."""
        return self.weights.head(self._norm(x))

    def _project(
        self, layer: Layer, x: Tensor, rotation: tuple[Tensor, Tensor], keys: Tensor, values: Tensor
    ) -> Tensor:
        """Queries [rows, heads, length, head_dim], turned by their positions.

        Keys and values [rows, kv_heads, tokens, head_dim] end with room for the new tokens, filled here.
        """
        return self._place(layer, layer.qkv(x), rotation, keys, values)

    def _place(
        self, layer: Layer, heads: Tensor, rotation: tuple[Tensor, Tensor], keys: Tensor, values: Tensor
    ) -> Tensor:
        """The same, from the product [rows, length, heads' numbers]."""
        shape = self.weights.shape
        rows, length, _ = heads.shape
        # One token's heads are already in the order in which several tokens' are after the transpose.
        heads = (heads.view(rows, -1, 1, shape.head_dim) if length == 1
                 else heads.reshape(rows, length, -1, shape.head_dim).transpose(1, 2))  # fmt: skip
        qk, v = heads.split((shape.heads + shape.kv_heads, shape.kv_heads), dim=1)
        if layer.query_norm is not None and layer.key_norm is not None:
            q, k = qk.split((shape.heads, shape.kv_heads), dim=1)
            qk = torch.cat([layer.query_norm(q), layer.key_norm(k)], dim=1)
        q, k = rotate(qk, *rotation).split((shape.heads, shape.kv_heads), dim=1)
        keys[:, :, -length:], values[:, :, -length:] = k, v
        return q

    def _attend(self, q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """Every token looks at itself and all before it. Several query heads share one key and value head."""
        shape = self.weights.shape
        rows, _, length, _ = q.shape
        if length == 1:  # the heads of a group as rows of one product: their keys are read once
            q = q.reshape(rows, shape.kv_heads, -1, shape.head_dim)
            return F.scaled_dot_product_attention(q, keys, values, attn_mask=mask).reshape(rows, 1, -1)
        attended = F.scaled_dot_product_attention(
            q, keys, values, attn_mask=mask, is_causal=mask is None, enable_gqa=shape.heads != shape.kv_heads
        )
        return attended.transpose(1, 2).reshape(rows, length, -1)

    @staticmethod
    def _mlp(layer: Layer, x: Tensor) -> Tensor:
        """SwiGLU: one half of the product gates the other."""
        gate, up = layer.gate_up(x).chunk(2, dim=-1)
        return layer.down(F.silu(gate) * up)

    def _ragged(self, starts: Tensor, end: int, length: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Rotation and mask of one new token for each row; a row sees nothing before its start."""
        if length != 1:
            raise ValueError("rows of several lengths take one token at a time")
        seen = torch.arange(end + 1, device=starts.device) >= starts[:, None]
        return self._rotary.at(end - starts), seen[:, None, None]


def _causal_mask(start: int, length: int, device: torch.device) -> Tensor | None:
    """Which tokens each new one may see, [length, start + length]; None where no mask or the kernel's will do.

    The kernel's mask counts from the first key, so it is right only where nothing was read before.
    """
    if length == 1 or start == 0:
        return None
    seen = torch.arange(start + length, device=device)
    return seen <= seen[start:, None]

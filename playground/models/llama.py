"""Weights of the Llama family, laid out for our decoder: weights that share an input are one matrix.

Query, key and value are one matrix, gate and up in another, so a layer is four products instead of seven.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig

from playground.models.dense import DenseLinear
from playground.models.kv import LLAMA_FAMILY, layer_windows

_STATIC_ROPE = ("default", "linear", "llama3", "yarn")  # kinds whose frequencies do not depend on the text's length


@dataclass(frozen=True)
class LlamaShape:
    """Numbers that the decoder needs besides the weights; `rope_scaling` multiplies sine and cosine (yarn)."""

    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    rope_scaling: float


class LlamaLayer(nn.Module):
    """One layer: attention and SwiGLU, each after an RMSNorm. Query and key norms are Qwen3's."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm: Tensor
        self.qkv: nn.Module
        self.query_norm: Tensor | None = None
        self.key_norm: Tensor | None = None
        self.out: nn.Module
        self.mlp_norm: Tensor
        self.gate_up: nn.Module
        self.down: nn.Module


class LlamaWeights(nn.Module):
    """All weights of a model of the family."""

    def __init__(self, config: PreTrainedConfig, shape: LlamaShape, inverse_frequencies: Tensor) -> None:
        super().__init__()
        self.config = config
        self.shape = shape
        self.layers = nn.ModuleList()
        self.embedding: nn.Module
        self.norm: Tensor
        self.head: nn.Module
        self.register_buffer("inverse_frequencies", inverse_frequencies)
        self.inverse_frequencies: Tensor

    def get_input_embeddings(self) -> nn.Module:
        """The token table, under transformers' name, so that packing treats both kinds of model alike."""
        return self.embedding

    def get_output_embeddings(self) -> nn.Module:
        """The head, likewise."""
        return self.head


def unsupported(config: PreTrainedConfig) -> str | None:
    """Why our decoder can't run this model; None if it can."""
    if config.model_type not in LLAMA_FAMILY:
        return f"{config.model_type} is not of the Llama family"
    if getattr(config, "hidden_act", "silu") != "silu":
        return f"its activation is {config.hidden_act}, not silu"
    rope = config.rope_parameters or {}
    if rope.get("rope_type", "default") not in _STATIC_ROPE:
        return f"its rotary embedding is of type {rope['rope_type']}"
    if (rope.get("partial_rotary_factor") or 1.0) != 1.0:
        return "its rotary embedding rotates only a part of each head"
    if any(window is not None for window in layer_windows(config)):
        return "some layers attend to a sliding window"
    return None


def take_weights(module: Any) -> LlamaWeights:
    """Move a float model's weights into our layout; each is freed there once taken.

    Args:
        module: transformers' model, on one device; it is empty afterwards.
    """
    config, inner = module.config, module.model
    rotary = inner.rotary_emb
    shape = LlamaShape(
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=inner.layers[0].self_attn.head_dim,
        eps=config.rms_norm_eps,
        rope_scaling=float(getattr(rotary, "attention_scaling", 1.0)),
    )
    weights = LlamaWeights(config, shape, rotary.inv_freq.float())
    for source in inner.layers:
        weights.layers.append(_layer(source))
    weights.norm = _vector(inner.norm)
    table = inner.embed_tokens
    tied = module.lm_head.weight is table.weight
    weights.head = head = _together(module.lm_head)
    weights.embedding = _table(head.weight if tied else nn.Parameter(table.weight.detach().clone()))
    table.weight = None
    return weights.eval().requires_grad_(False)


def _layer(source: Any) -> LlamaLayer:
    attention, mlp = source.self_attn, source.mlp
    layer = LlamaLayer()
    layer.attention_norm = _vector(source.input_layernorm)
    layer.qkv = _together(attention.q_proj, attention.k_proj, attention.v_proj)
    if hasattr(attention, "q_norm"):
        layer.query_norm, layer.key_norm = _vector(attention.q_norm), _vector(attention.k_norm)
    layer.out = _together(attention.o_proj)
    layer.mlp_norm = _vector(source.post_attention_layernorm)
    layer.gate_up = _together(mlp.gate_proj, mlp.up_proj)
    layer.down = _together(mlp.down_proj)
    return layer


def _vector(norm: Any) -> nn.Parameter:
    weight = nn.Parameter(norm.weight.detach().clone(), requires_grad=False)
    norm.weight = None
    return weight


def _together(*parts: Any) -> DenseLinear:
    """One linear layer of several that read the same input."""
    weight = torch.cat([part.weight.detach() for part in parts])  # a copy, so the memory-mapped file can be released
    biases = [part.bias.detach() for part in parts if part.bias is not None]
    for part in parts:
        part.weight = part.bias = None
    return DenseLinear.of(
        nn.Parameter(weight, requires_grad=False),
        nn.Parameter(torch.cat(biases), requires_grad=False) if biases else None,
    )


def _table(weight: Tensor) -> nn.Embedding:
    embedding = nn.Embedding(weight.shape[0], weight.shape[1], device="meta")
    embedding.weight = weight
    return embedding

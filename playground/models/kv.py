"""The size of the KV cache: predicted from the configuration, and measured on a cache."""

import copy
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedConfig, cache_utils

from playground.models.facts import KVLayer, KVLayout
from playground.models.quiet import quiet

LLAMA_FAMILY = ("llama", "mistral", "qwen2", "qwen3")
_PROBE_TOKENS = 3
_GROWING = {"keys": -2, "values": -2, "indexer_keys": -2, "indexer_position_ids": -1}  # the axis of their tokens


def kv_layout(config: PreTrainedConfig, dtype: torch.dtype) -> KVLayout | None:
    """What each layer will hold in memory, or None where it can't be predicted.

    For the Llama family, 2 (key and value) x KV heads x head dimension x bytes a number: Databricks, "LLM Inference
    Performance Engineering". Other architectures differ by layer, share layers, or keep latents or states instead:
    their code reads three tokens on the meta device, without weights, and the filled cache shows the sizes.
    """
    if config.model_type in LLAMA_FAMILY:
        heads = config.num_attention_heads
        kv_heads = getattr(config, "num_key_value_heads", None) or heads
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
        size = 2 * kv_heads * head_dim * dtype.itemsize
        return KVLayout(tuple(KVLayer(size, window) for window in layer_windows(config)))
    try:
        with quiet():
            layers = _probe(config, dtype)
        return KVLayout(tuple(_measured(layer) for layer in layers))
    except Exception:  # code that needs the numbers of a meta tensor may raise anything
        return None


def layer_windows(config: PreTrainedConfig) -> list[int | None]:
    """For every layer the tokens it attends to, including the current one; None is no limit."""
    return [getattr(layer, "sliding_window", None) for layer in DynamicCache(config=config).layers]


def cache_bytes(layers: Any) -> int:
    """Bytes of everything that the layers of transformers' cache hold: keys and values, latents, states."""
    return sum(tensor.nbytes for layer in layers for _, tensor in _tensors(layer))


def _probe(config: PreTrainedConfig, dtype: torch.dtype) -> list[Any]:
    """The layers of a cache that was filled without weights."""
    config = copy.deepcopy(config)
    config.get_text_config(decoder=True).pad_token_id = None  # else some search the ids for it, which have no values
    # In float32 first, since transformers sets the process's default dtype meanwhile; eager attention is fastest
    # on meta tensors, and batched experts need no tensor values for routing.
    with torch.device("meta"):
        module: Any = AutoModelForCausalLM.from_config(
            config, trust_remote_code=False, dtype=torch.float32, attn_implementation="eager",
            experts_implementation="batched_mm",
        )  # fmt: skip
    module.to(dtype).eval()
    cache = DynamicCache(config=config)
    name = "cache" if "cache" in inspect.signature(type(module).forward).parameters else "past_key_values"
    ids = torch.zeros(1, _PROBE_TOKENS, dtype=torch.long, device="meta")
    with torch.inference_mode():
        module(input_ids=ids, use_cache=True, **{name: cache})
    return cache.layers


def _measured(layer: Any) -> KVLayer:
    """What a layer holds after the probe.

    Raises:
        ValueError: Its kind does not show how it grows.
    """
    if type(layer).__module__ != cache_utils.__name__:
        raise ValueError("an architecture-specific kind of layer")
    per_token = state = 0
    for name, tensor in _tensors(layer):
        if name not in _GROWING:
            state += tensor.nbytes
        elif tensor.shape[_GROWING[name]] == _PROBE_TOKENS:
            per_token += tensor.nbytes // _PROBE_TOKENS
        else:
            raise ValueError("the number of keys must equal the number of tokens")
    return KVLayer(per_token, getattr(layer, "sliding_window", None), state)


def _tensors(layer: Any) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a layer with the name of its attribute, without a layer's private ones (its window)."""
    for name, value in vars(layer).items():
        parts = value.values() if isinstance(value, Mapping) else (value,)
        for tensor in () if name.startswith("_") else parts:
            if isinstance(tensor, Tensor):
                yield name, tensor

"""The size of the KV cache, by formula."""

import torch
from transformers import PreTrainedConfig

__all__ = ["kv_bytes_per_token", "kv_cache_bytes", "layer_windows"]


def kv_bytes_per_token(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    """Key and value bytes that one token adds over all layers, before any sliding window.

    2 (key and value) x layers x KV heads x head dimension x bytes a number: Databricks, "LLM Inference Performance
    Engineering". Layers without attention (linear, convolution) add nothing.
    """
    return _layer_bytes_per_token(config, dtype) * len(layer_windows(config))


def kv_cache_bytes(config: PreTrainedConfig, tokens: int, dtype: torch.dtype) -> int:
    """Key and value bytes of one sequence of so many tokens; a sliding-window layer holds `min(tokens, window)`."""
    held = sum(tokens if window is None else min(tokens, window) for window in layer_windows(config))
    return held * _layer_bytes_per_token(config, dtype)


def layer_windows(config: PreTrainedConfig) -> list[int | None]:
    """For every layer with a KV cache the most tokens it holds; None is no limit."""
    text = config.get_text_config(decoder=True)
    window = getattr(text, "sliding_window", None) or getattr(text, "attention_chunk_size", None)
    kinds = getattr(text, "layer_types", None)
    if not kinds:  # one kind for all: a window in the config then holds for every layer (mistral)
        return [window] * text.num_hidden_layers
    limits = {"full_attention": None, "sliding_attention": window, "chunked_attention": window}
    return [limits[kind] for kind in kinds if kind in limits]


def _layer_bytes_per_token(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    text = config.get_text_config(decoder=True)
    heads = text.num_attention_heads
    kv_heads = getattr(text, "num_key_value_heads", None) or getattr(text, "num_kv_heads", None) or heads
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // heads
    return 2 * kv_heads * head_dim * dtype.itemsize

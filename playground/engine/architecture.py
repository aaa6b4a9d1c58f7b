"""What an architecture's configuration and code say about how to read it, where a measurement shows little."""

import contextlib
import inspect
from functools import cache
from typing import Any

import torch
from torch import Tensor

# The fault in their first Mamba layers is too small to measure in 16 bits.
ONE_CHUNK = ("falcon_mamba", "jamba", "mamba", "zamba")


@cache
def arguments(kind: type) -> frozenset[str]:
    """Parameters of this class's forward pass: transformers 5.24 renamed `past_key_values` to `cache`, for one."""
    return frozenset(inspect.signature(kind.forward).parameters)


def table_boundary(config: Any) -> int | None:
    """Length beyond which all tokens are rotated by another table (longrope); None if there is one table.

    Ding et al. 2024, "LongRoPE": short factors within the original training length, long factors beyond.
    """
    rope = getattr(config.get_text_config(decoder=True), "rope_parameters", None) or {}
    kinds = [rope] if "rope_type" in rope else [kind for kind in rope.values() if isinstance(kind, dict)]
    ends = [kind["original_max_position_embeddings"] for kind in kinds if kind.get("rope_type") == "longrope"]
    return min(ends, default=None)


def unusable_cache(module: Any) -> str:
    """Why no cache can be used, judged from the code alone; empty if it must be measured."""
    if arguments(type(module)).isdisjoint(("cache", "past_key_values")):
        return "its forward pass takes no cache"
    before = _held(module)
    with contextlib.suppress(Exception), torch.inference_mode():  # what fails here also fails in the measurement
        module(input_ids=torch.ones(1, 2, dtype=torch.long, device=module.device), use_cache=True)
    return "it keeps state outside the cache" if _held(module).keys() - before.keys() else ""


def _held(module: Any) -> dict[int, Tensor]:
    """Tensors that its submodules hold besides weights and buffers, by identity."""
    values = (value for part in module.modules() for value in vars(part).values())
    return {id(value): value for value in values if isinstance(value, Tensor) and value.dim() > 1}


def counts_past_padding(module: Any) -> bool:
    """Whether positions start after the padding index, as in RoBERTa; read from the code, as measuring shows little."""
    tables = (part for name, part in module.named_modules() if name.endswith("position_embeddings"))
    return any(getattr(table, "padding_idx", None) is not None for table in tables)

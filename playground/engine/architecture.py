"""What an architecture's configuration and code say of how it may be read, where few numbers would show it."""

import contextlib
import inspect
from functools import cache
from typing import Any

import torch
from torch import Tensor

# Their first Mamba layers: too small a fault for a measure in 16 bits.
ONE_CHUNK = ("falcon_mamba", "jamba", "mamba", "zamba")


@cache
def arguments(kind: type) -> frozenset[str]:
    """What this class's forward pass takes: transformers 5.24 renamed `past_key_values` to `cache`, for one."""
    return frozenset(inspect.signature(kind.forward).parameters)


def table_boundary(config: Any) -> int | None:
    """Tokens from which on all are turned by another table (longrope), not only the new ones; None for one table.

    Ding et al. 2024, "LongRoPE": short factors within the length of the first training, long ones beyond.
    """
    rope = getattr(config.get_text_config(decoder=True), "rope_parameters", None) or {}
    kinds = [rope] if "rope_type" in rope else [kind for kind in rope.values() if isinstance(kind, dict)]
    ends = [kind["original_max_position_embeddings"] for kind in kinds if kind.get("rope_type") == "longrope"]
    return min(ends, default=None)


def unusable_cache(module: Any) -> str:
    """Why nothing that is kept can be used, from the code alone; empty if it must be measured."""
    if arguments(type(module)).isdisjoint(("cache", "past_key_values")):
        return "its forward pass takes no cache"
    before = _held(module)
    with contextlib.suppress(Exception), torch.inference_mode():  # what fails here fails when it is measured
        module(input_ids=torch.ones(1, 2, dtype=torch.long, device=module.device), use_cache=True)
    return "it keeps a state of its own" if _held(module).keys() - before.keys() else ""


def _held(module: Any) -> dict[int, Tensor]:
    """Matrices that its parts hold beside weights and buffers, by identity."""
    values = (value for part in module.modules() for value in vars(part).values())
    return {id(value): value for value in values if isinstance(value, Tensor) and value.dim() > 1}


def counts_past_padding(module: Any) -> bool:
    """Whether its first position is the one after its padding's, as RoBERTa's: few numbers tell, so its code does."""
    tables = (part for name, part in module.named_modules() if name.endswith("position_embeddings"))
    return any(getattr(table, "padding_idx", None) is not None for table in tables)

"""transformers' own module as a model of the loop."""

import copy
import inspect
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

__all__ = ["ModuleCache", "ModuleModel", "module_logits", "module_outputs"]


class ModuleCache:
    """transformers' dynamic cache; sliding-window layers come from the config."""

    def __init__(self, config: Any):
        self.inner = DynamicCache(config=config)

    @property
    def length(self) -> int:
        """Tokens held in each row."""
        return self.inner.get_seq_length()

    @property
    def nbytes(self) -> int:
        """Bytes of all keys and values."""
        return sum(
            tensor.nbytes
            for layer in self.inner.layers
            for tensor in (getattr(layer, "keys", None), getattr(layer, "values", None))
            if tensor is not None
        )

    @torch.inference_mode()
    def expand(self, rows: int) -> None:
        """Repeat the one row."""
        if rows > 1:
            self.inner.batch_repeat_interleave(rows)

    @torch.inference_mode()
    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows only."""
        self.inner.batch_select_indices(torch.tensor(rows))

    def fork(self) -> "ModuleCache":
        """A copy that goes its own way."""
        return copy.deepcopy(self)

    @torch.inference_mode()
    def fork_at(self, length: int) -> "ModuleCache | None":
        """A copy of the first tokens; None if a window has slid past them, or a layer keeps no keys and values."""
        if not all(_can_forget(layer) for layer in self.inner.layers):
            return None
        other = self.fork()
        if length < self.length:
            other.inner.crop(length - self.length)
        return other


def _can_forget(layer: Any) -> bool:
    window = getattr(layer, "sliding_window", None)
    return isinstance(layer, DynamicLayer) and (window is None or layer.get_seq_length() < window)


class ModuleModel:
    """Any causal language model of transformers, through its own forward pass."""

    def __init__(self, module: Any):
        self._module = module
        self._device = module.device

    @property
    def module(self) -> Any:
        """Transformers' module."""
        return self._module

    def new_cache(self) -> ModuleCache:
        """An empty cache."""
        return ModuleCache(self._module.config)

    @torch.inference_mode()
    def forward(self, ids: Tensor, cache: ModuleCache) -> Tensor:
        """Logits of the last position; reading them to the CPU waits for a GPU, so times taken after it are true."""
        return module_logits(self._module, ids.to(self._device), cache.inner).float().cpu()

    def read(self, ids: Tensor, cache: ModuleCache) -> None:
        """Read ids; an architecture offers no way to leave its head out, so its logits are thrown away."""
        self.forward(ids, cache)


def module_logits(module: Any, ids: Tensor, kv_cache: Any, **more: Any) -> Tensor:
    """Logits [rows, vocabulary] after the last of ids [rows, length], by transformers' own forward pass.

    Args:
        module: A causal language model of transformers.
        ids: On the module's device.
        kv_cache: A transformers cache, read and written.
        more: Other arguments of the forward pass.
    """
    return module_outputs(module, ids, kv_cache, **more).logits[:, -1]


def module_outputs(module: Any, ids: Tensor, kv_cache: Any, **more: Any) -> Any:
    """Everything that transformers' forward pass tells; arguments as for `module_logits`."""
    kept = {_cache_argument(type(module)): kv_cache}
    return module(input_ids=ids, use_cache=True, logits_to_keep=1, **kept, **more)


@cache
def _cache_argument(kind: type) -> str:
    """What this class calls its cache: transformers 5.24 renamed `past_key_values`, and warns of the old name."""
    return "cache" if "cache" in inspect.signature(kind.forward).parameters else "past_key_values"

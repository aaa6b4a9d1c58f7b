"""A transformers module as a model for the loop: any causal architecture, each read in a way that is right for it.

What an architecture can't do is a limit in its `Findings`. The loop need not know: a limit costs time
here, never a wrong number.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from playground.engine.architecture import arguments, table_boundary
from playground.models.facts import PLAIN, Findings
from playground.models.kv import cache_bytes
from playground.models.storage import device_of

_KEYS_AND_VALUES = (DynamicLayer, DynamicSlidingWindowLayer)


class ModuleCache:
    """What has been read: the ids, and the transformers caches for them.

    Attributes:
        ids: [rows, length], on the CPU.
        inners: transformers' caches: one for all rows, or one per row where they can't share; empty where the model
            has no usable cache.
    """

    def __init__(self, config: Any, findings: Findings = PLAIN, boundary: int | None = None):
        self.ids = torch.empty(1, 0, dtype=torch.long)
        self.inners = [] if "cache" in findings.limits else [DynamicCache(config=config)]
        self._config, self._findings, self._boundary = config, findings, boundary

    @property
    def inner(self) -> Any:
        """The single cache of all rows."""
        (one,) = self.inners
        return one

    @property
    def length(self) -> int:
        """Tokens held in each row."""
        return self.ids.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of all keys, values and other states."""
        return sum(cache_bytes(inner.layers) for inner in self.inners)

    def expand(self, rows: int) -> None:
        """Repeat the one row."""
        if rows > 1:
            self.select([0] * rows)

    @torch.inference_mode()
    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows only, in this order."""
        self.ids = self.ids[list(rows)]
        if "rows" in self._findings.limits:
            self.inners = [copy.deepcopy(self.inners[row]) for row in rows] if self.inners else []
        else:
            for inner in self.inners:
                inner.reorder_cache(torch.LongTensor(list(rows)))

    def forget(self) -> None:
        """Empty the cache, for as many rows as before."""
        rows = len(self.ids)
        self.ids = self.ids[:, :0]
        self.inners = [DynamicCache(config=self._config) for _ in range(rows if "rows" in self._findings.limits else 1)]

    def fork(self) -> "ModuleCache":
        """An independent copy."""
        return copy.deepcopy(self)

    @torch.inference_mode()
    def fork_at(self, length: int) -> "ModuleCache | None":
        """A copy of the first tokens; None where later tokens can't be removed."""
        if length >= self.length:
            return self.fork()
        if not self._can_forget(length):
            return None
        other = self.fork()
        for inner in other.inners:
            inner.crop(length - self.length)
        other.ids = other.ids[:, :length]
        return other

    def _can_forget(self, length: int) -> bool:
        crosses = self._boundary is not None and length <= self._boundary < self.length
        if crosses or not self.inners or "rewind" in self._findings.limits:
            return False
        return all(_can_forget(layer) for inner in self.inners for layer in inner.layers)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ModuleCache":
        """The config is shared: it is large and read-only."""
        other = copy.copy(self)
        other.ids, other.inners = self.ids.clone(), copy.deepcopy(self.inners, memo)
        return other


def _can_forget(layer: Any) -> bool:
    """Whether a layer can drop its last tokens: not with a state over all tokens, nor with a window that slid.

    Subclasses of other architectures may hold more, and inherit a `crop` that does not know about it.
    """
    window = getattr(layer, "sliding_window", None)
    return type(layer) in _KEYS_AND_VALUES and (window is None or layer.get_seq_length() < window)


class ModuleModel:
    """Any causal language model of transformers, through its forward pass.

    Args:
        module: The model.
        findings: What `probe` found about it.
    """

    def __init__(self, module: Any, findings: Findings = PLAIN):
        self._module = module
        self._device = device_of(module)
        self._findings = findings
        self._boundary = table_boundary(module.config)

    @property
    def module(self) -> Any:
        """Transformers' module."""
        return self._module

    def is_plain(self, tokens: int) -> bool:
        """Whether a text of this length is read the usual way: in chunks, each once, into one cache."""
        short = self._boundary is None or tokens <= self._boundary
        return short and self._findings.is_plain

    def new_cache(self) -> ModuleCache:
        """An empty cache."""
        return ModuleCache(self._module.config, self._findings, self._boundary)

    def least_chunk(self, prompt_tokens: int) -> int:
        """The whole prompt where it can't be read in parts; more than the boundary where that changes the positions."""
        if not self._findings.limits.keys().isdisjoint(("cache", "chunks")):
            return prompt_tokens
        return 1 if self._boundary is None or prompt_tokens <= self._boundary else self._boundary + 1

    @torch.inference_mode()
    def forward(self, ids: Tensor, cache: ModuleCache) -> Tensor:
        """Logits of the last position; copying them to the CPU waits for a GPU, so times taken afterwards are true."""
        if self._boundary is not None and 0 < cache.length <= self._boundary < cache.length + ids.shape[1]:
            ids = torch.cat([cache.ids, ids], 1)  # other rotations from here on, for all tokens
            cache.forget()
        before = cache.length
        cache.ids = torch.cat([cache.ids, ids], 1)
        if not cache.inners:
            return _whole(self._module, cache.ids.to(self._device)).float().cpu()
        rows = ids.split(1) if len(cache.inners) > 1 else [ids]
        read = [self._read(part, inner, before) for part, inner in zip(rows, cache.inners, strict=True)]
        return torch.cat(read).float().cpu()

    def _read(self, ids: Tensor, inner: Any, before: int) -> Tensor:
        """Logits after ids that follow `before` tokens of the cache."""
        step_by_step = before > 0 and "chunks" in self._findings.limits
        logits = torch.empty(0)
        for part in ids.to(self._device).split(1 if step_by_step else ids.shape[1], 1):
            places = _positions(before, part) if self._findings.positions else None
            logits = module_logits(self._module, part, inner, position_ids=places)
            before += part.shape[1]
        return logits

    def outputs(self, ids: Tensor, cache: ModuleCache, **more: Any) -> Any:
        """The full output of a pass over ids [1, length]; only for a text that `is_plain`."""
        positions = _positions(cache.length, ids.to(self._device))
        cache.ids = torch.cat([cache.ids, ids], 1)
        return module_outputs(self._module, ids.to(self._device), cache.inner, position_ids=positions, **more)

    def read(self, ids: Tensor, cache: ModuleCache) -> None:
        """Read ids; transformers offers no way to skip the head, so its logits are discarded."""
        self.forward(ids, cache)


def module_logits(module: Any, ids: Tensor, kv_cache: Any, **more: Any) -> Tensor:
    """Logits [rows, vocabulary] after the last of ids [rows, length], by transformers' forward pass.

    Args:
        module: A causal language model of transformers.
        ids: On the module's device.
        kv_cache: A transformers cache, read and written.
        more: Other arguments of the forward pass. Without `position_ids`, the cache counts the tokens; None leaves
            them to the module.
    """
    return module_outputs(module, ids, kv_cache, **more).logits[:, -1]


def module_outputs(module: Any, ids: Tensor, kv_cache: Any, **more: Any) -> Any:
    """The full output of transformers' forward pass; arguments as for `module_logits`."""
    taken = arguments(type(module))
    if "position_ids" not in taken:
        more.pop("position_ids", None)
    elif "position_ids" not in more:  # some architectures count from 0 at each call without explicit positions
        more["position_ids"] = _positions(kv_cache.get_seq_length(), ids)
    kept = {"cache" if "cache" in taken else "past_key_values": kv_cache}
    return module(input_ids=ids, use_cache=True, **kept, **_last_only(module), **more)


def _whole(module: Any, ids: Tensor) -> Tensor:
    """Logits after the last of ids, without a cache."""
    return module(input_ids=ids, use_cache=False, **_last_only(module)).logits[:, -1]


def _last_only(module: Any) -> dict[str, int]:
    """Arguments for only the last position's logits, where the architecture can skip the others."""
    return {"logits_to_keep": 1} if "logits_to_keep" in arguments(type(module)) else {}


def _positions(before: int, ids: Tensor) -> Tensor:
    return torch.arange(before, before + ids.shape[1], device=ids.device).expand(len(ids), -1)

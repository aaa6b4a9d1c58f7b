"""The same tokens, computed in another manner: one row or several, with padding, without a cache, in chunks.

Every manner gives the logits after a prompt, then after each further token. What it changes in the process (threads,
attention) it changes for the length of one forward pass only, so that nobody else ever sees it.
"""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, Self

import torch
from torch import Tensor
from transformers import DynamicCache

from playground.engine.model import LanguageModel
from playground.engine.module import module_logits

Around = Callable[[], AbstractContextManager[Any]]


class Manner(Protocol):
    """One way to compute the next token's logits."""

    def start(self, prompt: list[int]) -> Tensor:
        """Read the prompt again; float32 logits [vocabulary] after it, on the CPU."""
        ...

    def step(self, token: int) -> Tensor:
        """Read one more token; the logits after it."""
        ...

    def fork(self) -> Self:
        """An independent copy."""
        ...


class ModuleManner:
    """transformers' module with a dynamic cache.

    Args:
        module: The model.
        rows: Equal rows computed together; the first one's logits are given.
        padding: Masked tokens before the prompt.
        chunk: Tokens of the prompt read at a time; None is all at once.
        around: Entered for each forward pass.
    """

    def __init__(
        self, module: Any, *, rows: int = 1, padding: int = 0, chunk: int | None = None, around: Around = nullcontext
    ):
        self._module, self._rows, self._padding, self._chunk, self._around = module, rows, padding, chunk, around
        self._cache: Any = None
        self._length = 0

    def start(self, prompt: list[int]) -> Tensor:
        """Read the prompt; padding repeats its first token, which the mask hides."""
        self._cache, self._length = DynamicCache(config=self._module.config), 0
        ids = [prompt[0]] * self._padding + list(prompt)
        size = self._chunk or len(ids)
        logits = torch.empty(0)
        for begin in range(0, len(ids), size):
            logits = self._forward(ids[begin : begin + size])
        return logits

    def step(self, token: int) -> Tensor:
        """Read one more token."""
        return self._forward([token])

    def fork(self) -> Self:
        """A copy with a cache of its own."""
        other = copy.copy(self)
        other._cache = copy.deepcopy(self._cache)
        return other

    @torch.inference_mode()
    def _forward(self, ids: list[int]) -> Tensor:
        batch = torch.tensor(ids, device=self._module.device).expand(self._rows, -1)
        padded = self._mask(len(ids)) if self._padding else {}
        self._length += len(ids)
        with self._around():
            return module_logits(self._module, batch, self._cache, **padded)[0].float().cpu()

    def _mask(self, new: int) -> dict[str, Tensor]:
        """What hides the padding, and positions that do not count it."""
        places = torch.arange(self._length + new, device=self._module.device).expand(self._rows, -1)
        positions = (places[:, self._length :] - self._padding).clamp(min=0)
        return {"attention_mask": (places >= self._padding).long(), "position_ids": positions}


class NoCacheManner:
    """transformers' module that reads prompt and answer again at each step."""

    def __init__(self, module: Any):
        self._module = module
        self._ids: list[int] = []

    def start(self, prompt: list[int]) -> Tensor:
        """Read the prompt."""
        self._ids = list(prompt)
        return self._forward()

    def step(self, token: int) -> Tensor:
        """Read everything, one token longer."""
        self._ids.append(token)
        return self._forward()

    def fork(self) -> Self:
        """A copy with a list of its own."""
        other = copy.copy(self)
        other._ids = list(self._ids)
        return other

    @torch.inference_mode()
    def _forward(self) -> Tensor:
        ids = torch.tensor([self._ids], device=self._module.device)
        return self._module(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1].float().cpu()


class EngineManner:
    """The playground's own decoder, or whatever else the loop can run."""

    def __init__(self, model: LanguageModel):
        self._model = model
        self._cache: Any = None

    def start(self, prompt: list[int]) -> Tensor:
        """Read the prompt at once."""
        self._cache = self._model.new_cache()
        return self._model.forward(torch.tensor([prompt]), self._cache)[0]

    def step(self, token: int) -> Tensor:
        """Read one more token."""
        return self._model.forward(torch.tensor([[token]]), self._cache)[0]

    def fork(self) -> Self:
        """A copy with a cache of its own."""
        other = copy.copy(self)
        other._cache = self._cache.fork()
        return other

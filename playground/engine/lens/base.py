"""One forward pass seen layer by layer: what a lens returns, and how it is collected while a model computes."""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from playground.engine.chunks import PREFILL_CHUNK
from playground.errors import PlaygroundError


class LensUnavailable(PlaygroundError):
    """This architecture does not show what was requested; the message says what is missing."""


@dataclass(frozen=True)
class LayerPass:
    """The result of one pass.

    Attributes:
        states: The residual stream at the requested positions, [layers + 1, positions, width]: as it enters the first
            layer, then as it leaves each.
        update_norms: Norm of what each layer adds, ||x_out - x_in||, float32 [layers, positions].
        update_ratios: The same, as a share of ||x_in||.
        layer_s: Seconds of each layer, all positions together, synchronized with a GPU.
        logits: The model's float32 logits after the last position, [vocabulary], on the CPU.
    """

    states: Tensor
    update_norms: Tensor
    update_ratios: Tensor
    layer_s: list[float]
    logits: Tensor


class Lens(Protocol):
    """A model opened layer by layer. Hold the model's turn while using it, and do not write to its caches meanwhile."""

    @property
    def layers(self) -> int:
        """Number of layers."""
        ...

    @property
    def windows(self) -> Sequence[int | None]:
        """How many tokens each layer attends to at most; None is no limit."""
        ...

    def read(
        self, ids: Sequence[int], positions: Sequence[int], cache: Any, prompt_tokens: int
    ) -> Generator[int, None, LayerPass]:
        """One pass over the ids; the first `prompt_tokens` are read as a run reads its prompt.

        Args:
            ids: Prompt and answer so far.
            positions: Whose states to keep, ascending.
            cache: An empty cache; it holds all ids afterwards.
            prompt_tokens: Length of the prompt.

        Yields:
            Tokens read, after each chunk.

        Raises:
            LensUnavailable: The architecture does not show its layers.
        """
        ...

    def unembed(self, states: Tensor) -> Tensor:
        """States [n, width] through the final norm and the head: float32 logits [n, vocabulary]."""
        ...

    def attention(
        self, ids: Sequence[int], layer: int, rows: range, cache: Any, prompt_tokens: int
    ) -> Generator[int, None, Tensor]:
        """Weights of a layer (from 0) for these queries, float32 [heads, rows, tokens up to the last row].

        Args:
            ids: Prompt and answer so far.
            layer: From 0.
            rows: Consecutive positions whose weights are wanted.
            cache: Holds some of the tokens before the first row; the rest is read into it.
            prompt_tokens: Length of the prompt.

        Yields:
            Tokens read, after each chunk.

        Raises:
            LensUnavailable: The architecture does not show the weights of this layer.
        """
        ...


def chunks_of(start: int, end: int, prompt_tokens: int) -> Iterator[tuple[int, int]]:
    """How to read positions `start` to `end`: a prompt's chunks end where a run's do, so no bit differs."""
    while start < end:
        border = (start // PREFILL_CHUNK + 1) * PREFILL_CHUNK
        stop = min(border, end, prompt_tokens) if start < prompt_tokens else min(border, end)
        yield start, stop
        start = stop


class LayerWatch:
    """Collects states, updates and times while chunks of the ids go through the layers."""

    def __init__(self, layers: int, positions: Sequence[int]):
        self.layer_s = [0.0] * layers
        self._positions = torch.tensor(positions)
        self._states: list[list[Tensor]] = [[] for _ in range(layers + 1)]
        self._norms: list[list[Tensor]] = [[] for _ in range(layers)]
        self._ratios: list[list[Tensor]] = [[] for _ in range(layers)]
        self._wanted = torch.empty(0, dtype=torch.long)
        self._before: Tensor | None = None
        self._since = 0.0
        self.start = 0  # position of the chunk's first token

    def __call__(self, number: int, x: Tensor) -> None:
        """The stream of a chunk, one row [1, length, width], after this many layers."""
        now = _clock(x)
        if number > 0:
            self.layer_s[number - 1] += now - self._since
        else:
            inside = (self._positions >= self.start) & (self._positions < self.start + x.shape[1])
            self._wanted = (self._positions[inside] - self.start).to(x.device)
        kept = x[0].index_select(0, self._wanted)
        self._states[number].append(kept)
        if number > 0 and self._before is not None:
            norm = (kept.float() - self._before.float()).norm(dim=-1)
            self._norms[number - 1].append(norm)
            self._ratios[number - 1].append(norm / self._before.float().norm(dim=-1).clamp(min=1e-30))
        self._before = kept
        self._since = _clock(x)

    def finish(self, logits: Tensor) -> LayerPass:
        """Everything collected."""
        return LayerPass(
            states=torch.stack([torch.cat(parts) for parts in self._states]),
            update_norms=torch.stack([torch.cat(parts) for parts in self._norms]).cpu(),
            update_ratios=torch.stack([torch.cat(parts) for parts in self._ratios]).cpu(),
            layer_s=self.layer_s,
            logits=logits.float().cpu(),
        )


def _clock(x: Tensor) -> float:
    """The time now, after the device has finished its work."""
    if x.device.type != "cpu":
        torch.accelerator.synchronize(x.device)
    return time.perf_counter()

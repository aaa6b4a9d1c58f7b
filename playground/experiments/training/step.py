"""One step of plain SGD on a module, and what it cost."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from playground.experiments.training.experiment import ChangeRecord, StepCost
from playground.metrics.memory import process_memory
from playground.models.storage import weights_bytes

_EVERY_S = 0.002


def loss_of(module: Any, ids: Tensor) -> Tensor:
    """Mean cross-entropy of each next token, in nats: ids [1, length] of at least two tokens."""
    logits = module(input_ids=ids, use_cache=False).logits[0, :-1].float()
    return F.cross_entropy(logits, ids[0, 1:])


@torch.no_grad()
def forward_cost(module: Any, ids: Tensor) -> tuple[float, StepCost]:
    """Loss and cost of a pass without gradients; one before it warms up."""
    loss_of(module, ids)
    with _measured(module) as cost:
        loss = float(loss_of(module, ids))
    return loss, cost()


def gradient_step(module: Any, ids: Tensor, learning_rate: float) -> tuple[StepCost, ChangeRecord]:
    """Forward, backward, and w - learning_rate * gradient, in place; the gradients are gone afterwards."""
    module.requires_grad_(True)
    tally = _Tally()
    with torch.enable_grad(), _measured(module) as cost:
        loss_of(module, ids).backward()
        tally.gradients(module.parameters())
        tally.update(module.parameters(), learning_rate)
    module.requires_grad_(False)
    return cost(), tally.record()


@dataclass
class _Tally:
    """What a step changes, weight by weight: a tied weight counts once."""

    weights: int = 0
    changed: int = 0
    largest: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    gradient_bytes: int = 0

    def gradients(self, parameters: Iterator[Tensor]) -> None:
        """Their norm and size."""
        for parameter in parameters:
            if parameter.grad is not None:
                self.squares += float(parameter.grad.double().square().sum())
                self.gradient_bytes += parameter.grad.nbytes

    @torch.no_grad()
    def update(self, parameters: Iterator[Tensor], learning_rate: float) -> None:
        """Change each weight, and drop its gradient."""
        for parameter in parameters:
            self.weights += parameter.numel()
            if parameter.grad is None:
                continue
            moved = parameter - learning_rate * parameter.grad
            parameter.grad = None
            change = (moved - parameter).abs_()
            self.changed += int(torch.count_nonzero(change))
            self.largest = max(self.largest, float(change.max()))
            self.total += float(change.sum(dtype=torch.float64))
            parameter.copy_(moved)

    def record(self) -> ChangeRecord:
        """As a part of the document."""
        return ChangeRecord(
            weights=self.weights, changed=self.changed, largest=self.largest, mean=self.total / max(1, self.weights),
            gradient_norm=self.squares**0.5, gradient_bytes=self.gradient_bytes,
        )  # fmt: skip


@contextmanager
def _measured(module: Any) -> Iterator[Callable[[], StepCost]]:
    """Within, time and memory are watched; what it gives tells both afterwards."""
    device, held = module.device, weights_bytes(module)
    peak = _CudaPeak(device) if device.type == "cuda" else _Resident()
    begun = time.perf_counter()
    spent: list[float] = []
    try:
        yield lambda: StepCost(seconds=spent[0], peak_bytes=peak.bytes, memory_bytes=held + peak.bytes)
    finally:
        if device.type != "cpu":
            torch.accelerator.synchronize(device)
        spent.append(time.perf_counter() - begun)
        peak.end()


class _CudaPeak:
    """torch's own count of what tensors held at most."""

    def __init__(self, device: torch.device):
        self._device, self.bytes = device, 0
        torch.cuda.reset_peak_memory_stats(device)
        self._before = torch.cuda.memory_allocated(device)

    def end(self) -> None:
        """The peak above what was held."""
        self.bytes = torch.cuda.max_memory_allocated(self._device) - self._before


@dataclass
class _Resident:
    """The process's resident memory, read by a thread of its own while others compute."""

    bytes: int = 0
    _before: int = field(default_factory=process_memory)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        self.bytes = max(self.bytes, process_memory() - self._before)

    def end(self) -> None:
        """The last reading."""
        self._look()
        self._ended.set()
        self._thread.join()

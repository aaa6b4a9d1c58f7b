"""How close decoding comes to the speed of memory: every weight must be read once for each token."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import torch

MIB = 2**20
REPEATS = 5
SIDE = 1024  # rows and columns of the product that shows how fast this device computes


def measure_bandwidth(device: str) -> float:
    """Bytes per second that this device reads from memory: measured, not from a datasheet.

    Sums a buffer of fp32 larger than the last-level cache, with all of torch's threads, and keeps the best of
    `REPEATS` passes, since other work on the machine can only slow it down. Reading is what decode does; a copy would
    count writes too. Takes under a second and frees the buffer.
    """
    target = torch.device(device)
    buffer = torch.ones(_buffer_bytes(target) // 4, dtype=torch.float32, device=target)

    def read() -> None:
        buffer.sum()
        if target.type != "cpu":
            torch.accelerator.synchronize(target)

    read()
    return buffer.nbytes / min(_seconds(read) for _ in range(REPEATS))


def _buffer_bytes(device: torch.device) -> int:
    """More than all last-level caches: server processors have up to 12 MiB per core, GPUs up to 256 MiB."""
    if device.type == "cpu":
        return max(256 * MIB, 16 * MIB * torch.get_num_threads())
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 4096 * MIB
    return min(1024 * MIB, free // 4)


def _seconds(action: Callable[[], None]) -> float:
    start = perf_counter()
    action()
    return perf_counter() - start


def measure_arithmetic(device: str, dtype: torch.dtype) -> float:
    """Operations per second of a large product, with all of torch's threads: the best of `REPEATS`.

    A multiplication and an addition count as two.
    """
    target = torch.device(device)
    one, other = (torch.ones(SIDE, SIDE, dtype=dtype, device=target) for _ in range(2))

    def multiply() -> None:
        torch.mm(one, other)
        if target.type != "cpu":
            torch.accelerator.synchronize(target)

    multiply()
    return 2 * SIDE**3 / min(_seconds(multiply) for _ in range(REPEATS))


def step_limit_s(step_bytes: int, kv_bytes: int, bandwidth: float) -> float:
    """Shortest possible time of one token: the weights and the KV cache, read once at `bandwidth` bytes per second."""
    return (step_bytes + kv_bytes) / bandwidth


def mbu(step_bytes: int, kv_bytes: int, tpot_s: float | None, bandwidth: float) -> float | None:
    """Model bandwidth utilisation, 0 to 1: ((weight bytes + KV bytes) / tpot) / bandwidth; None before two tokens.

    Source: Databricks, "LLM Inference Performance Engineering: Best Practices" (2023). There the bandwidth is the
    datasheet's peak; here it is measured, so a value a little above 1 means that the measurement was disturbed
    or that part of the weights stays in a cache.
    """
    return step_limit_s(step_bytes, kv_bytes, bandwidth) / tpot_s if tpot_s else None


@dataclass(frozen=True)
class StepModel:
    """A step in two terms: bytes that are read at `bandwidth` bytes per second, and a fixed time.

    The bandwidth is what the steps reach, so it may be below that of the memory.
    """

    bandwidth: float
    overhead_s: float

    def step_s(self, step_bytes: float) -> float:
        """Predicted time of a step that reads these bytes."""
        return step_bytes / self.bandwidth + self.overhead_s


def one_step_model(step_bytes: float, seconds: float, bandwidth: float) -> StepModel:
    """From a single step: what the memory's bandwidth does not explain is the fixed time."""
    return StepModel(bandwidth, max(0.0, seconds - step_bytes / bandwidth))


def fit_steps(steps: Sequence[tuple[float, float]]) -> StepModel | None:
    """Least squares over (bytes, seconds) of at least two sizes, with no fixed time below zero.

    None where more bytes did not take longer.
    """
    mean_x, mean_y = (sum(values) / len(steps) for values in zip(*steps, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in steps)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in steps) / spread if spread else 0.0
    if slope <= 0:
        return None
    if slope * mean_x > mean_y:  # noise: the line through zero fits best of those that are possible
        return StepModel(sum(x * x for x, _ in steps) / sum(x * y for x, y in steps), 0.0)
    return StepModel(1 / slope, mean_y - slope * mean_x)

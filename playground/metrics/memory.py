"""Memory of this process and of the GPU, measured; the KV cache, predicted."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import psutil


def process_memory() -> int:
    """Bytes of this process that are resident in memory (psutil's rss)."""
    return psutil.Process().memory_info().rss


class PeakSampler:
    """The largest resident memory seen at the readings; a peak between two readings is missed.

    Attributes:
        rss_bytes: The last reading.
        peak_rss_bytes: The largest.
    """

    def __init__(
        self,
        read: Callable[[], int] = process_memory,
        clock: Callable[[], float] = perf_counter,
        every_s: float = 0.05,
    ) -> None:
        self._read, self._clock, self._every_s = read, clock, every_s
        self._read_at = clock()
        self.rss_bytes = self.peak_rss_bytes = read()

    def sample(self, *, now: bool = False) -> None:
        """Reads, unless it did so within `every_s`: cheap enough to call per token. `now` forces a reading."""
        time_s = self._clock()
        if now or time_s - self._read_at >= self._every_s:
            self._read_at = time_s
            self.rss_bytes = self._read()
            self.peak_rss_bytes = max(self.peak_rss_bytes, self.rss_bytes)


@dataclass(frozen=True)
class GpuMemory:
    """Bytes over all CUDA devices: held by tensors, and reserved by torch for them."""

    allocated_bytes: int
    reserved_bytes: int


def gpu_memory() -> GpuMemory | None:
    """Memory on CUDA devices; None where this process does not use one.

    Uses only an already imported torch, and never starts CUDA: the call must cost nothing.
    """
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is None or not cuda.is_available() or not cuda.is_initialized():
        return None
    devices = range(cuda.device_count())
    return GpuMemory(
        allocated_bytes=sum(cuda.memory_allocated(device) for device in devices),
        reserved_bytes=sum(cuda.memory_reserved(device) for device in devices),
    )

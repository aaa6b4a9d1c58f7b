import sys

from playground.metrics.memory import GpuMemory, PeakSampler, gpu_memory, process_memory


def test_memory_that_is_written_to_shows_in_the_process():
    before = process_memory()
    block = bytearray(b"x") * (64 * 2**20)
    assert process_memory() - before > 48 * 2**20
    del block


def test_the_peak_is_the_largest_reading_and_not_the_last():
    readings, now = iter([5, 9, 3]), iter([0.0, 1.0, 2.0])
    sampler = PeakSampler(lambda: next(readings), lambda: next(now))
    sampler.sample()
    sampler.sample()
    assert (sampler.rss_bytes, sampler.peak_rss_bytes) == (3, 9)


def test_asking_again_within_the_interval_does_not_read():
    reads = 0

    def read() -> int:
        nonlocal reads
        reads += 1
        return reads

    times = iter([0.0] + [0.01] * 1000 + [0.06, 0.07])
    sampler = PeakSampler(read, lambda: next(times))
    for _ in range(1000):
        sampler.sample()
    assert reads == 1
    sampler.sample()
    assert reads == 2
    sampler.sample(now=True)
    assert reads == 3


class FakeCuda:
    initialized = True

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return self.initialized

    def device_count(self) -> int:
        return 2

    def memory_allocated(self, device: int) -> int:
        return 10 + device

    def memory_reserved(self, device: int) -> int:
        return 20 + device


def test_gpu_memory_is_the_sum_over_devices(monkeypatch):
    torch = type("Torch", (), {"cuda": FakeCuda()})
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert gpu_memory() == GpuMemory(allocated_bytes=21, reserved_bytes=41)


def test_gpu_memory_never_starts_cuda(monkeypatch):
    cuda = FakeCuda()
    cuda.initialized = False
    monkeypatch.setitem(sys.modules, "torch", type("Torch", (), {"cuda": cuda}))
    assert gpu_memory() is None


def test_gpu_memory_needs_no_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert gpu_memory() is None
    assert "torch" not in sys.modules

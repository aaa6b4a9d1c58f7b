"""Energy of a run: counted by the hardware where it has a counter, else modelled and labelled so."""

import contextlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

import pynvml

__all__ = ["Energy", "EnergyMeter", "start_meter"]

POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Energy:
    """Joules since the meter started, and how they are known: `nvml`, `rapl`, or `modelled at N W`.

    A counter counts the whole GPU or processor, whoever else uses it. None: the counter could not be read any more.
    """

    joules: float | None
    method: str


class EnergyMeter(Protocol):
    """Counts from the moment it was made."""

    def read(self) -> Energy:
        """The energy so far."""
        ...


def start_meter(
    device: str, modelled_watts: float, *, powercap: Path = POWERCAP, clock: Callable[[], float] = perf_counter
) -> EnergyMeter:
    """The best meter this machine has for the device.

    Args:
        device: Where the model runs, as torch names it: `cpu`, `cuda:0`...
        modelled_watts: What to assume where nothing can be measured.
        powercap: Folder of the Linux powercap counters.
        clock: Seconds, for the model.
    """
    if device.startswith("cuda"):
        with contextlib.suppress(pynvml.NVMLError):  # no driver, or a GPU without the counter (before Volta)
            return _NvmlMeter(device)
    if device == "cpu":
        with contextlib.suppress(OSError, ValueError):  # not there, or for root only
            return _RaplMeter(powercap)
    return _ModelledMeter(modelled_watts, clock)


class _ModelledMeter:
    """Stated watts times elapsed seconds."""

    def __init__(self, watts: float, clock: Callable[[], float]) -> None:
        self._watts, self._clock, self._start_s = watts, clock, clock()

    def read(self) -> Energy:
        joules = self._watts * (self._clock() - self._start_s)
        return Energy(joules, f"modelled at {self._watts:g} W")


class _NvmlMeter:
    """NVIDIA's own counter of millijoules."""

    def __init__(self, device: str) -> None:
        pynvml.nvmlInit()
        self._handle = _nvml_handle(device)
        self._start_mj = pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)

    def read(self) -> Energy:
        try:
            now_mj = pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)
        except pynvml.NVMLError:
            return Energy(None, "nvml")
        return Energy((now_mj - self._start_mj) / 1000, "nvml")


def _nvml_handle(device: str) -> object:
    """The device by its UUID, since CUDA_VISIBLE_DEVICES renumbers torch's devices and not NVML's."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    uuid = getattr(cuda.get_device_properties(device), "uuid", None) if cuda else None
    if uuid is not None:
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    return pynvml.nvmlDeviceGetHandleByIndex(int(device.partition(":")[2] or 0))


class _RaplMeter:
    """Linux powercap: the sum over processor packages, whose parts (cores, memory controller) it includes."""

    def __init__(self, powercap: Path) -> None:
        zones = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if re.fullmatch(r"intel-rapl:\d+", zone.name)]
        # "psys" is the whole board and would count the packages twice
        self._zones = [zone for zone in zones if (zone / "name").read_text().startswith("package")]
        if not self._zones:
            raise FileNotFoundError(f"no package counter in {powercap}")
        self._ranges_uj = [int((zone / "max_energy_range_uj").read_text()) for zone in self._zones]
        self._last_uj = self._counters()
        self._sum_uj = 0

    def _counters(self) -> list[int]:
        return [int((zone / "energy_uj").read_text()) for zone in self._zones]

    def read(self) -> Energy:
        try:
            now_uj = self._counters()
        except (OSError, ValueError):
            return Energy(None, "rapl")
        for now, last, range_uj in zip(now_uj, self._last_uj, self._ranges_uj, strict=True):
            self._sum_uj += (
                now - last if now >= last else now - last + range_uj
            )  # the counter starts again at its range
        self._last_uj = now_uj
        return Energy(self._sum_uj / 1e6, "rapl")

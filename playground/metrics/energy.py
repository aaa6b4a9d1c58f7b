"""Energy of a run: counted by the hardware if it has a counter, else modelled and labelled as such; idle subtracted."""

import contextlib
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Protocol

import pynvml

from playground.metrics.formulas.energy import net_joules

POWERCAP = Path("/sys/class/powercap")
IDLE_WINDOWS = 4
IDLE_WINDOW_S = 0.25  # NVML's counter moves up to ten times a second, RAPL's a thousand times


@dataclass(frozen=True)
class IdlePower:
    """What a device draws while no model runs.

    Attributes:
        watts: Mean over about a second, or an assumption where energy is modelled.
        method: As in `Energy`: idle power known in one way is never subtracted from energy known in another.
        spread_watts: Half the range of the readings, a band of noise; None where nothing was read.
    """

    watts: float
    method: str
    spread_watts: float | None = None


@dataclass(frozen=True)
class Energy:
    """Joules since the meter started, and the method: `nvml`, `rapl`, or `modelled at N W`.

    A counter covers the whole GPU or processor, including other users. None: the counter could no longer be read.
    """

    joules: float | None
    method: str
    seconds: float
    idle: IdlePower | None

    @property
    def net_joules(self) -> float | None:
        """Above idle; None where joules or idle power are unknown."""
        if self.joules is None or self.idle is None:
            return None
        return net_joules(self.joules, self.idle.watts, self.seconds)


class Counter(Protocol):
    """Counts from its creation."""

    method: str

    def joules(self) -> float:
        """The energy so far. Raises OSError, ValueError or NVMLError when it can't be read."""
        ...


class EnergyMeter:
    """A counter and a clock that started together. Any thread may read it."""

    def __init__(self, counter: Counter, idle: IdlePower | None, clock: Callable[[], float]):
        self._counter, self._clock = counter, clock
        self._idle = idle if idle is not None and idle.method == counter.method else None
        self._reading = threading.Lock()  # a counter keeps its last reading, so two threads would conflict
        self._start_s = clock()
        self._others: float | None = 0.0  # joules while paused; None if the counter could not be read
        self._paused_at: float | None = None
        self._is_paused = False

    def pause(self) -> None:
        """What the counter counts from now on is not ours."""
        with self._reading:
            self._paused_at, self._is_paused = _read(self._counter), True

    def resume(self) -> None:
        """It is ours again."""
        with self._reading:
            if not self._is_paused:
                return
            now, then, others = _read(self._counter), self._paused_at, self._others
            self._others = None if now is None or then is None or others is None else others + now - then
            self._is_paused = False

    def read(self) -> Energy:
        """The energy so far."""
        with self._reading:
            joules = self._paused_at if self._is_paused else _read(self._counter)
            ours = None if joules is None or self._others is None else joules - self._others
            return Energy(ours, self._counter.method, self._clock() - self._start_s, self._idle)


def start_meter(
    device: str,
    modelled_watts: float,
    idle: IdlePower | None = None,
    *,
    powercap: Path = POWERCAP,
    clock: Callable[[], float] = perf_counter,
) -> EnergyMeter:
    """The best meter this machine has for the device.

    Args:
        device: Where the model runs, as torch names it: `cpu`, `cuda:0`...
        modelled_watts: The power to assume where nothing can be measured.
        idle: The result of `measure_idle`.
        powercap: Folder of the Linux powercap counters.
        clock: Seconds.
    """
    return EnergyMeter(_counter(device, modelled_watts, powercap, clock), idle, clock)


def measure_idle(
    device: str,
    modelled_watts: float,
    assumed_idle_watts: float | None,
    *,
    powercap: Path = POWERCAP,
    clock: Callable[[], float] = perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> IdlePower | None:
    """What the device draws now. Call it while nothing runs: it takes a second, or no time where energy is modelled.

    Args:
        device: As torch names it.
        modelled_watts: As for `start_meter`.
        assumed_idle_watts: For a device without a counter; None if unknown.
        powercap: Folder of the Linux powercap counters.
        clock: Seconds.
        sleep: Waits for the given seconds.

    Returns:
        None where unknown: no assumption, or a counter that can no longer be read.
    """
    counter = _counter(device, modelled_watts, powercap, clock)
    if isinstance(counter, _Model):
        return None if assumed_idle_watts is None else IdlePower(assumed_idle_watts, counter.method)
    readings = [(clock(), _read(counter))]
    for _ in range(IDLE_WINDOWS):
        sleep(IDLE_WINDOW_S)
        readings.append((clock(), _read(counter)))
    known = [(time_s, joules) for time_s, joules in readings if joules is not None]
    if len(known) < len(readings):
        return None
    watts = [_watts(first, last) for first, last in pairwise(known)]
    return IdlePower(_watts(known[0], known[-1]), counter.method, (max(watts) - min(watts)) / 2)


def _watts(first: tuple[float, float], last: tuple[float, float]) -> float:
    return (last[1] - first[1]) / (last[0] - first[0])


def _counter(device: str, modelled_watts: float, powercap: Path, clock: Callable[[], float]) -> Counter:
    if device.startswith("cuda"):
        with contextlib.suppress(pynvml.NVMLError):  # no driver, or a GPU without the counter (before Volta)
            return _Nvml(device)
    if device == "cpu":
        with contextlib.suppress(OSError, ValueError):  # missing, or for root only
            return _Rapl(powercap)
    return _Model(modelled_watts, clock)


def _read(counter: Counter) -> float | None:
    try:
        return counter.joules()
    except (OSError, ValueError, pynvml.NVMLError):
        return None


class _Model:
    """Stated watts times elapsed seconds."""

    def __init__(self, watts: float, clock: Callable[[], float]) -> None:
        self._watts, self._clock, self._start_s = watts, clock, clock()
        self.method = f"modelled at {watts:g} W"

    def joules(self) -> float:
        return self._watts * (self._clock() - self._start_s)


class _Nvml:
    """NVIDIA's counter of millijoules."""

    method = "nvml"

    def __init__(self, device: str) -> None:
        pynvml.nvmlInit()
        self._handle = _nvml_handle(device)
        self._start_mj = pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)

    def joules(self) -> float:
        return (pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) - self._start_mj) / 1000


def _nvml_handle(device: str) -> object:
    """The device by its UUID, since CUDA_VISIBLE_DEVICES renumbers torch's devices and not NVML's."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    uuid = getattr(cuda.get_device_properties(device), "uuid", None) if cuda else None
    if uuid is not None:
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    return pynvml.nvmlDeviceGetHandleByIndex(int(device.partition(":")[2] or 0))


class _Rapl:
    """Linux powercap: the sum over processor packages, which include their parts (cores, memory controller)."""

    method = "rapl"

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

    def joules(self) -> float:
        now_uj = self._counters()
        for now, last, range_uj in zip(now_uj, self._last_uj, self._ranges_uj, strict=True):
            # the counter wraps at its range
            self._sum_uj += now - last if now >= last else now - last + range_uj
        self._last_uj = now_uj
        return self._sum_uj / 1e6

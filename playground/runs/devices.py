"""What a run needs to know about its device: memory bandwidth and idle power, each measured once."""

import threading

from playground.data.presets import Hardware
from playground.engine.clock import Clock
from playground.metrics.energy import EnergyMeter, IdlePower, measure_idle, start_meter
from playground.metrics.roofline import measure_bandwidth


class Devices:
    """Measurements of devices, by torch name. Any thread may call it; two never measure at the same time."""

    def __init__(self, hardware: Hardware):
        self._hardware = hardware
        self._bandwidth: dict[str, float] = {}
        self._idle: dict[str, IdlePower | None] = {}
        self._measuring = threading.Lock()  # the bandwidth probe would disturb the idle power

    def measure(self, device: str) -> None:
        """Measure what is not known yet. Call it while the model's turn is held and nothing runs; takes two seconds."""
        with self._measuring:
            if device not in self._idle:
                self._idle[device] = measure_idle(device, self._hardware.watts, self._hardware.idle_watts)
        self.bandwidth(device)

    def bandwidth(self, device: str) -> float:
        """Memory read bandwidth in bytes per second; takes under a second the first time."""
        with self._measuring:
            if device not in self._bandwidth:
                self._bandwidth[device] = measure_bandwidth(device)
            return self._bandwidth[device]

    def start_meter(self, device: str, clock: Clock) -> EnergyMeter:
        """A meter of its energy while the clock runs; above idle if `measure` has found the idle power."""
        meter = start_meter(device, self._hardware.watts, self._idle.get(device), clock=clock.now)
        clock.follow(meter)
        return meter

"""What is measured of a device once, and what a run takes from it."""

import pytest

from playground.data.presets import Hardware
from playground.engine.clock import Clock
from playground.metrics.energy import IdlePower
from playground.runs import devices
from playground.runs.devices import Devices
from playground.runs.runner import Runner
from tests.tiny import tiny_folder
from tests.tiny_runner import HARDWARE, answer, make_runner, make_slot, request

MACHINE = Hardware(id="m", title="M", usd_per_hour=1, watts=50, idle_watts=20, source="made up for tests")


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the probes in the order in which they ran."""
    ran: list[str] = []

    def idle(device: str, watts: float, idle_watts: float | None) -> IdlePower | None:
        ran.append(f"idle {device}")
        return None if idle_watts is None else IdlePower(idle_watts, f"modelled at {watts:g} W")

    def bandwidth(device: str) -> float:
        ran.append(f"bandwidth {device}")
        return 1e10

    monkeypatch.setattr(devices, "measure_idle", idle)
    monkeypatch.setattr(devices, "measure_bandwidth", bandwidth)
    return ran


def test_each_device_is_measured_once_and_its_idle_power_before_anything_makes_it_busy(probes: list[str]):
    measured = Devices(MACHINE)
    for device in ("meta", "other", "meta", "meta"):
        measured.measure(device)
    assert probes == ["idle meta", "bandwidth meta", "idle other", "bandwidth other"]


def test_a_meter_subtracts_idle_power_only_once_it_is_known(probes: list[str]):
    measured = Devices(MACHINE)
    assert measured.start_meter("meta", Clock()).read().net_joules is None
    measured.measure("meta")
    energy = measured.start_meter("meta", Clock()).read()
    assert energy.joules is not None
    assert energy.net_joules == pytest.approx(energy.joules * 0.6, abs=1e-3)  # 30 of 50 W


def test_a_runner_measures_before_its_first_run_and_the_record_tells_it(
    tmp_path_factory: pytest.TempPathFactory, probes: list[str]
):
    runner = Runner(make_slot(tiny_folder(tmp_path_factory.mktemp("model"), "llama")), MACHINE)
    first, second = (answer(runner, request(seed=seed)) for seed in (1, 2))
    assert [name.split()[0] for name in probes] == ["idle", "bandwidth"]
    for record in (first, second):
        energy = record.energy
        if energy.method == "modelled at 50 W":  # this machine's counter, where it has one, counts in its own way
            assert energy.idle_watts == 20
            assert energy.seconds is not None
            assert energy.joules == pytest.approx(50 * energy.seconds, abs=0.01)
            assert energy.net_joules == pytest.approx(30 * energy.seconds, abs=0.01)
        else:
            assert energy.net_joules is None


def test_a_machine_without_a_stated_idle_power_has_no_energy_above_idle(
    tmp_path_factory: pytest.TempPathFactory, probes: list[str]
):
    runner = make_runner(make_slot(tiny_folder(tmp_path_factory.mktemp("model"), "llama")))
    assert HARDWARE.idle_watts is None
    energy = answer(runner, request()).energy
    assert (energy.idle_watts, energy.net_joules) == (None, None)
    assert energy.seconds is not None

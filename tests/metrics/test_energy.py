from pathlib import Path

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.metrics.energy import IDLE_WINDOW_S, IDLE_WINDOWS, Energy, IdlePower, measure_idle, start_meter

POWER = st.floats(0, 1000)


class Clock:
    time_s = 100.0

    def __call__(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds


def zone(powercap: Path, name: str, label: str, energy_uj: int, range_uj: int = 1_000_000) -> Path:
    folder = powercap / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{label}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return folder / "energy_uj"


def test_without_a_counter_energy_is_modelled_and_says_so(tmp_path):
    clock = Clock()
    meter = start_meter("cpu", 30, powercap=tmp_path, clock=clock)
    clock.time_s += 10
    assert meter.read().joules == pytest.approx(300)
    assert meter.read().method == "modelled at 30 W"


def test_rapl_sums_the_packages_and_leaves_out_their_parts_and_the_board(tmp_path):
    first = zone(tmp_path, "intel-rapl:0", "package-0", 100)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 200)
    part = zone(tmp_path, "intel-rapl:0:0", "core", 50)
    board = zone(tmp_path, "intel-rapl:2", "psys", 500)
    meter = start_meter("cpu", 30, powercap=tmp_path)
    for counter in (part, board):
        counter.write_text("900000")
    first.write_text("500100")
    second.write_text("250200")
    assert meter.read().joules == pytest.approx(0.75)
    assert meter.read().method == "rapl"


def test_a_rapl_counter_that_starts_again_loses_nothing(tmp_path):
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 900_000)
    meter = start_meter("cpu", 30, powercap=tmp_path)
    for value in (100_000, 950_000, 50_000):  # +0.2 J, +0.85 J, +0.1 J
        counter.write_text(str(value))
        energy = meter.read()
    assert energy.joules == pytest.approx(1.15)


def test_a_rapl_counter_that_vanishes_gives_no_number_instead_of_a_wrong_one(tmp_path):
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = start_meter("cpu", 30, powercap=tmp_path)
    counter.unlink()
    assert (meter.read().joules, meter.read().method) == (None, "rapl")


def test_a_counter_that_may_not_be_read_falls_back_to_the_model(tmp_path):
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    counter.unlink()
    counter.mkdir()  # reading it fails for anybody, as energy_uj does for anybody but root
    assert start_meter("cpu", 30, powercap=tmp_path).read().method == "modelled at 30 W"


def test_nvml_counts_from_the_start_of_the_meter(monkeypatch, tmp_path):
    millijoules = iter([5_000, 7_500])
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr("playground.metrics.energy._nvml_handle", lambda device: "handle")
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", lambda handle: next(millijoules))
    energy = start_meter("cuda:0", 300, powercap=tmp_path).read()
    assert (energy.joules, energy.method) == (2.5, "nvml")


def test_a_gpu_without_the_counter_is_modelled_and_never_takes_the_processors_counter(monkeypatch, tmp_path):
    def refuse() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    zone(tmp_path, "intel-rapl:0", "package-0", 1)
    monkeypatch.setattr(pynvml, "nvmlInit", refuse)
    assert start_meter("cuda:0", 300, powercap=tmp_path).read().method == "modelled at 300 W"


@given(joules=st.floats(0, 1e9), watts=POWER, seconds=st.floats(0, 1e6))
def test_above_idle_is_never_more_than_all_and_never_below_nothing(joules: float, watts: float, seconds: float):
    net = Energy(joules, "rapl", seconds, IdlePower(watts, "rapl")).net_joules
    assert net is not None
    assert 0 <= net <= joules
    if net > 0:
        assert net + watts * seconds == pytest.approx(joules)


def test_what_is_not_known_is_none_and_not_zero():
    idle = IdlePower(5, "rapl")
    assert Energy(None, "rapl", 1.0, idle).net_joules is None
    assert Energy(7.0, "rapl", 1.0, None).net_joules is None


def test_modelled_energy_above_idle_is_the_difference_of_the_stated_watts(tmp_path):
    clock = Clock()
    idle = measure_idle("cpu", 30, 8, powercap=tmp_path, clock=clock, sleep=clock.sleep)
    assert idle == IdlePower(8, "modelled at 30 W", None)
    assert clock.time_s == 100  # there is nothing to wait for
    meter = start_meter("cpu", 30, idle, powercap=tmp_path, clock=clock)
    clock.time_s += 10
    energy = meter.read()
    assert (energy.joules, energy.seconds, energy.net_joules) == (pytest.approx(300), 10, pytest.approx(220))


def test_without_a_counter_and_an_assumption_idle_power_is_not_known(tmp_path):
    assert measure_idle("cpu", 30, None, powercap=tmp_path) is None


@pytest.mark.parametrize("wraps", [False, True])
def test_idle_power_is_the_mean_of_a_second_with_half_the_range_of_its_readings(tmp_path, wraps: bool):
    start_uj, range_uj = (4_000_000, 5_000_000) if wraps else (0, 10**12)
    counter = zone(tmp_path, "intel-rapl:0", "package-0", start_uj, range_uj)
    clock, watts, spent_uj = Clock(), iter([4.0, 5.0, 4.5, 4.5]), 0

    def sleep(seconds: float) -> None:
        nonlocal spent_uj
        clock.sleep(seconds)
        spent_uj += int(next(watts) * seconds * 1e6)
        counter.write_text(str((start_uj + spent_uj) % range_uj))

    idle = measure_idle("cpu", 30, 8, powercap=tmp_path, clock=clock, sleep=sleep)
    assert idle is not None
    assert (idle.method, idle.watts, idle.spread_watts) == ("rapl", pytest.approx(4.5), pytest.approx(0.5))
    assert clock.time_s == pytest.approx(100 + IDLE_WINDOWS * IDLE_WINDOW_S)


def test_a_counter_that_vanishes_while_idle_is_measured_gives_no_idle_power(tmp_path):
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        counter.unlink(missing_ok=True)

    assert measure_idle("cpu", 30, 8, powercap=tmp_path, clock=clock, sleep=sleep) is None


def test_idle_power_of_a_counter_is_never_taken_from_modelled_energy(tmp_path):
    clock = Clock()
    meter = start_meter("cpu", 30, IdlePower(4, "rapl", 0.1), powercap=tmp_path, clock=clock)
    clock.time_s += 1
    assert (meter.read().joules, meter.read().net_joules) == (pytest.approx(30), None)


def test_nvml_s_idle_power_is_subtracted_from_nvml_s_energy(monkeypatch, tmp_path):
    clock = Clock()
    millijoules = iter([0, 0, 15_000, 30_000, 45_000, 60_000, 100_000, 400_000])  # 60 W idle, then 300 J
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr("playground.metrics.energy._nvml_handle", lambda device: "handle")
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", lambda handle: next(millijoules))
    idle = measure_idle("cuda:0", 300, 70, powercap=tmp_path, clock=clock, sleep=clock.sleep)
    assert idle is not None
    assert (idle.method, idle.watts, idle.spread_watts) == ("nvml", pytest.approx(60), pytest.approx(0))
    meter = start_meter("cuda:0", 300, idle, powercap=tmp_path, clock=clock)
    clock.time_s += 2
    energy = meter.read()
    assert (energy.joules, energy.net_joules) == (300, pytest.approx(180))

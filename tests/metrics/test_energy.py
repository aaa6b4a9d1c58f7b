from pathlib import Path

import pynvml
import pytest

from playground.metrics.energy import start_meter


class Clock:
    time_s = 100.0

    def __call__(self) -> float:
        return self.time_s


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

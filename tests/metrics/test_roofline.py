import pytest
import torch

from playground.metrics import roofline
from playground.metrics.roofline import mbu, measure_bandwidth, step_limit_s


def test_the_databricks_example_moves_a_terabyte_a_second():
    # "7B parameters at 16 bit with a TPOT of 14 ms moves 14 GB in 14 ms: 1 TB/s"
    assert mbu(14 * 10**9, 0, 0.014, 1e12) == pytest.approx(1)
    assert mbu(14 * 10**9, 0, 0.014, 2e12) == pytest.approx(0.5)


def test_the_limit_is_the_time_at_which_utilisation_is_one():
    limit_s = step_limit_s(500_000_000, 20_000_000, 18e9)
    assert mbu(500_000_000, 20_000_000, limit_s, 18e9) == pytest.approx(1)


def test_before_two_tokens_there_is_no_utilisation():
    assert mbu(1, 1, None, 1e9) is None


def test_bandwidth_is_that_of_the_fastest_pass(monkeypatch):
    seconds = iter([0.2, 0.1, 0.4, 0.3, 0.25])
    monkeypatch.setattr(roofline, "_seconds", lambda action: next(seconds))
    monkeypatch.setattr(roofline, "_buffer_bytes", lambda device: 1024)
    assert measure_bandwidth("cpu") == pytest.approx(1024 / 0.1)


def test_the_buffer_outgrows_the_cache_and_the_pass_reads_all_of_it(monkeypatch):
    summed = []
    monkeypatch.setattr(roofline, "_seconds", lambda action: action() or 1.0)
    real_sum = torch.Tensor.sum
    monkeypatch.setattr(torch.Tensor, "sum", lambda self: summed.append(self.nbytes) or real_sum(self))
    assert measure_bandwidth("cpu") == summed[0] >= 256 * 2**20
    assert len(set(summed)) == 1

"""Threads: what is set is put back, burners end with their block, and limits are held against what was measured."""

import subprocess
from typing import Any

import psutil
import pytest
import torch

from playground.experiments.optimise import burner, threads
from playground.experiments.optimise.burner import burning
from playground.experiments.optimise.declared.threads import THREADS, ThreadsRequest
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.optimise.threads import counts_of, other_device
from playground.metrics.roofline import fit_steps
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from tests.tiny_runner import of

QUICK = ThreadsRequest(model="tiny-llama", prompt="Hello there", quick=True, cycles=2, tokens=4)


@pytest.fixture
def small(tiny: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Two processors at most, and limits that take no time."""
    monkeypatch.setattr(threads, "processors", lambda: 2)
    monkeypatch.setattr(threads, "measure_bandwidth", lambda device: 1e9 * torch.get_num_threads())
    monkeypatch.setattr(threads, "measure_arithmetic", lambda device, dtype: 1e10)
    return tiny


@pytest.mark.parametrize(
    ("given", "counts"),
    [((1, 6, 1), [1]), ((2, 6, 1), [1, 2]), ((6, 6, 6), [1, 2, 4, 6]), ((64, 3, 32), [1, 32, 64])],
)
def test_counts_have_one_all_and_what_is_set(given: tuple[int, int, int], counts: list[int]):
    assert counts_of(*given) == counts


def test_burners_spin_within_their_block_and_end_with_it_also_by_an_error(monkeypatch: pytest.MonkeyPatch):
    made, tethered = list[subprocess.Popen[bytes]](), burner.tethered

    def kept(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        made.append(tethered(*args, **options))
        return made[-1]

    monkeypatch.setattr(burner, "tethered", kept)

    def failing() -> None:
        with burning(2):
            assert all(psutil.Process(child.pid).is_running() for child in made)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert len(made) == 2
    assert all(child.poll() is not None for child in made)


def test_every_count_is_measured_alone_and_beside_others(small: Runner):
    before = torch.get_num_threads()
    (record,) = of(OptimisationRecord, updates(small, THREADS, QUICK))
    assert torch.get_num_threads() == before
    names = ["1 thread", "2 threads", "1 thread, busy", "2 threads, busy"]
    assert [arm.name for arm in record.arms] == [*names, "GPU"]
    for arm in record.arms[:4]:
        assert arm.median("bandwidth_share")
        assert arm.median("arithmetic_share")
    quiet, busy = record.arms[1], record.arms[3]
    assert quiet.predicted["decode_tokens_per_s"] == 2 * record.baseline.predicted["decode_tokens_per_s"]
    assert busy.predicted["prefill_tokens_per_s"] == quiet.predicted["prefill_tokens_per_s"] / 2
    assert record.noise.busy_share is None
    assert OptimisationRecord.model_validate_json(record.to_json()) == record


def test_a_second_device_is_compared_and_its_copy_is_dropped(small: Runner, monkeypatch: pytest.MonkeyPatch):
    dropped, unload = list[Any](), threads.unload
    monkeypatch.setattr(threads, "other_device", lambda device: "cpu")  # the processor stands for the GPU
    monkeypatch.setattr(threads, "unload", lambda loaded: (dropped.append(loaded), unload(loaded)))
    (record,) = of(OptimisationRecord, updates(small, THREADS, QUICK))
    arm = record.variants[-1]
    assert not arm.not_here
    assert arm.same_answer
    assert len(dropped) == 1
    assert dropped[0].module is None


def test_a_model_on_a_gpu_is_compared_with_the_processor():
    assert other_device("cuda:0") == "cpu"


def test_a_fit_has_no_fixed_time_below_zero():
    fit = fit_steps([(1e6, 0.001), (2e6, 0.003), (3e6, 0.005)])
    assert fit is not None
    assert fit.overhead_s == 0
    assert 0.001 < fit.step_s(2e6) < 0.004

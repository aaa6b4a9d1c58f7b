"""How long work may take, before it runs: relations between estimates, on a tiny model."""

import pytest

from playground.experiments.context.experiments import CURVE, NEEDLE, CurveRequest, NeedleRequest
from playground.experiments.determinism.experiment import LADDER, LOAD, LadderRequest, LoadRequest
from playground.experiments.lens.experiment import LENS, LensRequest
from playground.experiments.reruns.experiment import RERUN, TEMPERATURES, RerunRequest, TemperatureRequest
from playground.experiments.training.experiment import TRAINING, TrainingRequest
from playground.runs.experiment import ahead, updates
from playground.runs.runner import Runner
from playground.runs.work import batch_steps
from playground.views.format import ahead_text
from tests.tiny_runner import answer, request

TINY = {"model": "tiny-llama", "prompt": "Hello there"}


def seconds(runner: Runner, experiment, wanted) -> float:
    _, estimate = ahead(runner, experiment, wanted)
    assert estimate is not None
    return estimate.seconds


def test_rows_of_a_batch_take_less_than_one_by_one_and_more_than_one_row():
    assert batch_steps(1, 10) == 10 < batch_steps(16, 10) < 16 * batch_steps(1, 10)
    assert batch_steps(64, 10) == 2 * batch_steps(32, 10)


def test_more_work_takes_longer(tiny: Runner):
    base = request(max_new_tokens=50).settings
    few, many = (RerunRequest(**TINY, settings=base, n=n) for n in (2, 64))
    assert seconds(tiny, RERUN, few) < seconds(tiny, RERUN, many)
    ladder = TemperatureRequest(**TINY, settings=base, n=64, temperatures=(0.0, 1.0))
    assert seconds(tiny, TEMPERATURES, ladder) == pytest.approx(2 * seconds(tiny, RERUN, many))
    short, long = (LadderRequest(**TINY, settings=base, tokens=n) for n in (8, 80))
    assert seconds(tiny, LADDER, short) < seconds(tiny, LADDER, long)
    assert seconds(tiny, LADDER, long.model_copy(update={"quick": True})) < seconds(tiny, LADDER, long)
    once, timed = (LoadRequest(**TINY, requests=9, passes=n) for n in (0, 3))
    assert seconds(tiny, LOAD, once) < seconds(tiny, LOAD, timed)
    assert ahead(tiny, CURVE, CurveRequest(model="tiny-llama"))[1] is None  # the model decides the lengths


def test_what_it_took_here_is_what_is_expected_next(tiny: Runner):
    wanted = NeedleRequest(model="tiny-llama", lengths=(160,), depths=(0.0, 1.0))
    list(updates(tiny, NEEDLE, wanted))
    _, estimate = ahead(tiny, NEEDLE, wanted)
    assert estimate is not None
    assert "last needle" in estimate.basis
    answer(tiny, request(max_new_tokens=20))  # another speed changes nothing that this experiment showed itself
    double = wanted.model_copy(update={"lengths": (320,)})
    assert seconds(tiny, NEEDLE, double) > seconds(tiny, NEEDLE, wanted)


@pytest.mark.parametrize(
    ("experiment", "wanted"),
    [(RERUN, RerunRequest(**TINY, n=3)), (TEMPERATURES, TemperatureRequest(**TINY, n=2, temperatures=(0.0, 1.0)))],
    ids=lambda one: getattr(one, "name", ""),
)
def test_runs_that_start_their_own_batches_teach_the_next_estimate_too(tiny: Runner, experiment, wanted):
    wanted = wanted.model_copy(update={"settings": request(max_new_tokens=8).settings})
    *_, record = updates(tiny, experiment, wanted)
    estimate = ahead(tiny, experiment, wanted)[1]
    assert estimate is not None
    assert f"last {experiment.name}" in estimate.basis
    assert estimate.seconds == pytest.approx(sum(one.wall_s for one in getattr(record, "rungs", [record])))


def test_a_look_and_a_training_step_say_how_long_they_may_take(tiny: Runner):
    base = request(max_new_tokens=50).settings
    few, many = (LensRequest(**TINY, settings=base, positions=n) for n in (2, 64))
    assert seconds(tiny, LENS, few) < seconds(tiny, LENS, many)
    short = TrainingRequest(**TINY, settings=request(max_new_tokens=2).settings)
    assert seconds(tiny, TRAINING, short) < seconds(tiny, TRAINING, TrainingRequest(**TINY, settings=base))


def test_the_ladder_names_its_reference_before_it_runs(tiny: Runner):
    def said(quantization: str) -> str:
        return ahead(tiny, LADDER, LadderRequest(**TINY, settings=request().settings, quantization=quantization))[0]

    assert "bf16" in said("bf16")
    assert "fp32" not in said("bf16")
    assert "fp32" in said("int4")
    assert "int4" in said("int4")


def test_what_nobody_would_notice_needs_no_estimate(tiny: Runner):
    said, estimate = ahead(tiny, RERUN, RerunRequest(**TINY, settings=request(max_new_tokens=2).settings, n=2))
    assert ahead_text(said, estimate) == ""

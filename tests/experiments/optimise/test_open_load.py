"""Load in an open loop: arrivals by their pattern, every request accounted for, Little's law, failures that count."""

from itertools import pairwise
from statistics import mean

import pytest

from playground.errors import PlaygroundError
from playground.experiments.optimise.arrivals import Arrival, Traffic, times_of
from playground.experiments.optimise.declared.open_load import OPEN_LOAD, OpenLoadRequest
from playground.experiments.optimise.open_load import numbers_of
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.optimise.serving import Run, Served
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from tests.tiny_runner import of

SHORT = OpenLoadRequest(model="tiny-llama", prompt="Hello there", shares=(0.5, 2), requests=6, tokens=8, cycles=2)


@pytest.mark.parametrize("pattern", ["poisson", "bursty", "constant"])
def test_every_pattern_has_the_same_mean_rate(pattern: str):
    times = times_of(Traffic(5.0, 4000, pattern, 3))  # type: ignore[arg-type]  # one of the three
    assert times == sorted(times)
    assert times[-1] == pytest.approx(800, rel=0.02)
    gaps = [after - before for before, after in pairwise(times)]
    together = mean(gap == 0 for gap in gaps)
    assert together == pytest.approx({"poisson": 0, "bursty": 0.75, "constant": 0}[pattern], abs=0.01)


def served(number: int, sent_s: float, begun_s: float, first_s: float, ended_s: float | None) -> Served:
    return Served(Arrival(number, sent_s, sent_s), begun_s, first_s, ended_s, [1, 2, 3])


def test_what_was_not_answered_or_came_late_does_not_count():
    run = Run([served(0, 0, 0.1, 0.2, 0.4), served(1, 0, 0.5, 3.0, 4.0), served(2, 1, 1.5, 2.0, None)], 0.0, 2.0, 8.0)
    numbers = numbers_of(run, 4, ttft_s=1.0, tpot_s=0.2)
    assert numbers["met_share"] == 0.25
    assert numbers["goodput_per_s"] == pytest.approx(1 / 4)
    assert run.inside == pytest.approx(2)
    assert numbers["all_tokens_per_s"] == pytest.approx(9 / 4)
    assert numbers_of(Run([], None, 2.0, 0.0), 4, 1, 1)["met_share"] == 0


def test_every_request_is_answered_and_littles_law_holds(tiny: Runner):
    (record,) = of(OptimisationRecord, updates(tiny, OPEN_LOAD, SHORT))
    assert len(record.arms) == 2
    assert record.arms[1].settings["rate_per_s"] == pytest.approx(4 * record.arms[0].settings["rate_per_s"])
    assert {arm.same_answer for arm in record.variants} == {True}  # rows that come and go say what they say alone
    (grid,) = record.grids
    for row in grid.rows:
        cells = dict(zip(grid.head, row, strict=True))
        assert cells["answered"] == "6 of 6"
        inside, law = (value for name, value in cells.items() if name in ("in the system", "rate x time"))
        assert inside == pytest.approx(law, rel=1, abs=1)  # counted between steps of a busy machine


def test_a_model_whose_rows_cannot_come_and_go_is_refused(runner: Runner):
    with pytest.raises(PlaygroundError, match="Llama family"):
        list(updates(runner, OPEN_LOAD, SHORT.model_copy(update={"model": "tiny-gpt2"})))

"""The protocol of every panel: rotated order, the baseline twice, differences within a cycle, partial results."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from playground.experiments.optimise.protocol import AGAIN, Arm, Sample, Trial, first_difference
from playground.experiments.optimise.records import Standing
from playground.experiments.optimise.verdict import difference, lead, verdict_of
from playground.runs.stages import Stage, Stopped

SPEED = "decode_tokens_per_s"


class Bench:
    """Stands in for a lab that holds no model; it is stopped after this many runs."""

    def __init__(self, runs: int = 10_000):
        self.left = runs

    def obey(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stopped

    def alone(self, why: str) -> Any:
        return nullcontext()


def arm(name: str, speeds: Iterator[float] | list[float], ids: list[int] | None = None, **more: Any) -> Arm:
    """It gives these speeds, one a run; the first is the warm-up's."""
    left = iter(speeds)

    def measure() -> Any:
        yield Stage("inside", 0.5)
        return Sample({SPEED: next(left)}, ids or [1, 2, 3], "text")

    return Arm(name, measure, **more)


def run(trial: Trial, bench: Bench, cycles: int) -> tuple[list[Any], Standing | None]:
    work, came = trial.run(bench, cycles), []  # type: ignore[arg-type]  # what the protocol needs of a lab
    while True:
        try:
            came.append(next(work))
        except StopIteration as end:
            return came, end.value


def found_of(*arms: Arm, cycles: int = 3) -> Standing:
    _, found = run(Trial(arms, [SPEED]), Bench(), cycles)
    assert found is not None
    return found


def test_every_cycle_measures_every_arm_once_and_the_baseline_twice_in_another_order():
    found = found_of(arm("plain", [1.0] * 99), arm("a", [2.0] * 99), arm("b", [3.0] * 99), cycles=5)
    orders = found.noise.order
    assert [sorted(one) for one in orders] == [sorted(["plain", AGAIN, "a", "b"])] * 5
    assert len({one[0] for one in orders[:4]}) == 4
    assert {len(one.measured[SPEED].values) for one in found.arms} == {5}


def test_the_warm_up_is_not_counted():
    found = found_of(arm("plain", [99.0, *[1.0] * 9]), arm("a", [77.0, *[2.0] * 9]))
    assert (found.baseline.measured[SPEED].high, found.variants[0].measured[SPEED].high) == (1.0, 2.0)


def test_differences_are_paired_so_that_a_slow_minute_meets_all_arms_alike():
    plain = [1.0, 10.0, 10.0, 5.0, 5.0, 1.0, 1.0]  # two a cycle, and the warm-up before
    found = found_of(arm("plain", plain), arm("a", [1.0, 11.0, 6.0, 2.0]))
    assert found.noise.band[SPEED] == 0
    one = difference(found, found.variants[0], SPEED)
    assert one is not None
    assert one.is_seen
    assert one.times == pytest.approx(1.2)  # one more in each cycle, of a median of five


def test_what_the_baseline_does_by_itself_is_no_difference():
    noisy = [1.0, 10.0, 14.0, 10.0, 10.0, 10.0, 10.0]
    found = found_of(arm("plain", noisy), arm("a", [1.0, 12.0, 12.0, 12.0]), arm("b", [1.0, 20.0, 20.0, 20.0]))
    assert found.noise.band[SPEED] == pytest.approx(0.4)
    seen = [difference(found, one, SPEED) for one in found.variants]
    assert [one.is_seen for one in seen if one] == [False, True]
    assert lead(found).startswith("Best here: b")
    assert "no difference seen" in verdict_of(found)


def test_an_arm_that_is_not_here_says_why_and_is_never_run():
    missing = Arm("gpu", lambda: pytest.fail("it was run"), not_here="There is no GPU.")
    found = found_of(arm("plain", [1.0] * 9), missing)
    assert not found.variants[0].measured
    assert "There is no GPU." in verdict_of(found)


def test_answers_are_compared_with_the_baselines_in_every_cycle():
    found = found_of(arm("plain", [1.0] * 9, [1, 2, 3]), arm("a", [1.0] * 9, [1, 2, 4]), arm("b", [1.0] * 9, [1, 2, 3]))
    assert [(one.same_answer, one.first_difference) for one in found.arms] == [(None, None), (False, 2), (True, None)]
    assert first_difference([1, 2], [1, 2, 3]) == 2


def test_a_stop_keeps_the_complete_cycles():
    arms = arm("plain", [1.0] * 99), arm("a", [2.0] * 99)
    came, found = run(Trial(arms, [SPEED]), Bench(2 + 3 + 1), 5)  # the warm-up, a cycle, and one run of the next
    assert found is not None
    assert (found.noise.cycles, found.noise.band) == (1, {})
    assert len([one for one in came if isinstance(one, Standing)]) == 1
    assert run(Trial(arms, [SPEED]), Bench(3), 5)[1] is None


def test_progress_only_grows():
    came, _ = run(Trial((arm("plain", [1.0] * 99), arm("a", [2.0] * 99)), [SPEED]), Bench(), 3)
    fractions = [one.fraction for one in came if isinstance(one, Stage)]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] < 1

"""Compile: both in one child, which ends with everything; where it can't be compiled, the record says why."""

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from playground.experiments.optimise import compile as panel
from playground.experiments.optimise.compile import break_even_tokens, warm_up_s
from playground.experiments.optimise.compile_child import COMPILED, EAGER
from playground.experiments.optimise.compile_turns import no_compiler
from playground.experiments.optimise.declared.compile import COMPILE, CompileRequest
from playground.experiments.optimise.protocol import measure_of
from playground.experiments.optimise.records import ArmRecord, NoiseRecord, OptimisationRecord, Standing
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from tests.tiny_runner import of

QUICK = CompileRequest(model="tiny-llama", prompt="Hello there", quick=True, cycles=2, tokens=4)


def _found(eager: float, compiled: float, band: float, warm_up: float) -> Standing:
    def arm(name: str, rate: float, **more: float) -> ArmRecord:
        measured = {"decode_tokens_per_s": measure_of([rate] * 3)} | {key: measure_of([x]) for key, x in more.items()}
        return ArmRecord(name=name, settings={}, measured=measured, predicted={})

    noise = NoiseRecord(cycles=3, band={"decode_tokens_per_s": band}, order=[])
    variants = [arm(COMPILED, compiled, warm_up_s=warm_up)]
    return Standing(headline=["decode_tokens_per_s"], baseline=arm(EAGER, eager), variants=variants, noise=noise)


def test_the_warm_up_is_paid_when_both_have_taken_equally_long():
    tokens = break_even_tokens(_found(10, 20, 0.1, 5.0))
    assert tokens is not None
    assert tokens / 10 == pytest.approx(5.0 + tokens / 20)


@pytest.mark.parametrize(("compiled", "band"), [(10.5, 0.1), (5, 0.1), (20, 2.0)])
def test_without_a_gain_that_is_seen_nothing_pays(compiled: float, band: float):
    assert break_even_tokens(_found(10, compiled, band, 5.0)) is None


def test_the_warm_up_is_what_is_beyond_the_steady_pace():
    assert warm_up_s([9.0, 2.0, 0.5, 0.5, 0.5, 0.5]) == pytest.approx(10.0)
    assert warm_up_s([0.5] * 6) == 0


def test_without_a_compiler_it_says_which_one_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "no-such-compiler" in no_compiler()


def test_a_compiler_that_takes_too_long_is_ended_and_the_module_alone_is_measured(
    monkeypatch: pytest.MonkeyPatch, tiny: Runner
):
    take: Callable[..., Any] = panel.Turns.take
    before = {child.pid for child in psutil.Process().children(recursive=True)}

    def impatient(self: Any, name: str, should_stop: Any, doing: str, most_s: float | None = None) -> Any:
        return take(self, name, should_stop, doing, None if most_s is None else 0.0)

    monkeypatch.setattr(panel, "no_compiler", lambda: "")
    monkeypatch.setattr(panel.Turns, "take", impatient)
    (record,) = of(OptimisationRecord, updates(tiny, COMPILE, QUICK))
    assert str(QUICK.patience) in record.variants[0].not_here
    assert record.baseline.median("decode_tokens_per_s")
    assert len(record.baseline.token_ids) == QUICK.length
    assert record.ended == "complete"
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.slow
@pytest.mark.skipif(bool(no_compiler()), reason="no C++ compiler")
def test_a_compiled_step_says_the_same(tiny: Runner):
    (record,) = of(OptimisationRecord, updates(tiny, COMPILE, QUICK))
    arm = record.variants[0]
    assert arm.not_here or arm.median("warm_up_s")
    assert arm.not_here or arm.same_answer

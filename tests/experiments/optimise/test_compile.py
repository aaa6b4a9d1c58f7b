"""Compile: both in one child, which ends with everything; where it can't be compiled, the record says why."""

import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue

import psutil
import pytest

from playground.experiments.optimise import compile as panel
from playground.experiments.optimise.compile import break_even_tokens, warm_up_s
from playground.experiments.optimise.compile_child import COMPILED, EAGER
from playground.experiments.optimise.compile_turns import TooLong, no_compiler
from playground.experiments.optimise.declared.compile import COMPILE, CompileRequest
from playground.experiments.optimise.protocol import measure_of
from playground.experiments.optimise.records import ArmRecord, NoiseRecord, OptimisationRecord, Standing
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from playground.runs.stages import Stopped
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


def test_a_turn_ends_at_its_limit_and_at_a_stop(tmp_path: Path):
    with subprocess.Popen([sys.executable, "-c", ""], text=True) as child:
        turns = panel.Turns(child, tmp_path, SimpleQueue(), None)
    with pytest.raises(TooLong):
        list(turns.take(COMPILED, lambda: False, "", 0.0))
    with pytest.raises(Stopped):
        list(turns.take(EAGER, lambda: True, ""))
    assert [(tmp_path / name).read_text() for name in ("0", "1")] == [COMPILED, EAGER]


def test_where_nothing_compiles_the_module_alone_is_measured_and_no_process_is_left(
    tiny: Runner, monkeypatch: pytest.MonkeyPatch
):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    monkeypatch.setattr(panel, "no_compiler", lambda: "No compiler.")
    (record,) = of(OptimisationRecord, updates(tiny, COMPILE, QUICK))
    assert record.variants[0].not_here == "No compiler."
    assert record.ended == "complete"
    assert len(record.baseline.token_ids) == QUICK.length
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.slow
@pytest.mark.skipif(bool(no_compiler()), reason="no C++ compiler")
@pytest.mark.parametrize("patience", [1, 120])
def test_a_compiled_step_says_the_same_and_one_that_takes_too_long_is_ended(tiny: Runner, patience: int):
    asked = QUICK.model_copy(update={"patience": patience})
    (record,) = of(OptimisationRecord, updates(tiny, COMPILE, asked))
    arm = record.variants[0]
    assert record.baseline.median("decode_tokens_per_s")
    assert arm.not_here or (arm.same_answer and arm.median("warm_up_s"))
    assert patience > 1 or str(patience) in arm.not_here

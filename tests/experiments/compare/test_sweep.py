from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from playground.engine.events import TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.compare.experiment import SWEEP
from playground.experiments.compare.pane_updates import PaneAgain, PaneBegun, PaneFailed, PaneUpdate
from playground.experiments.compare.records import SweepRecord
from playground.experiments.compare.sweep import estimate_runs
from playground.experiments.documents import parse_document
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from playground.runs.speed import LONG_S
from tests.experiments.compare.helpers import sweep_request
from tests.tiny_runner import answer, ids, of, request


def record_of(updates: Sequence[Any]) -> SweepRecord:
    (record,) = of(SweepRecord, updates)
    assert updates[-1] is record
    return record


def test_each_run_of_a_sweep_is_the_single_run_bit_for_bit(tiny: Runner):
    base = request(temperature=1.5)
    record = record_of(list(updates(tiny, SWEEP, sweep_request(base, "top_k", (0, 3, "1")))))
    assert record.values == record.asked == [0, 3, 1]
    for value, run in zip(record.values, record.runs, strict=True):
        alone = answer(tiny, replace(base, settings=base.settings.model_copy(update={"top_k": value})))
        assert (ids(run), run.settings) == (ids(alone), alone.settings)
        assert [token.logprob for token in run.tokens] == [token.logprob for token in alone.tokens]
    assert parse_document(record.to_json()) == record


@pytest.mark.parametrize(
    ("name", "values"),
    [("seed", (1, 2)), ("quantization", ("fp32", "bf16")), ("model", ("tiny-llama", "tiny-gpt2")), ("top_p", (0.5, 1))],
)
def test_what_varies_is_in_the_runs(tiny: Runner, name: str, values: tuple[Any, ...]):
    record = record_of(list(updates(tiny, SWEEP, sweep_request(request(seed=None), name, values))))
    seen = [{**run.settings, "model": run.model.id, "quantization": run.model.quantization} for run in record.runs]
    assert tuple(one[name] for one in seen) == values
    others = [{key: value for key, value in one.items() if key not in (name, "context_length")} for one in seen]
    assert others[0] == others[1]  # one drawn seed as well
    assert others[0].get("seed", 0) is not None


def test_passes_of_a_sweep_are_kept_with_the_first_value_against_itself(tiny: Runner):
    wanted = sweep_request(request(max_new_tokens=3), "seed", (4, 5), passes=2)
    came = list(updates(tiny, SWEEP, wanted))
    record = record_of(came)
    assert [len(own["decode"]) for own in record.passes] == [2, 2]
    assert len(record.control["decode"]) == 2
    assert estimate_runs(tiny, wanted).runs == 6 == len(of(PaneAgain, came)) + len(record.runs)
    assert parse_document(record.to_json()) == record
    seen = list[Any]()
    for update in updates(tiny, SWEEP, wanted, lambda: bool(of(PaneAgain, seen))):
        seen.append(update)
    assert (record_of(seen).values, record_of(seen).passes) == ([4, 5], [])  # all answers, of one pass


def test_a_sweep_that_is_stopped_keeps_the_runs_that_had_ended(tiny: Runner):
    seen: list[Any] = []

    def enough() -> bool:
        return any(isinstance(u, PaneUpdate) and u.pane == 2 and isinstance(u.update, TokenEvent) for u in seen)

    for update in updates(tiny, SWEEP, sweep_request(request(), "seed", (4, 5, 6, 7)), enough):
        seen.append(update)
    record = record_of(seen)
    assert (record.values, record.asked) == ([4, 5], [4, 5, 6, 7])
    assert {run.finish_reason for run in record.runs} == {"length"}
    assert record.failed == []
    assert of(SweepRecord, list(updates(tiny, SWEEP, sweep_request(request(), "seed", (4, 5)), lambda: True))) == []


def test_a_value_that_fails_does_not_lose_the_others(tiny: Runner):
    wanted = sweep_request(request(), "model", ("tiny-llama", "nowhere", "tiny-gpt2"))
    assert estimate_runs(tiny, wanted).runs == 3
    came = list(updates(tiny, SWEEP, wanted))
    record = record_of(came)
    assert [failed.pane for failed in of(PaneFailed, came)] == [1]
    assert record.values == ["tiny-llama", "tiny-gpt2"]
    assert [(one.pane, one.changes) for one in record.failed] == [(1, {"model": "nowhere"})]
    nowhere = sweep_request(request(), "model", ("nowhere", "elsewhere"))
    for work in (lambda: list(updates(tiny, SWEEP, nowhere)), lambda: estimate_runs(tiny, nowhere)):
        with pytest.raises(PlaygroundError, match="Unknown model"):
            work()


def test_meters_of_a_run_are_there_once_it_has_begun(tiny: Runner):
    begun = list[PaneBegun]()
    for update in updates(tiny, SWEEP, sweep_request(request(), "seed", (1, 2))):
        begun += [update] if isinstance(update, PaneBegun) else []
        if isinstance(update, PaneUpdate) and isinstance(update.update, TokenEvent):
            assert begun[-1].pane == update.pane
            assert begun[-1].meters() is not None
    assert [one.title for one in begun] == ["1 of 2: seed = 1", "2 of 2: seed = 2"]


def test_the_estimate_counts_tokens_and_takes_the_last_speed(tiny: Runner):
    wanted = sweep_request(request(), "max_new_tokens", (2, 30))
    by_memory = estimate_runs(tiny, wanted)
    assert (by_memory.runs, by_memory.output_tokens) == (2, 32)
    facts = tiny.facts
    assert facts is not None
    assert by_memory.seconds == pytest.approx(32 * facts.step_bytes / 1e10)  # the bandwidth of these tests
    assert "at most" in by_memory.basis
    run = answer(tiny, request(max_new_tokens=30))
    measured = estimate_runs(tiny, wanted)
    decode, prefill = run.timing.decode_tokens_per_s, run.timing.prefill_tokens_per_s
    assert decode is not None
    assert prefill is not None
    assert measured.seconds == pytest.approx(32 / decode + 2 * len(run.prompt_token_ids) / prefill)
    assert "last answered" in measured.basis
    answer(tiny, request(max_new_tokens=1))  # too short to say anything
    assert estimate_runs(tiny, wanted) == measured


def test_a_model_that_is_not_in_memory_is_estimated_by_its_size_on_paper(tiny: Runner):
    wanted = sweep_request(request(max_new_tokens=10), "quantization", ("bf16", "int4"))
    estimate = estimate_runs(tiny, wanted)
    parameters = tiny.catalogue.find("tiny-llama").parameters
    assert estimate.seconds == pytest.approx(10 * (2 + 0.5) * parameters / 1e10, rel=1e-3)
    assert estimate.basis.count("each token of") == 2


def test_a_sweep_is_long_above_the_limit(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    facts = tiny.facts
    assert facts is not None
    wanted = sweep_request(request(max_new_tokens=100), "seed", (1, 2))
    for seconds, is_long in ((0.99 * LONG_S, False), (1.01 * LONG_S, True)):
        monkeypatch.setattr(tiny._devices, "_bandwidth", {"cpu": 200 * facts.step_bytes / seconds})
        estimate = estimate_runs(tiny, wanted)
        assert (estimate.seconds, estimate.is_long) == (pytest.approx(seconds), is_long)
    bounded = sweep_request(request(max_new_tokens=100, time_limit_s=0.5), "seed", (1, 2))
    assert estimate_runs(tiny, bounded).seconds == 1


def test_an_empty_prompt_is_refused_at_once():
    with pytest.raises(PlaygroundError, match="empty"):
        sweep_request(request(" "), "seed", (1, 2))

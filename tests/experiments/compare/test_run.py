import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from playground.backends.base import Loading
from playground.backends.slot import ModelSlot
from playground.engine.events import PreparedPrompt, PromptProcessed, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.compare.changes import parse_changes
from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.records import CompareRecord
from playground.experiments.compare.run import (
    CompareRequest,
    ModeChosen,
    PaneFailed,
    PaneUpdate,
    make_compare,
    start_compare,
)
from playground.experiments.documents import parse_document
from playground.metrics import energy
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.runs.updates import Meters
from tests.tiny_runner import HARDWARE, answer, ids, of, request

HOT_AND_COLD = ["temperature=0", "temperature=1.5,top_p=0.9", "temperature=1.5,repetition_penalty=1.5", "seed=11"]


def asked(*panes: str, reference: int = 0, together: bool = False, **settings: Any) -> CompareRequest:
    base = request(**settings)
    return make_compare(base, [parse_changes(text) for text in panes], reference=reference, together=together)


def record_of(updates: Sequence[Any]) -> CompareRecord:
    (record,) = of(CompareRecord, updates)
    assert updates[-1] is record
    return record


def mode(updates: Sequence[Any]) -> ModeChosen:
    (chosen,) = of(ModeChosen, updates)
    assert updates[0] is chosen
    return chosen


def of_pane(updates: Sequence[Any], pane: int) -> list[Any]:
    return [update.update for update in of(PaneUpdate, updates) if update.pane == pane]


def is_token(update: Any, pane: int, index: int) -> bool:
    return isinstance(update, PaneUpdate) and update.pane == pane and getattr(update.update, "index", None) == index


def logprobs(record: RunRecord) -> list[float]:
    return [token.logprob for token in record.tokens]


def test_panes_in_turns_are_the_single_runs_bit_for_bit(tiny: Runner):
    wanted = asked(*HOT_AND_COLD)
    updates = list(start_compare(tiny, wanted))
    record = record_of(updates)
    assert (mode(updates).mode, record.mode) == ("turns", "turns")
    for pane, run in zip(wanted.panes, record.panes, strict=True):
        alone = answer(tiny, pane)
        assert (ids(run), logprobs(run), run.text) == (ids(alone), logprobs(alone), alone.text)
        assert run.settings == alone.settings


def test_panes_of_one_batch_have_the_ids_of_the_single_runs(tiny: Runner):
    wanted = asked(*HOT_AND_COLD, together=True)
    updates = list(start_compare(tiny, wanted))
    record = record_of(updates)
    assert (mode(updates).mode, record.mode) == ("batch", "batch")
    for pane, run in zip(wanted.panes, record.panes, strict=True):
        alone = answer(tiny, pane)
        assert ids(run) == ids(alone)
        assert logprobs(run) == pytest.approx(logprobs(alone), abs=1e-4)
        assert run.settings == alone.settings


@pytest.mark.parametrize("together", [False, True])
def test_every_pane_tells_what_a_run_tells(tiny: Runner, together: bool):
    updates = list(start_compare(tiny, asked(*HOT_AND_COLD[:3], together=together)))
    record = record_of(updates)
    for pane, run in enumerate(record.panes):
        told = of_pane(updates, pane)
        assert len(of(PreparedPrompt, told)) == len(of(PromptProcessed, told)) == 1
        assert [event.id for event in of(TokenEvent, told)] == ids(run)
        assert told[-1] == run


@pytest.mark.parametrize("together", [False, True])
def test_the_record_reloads_equal_and_its_differences_are_those_of_its_runs(tiny: Runner, together: bool):
    wanted = asked("temperature=0", "temperature=1.5", "stop=zq,system=x", reference=1, together=together)
    record = record_of(list(start_compare(tiny, wanted)))
    assert parse_document(record.to_json()) == record
    assert record.reference == 1
    assert record.diffs == [diff_runs(record.panes[1], record.panes[n], n) for n in (0, 2)]
    assert record.changes == [{"temperature": 0.0}, {"temperature": 1.5}, {"stop": ["zq"], "system": "x"}]
    assert record.base == {**wanted.base}


def test_panes_without_a_seed_draw_with_one_that_is_told(tiny: Runner):
    wanted = asked("top_k=0", "top_k=288", "seed=5", seed=None, temperature=2.0, top_p=1)
    updates = list(start_compare(tiny, wanted))
    record = record_of(updates)
    one, same, own = (run.settings["seed"] for run in record.panes)
    assert one == same == record.base["seed"]
    assert own == 5
    assert str(one) in mode(updates).why
    assert ids(record.panes[0]) == ids(record.panes[1])  # 288 is every token there is
    drawn = {record_of(list(start_compare(tiny, wanted))).base["seed"] for _ in range(3)}
    assert len(drawn) == 3


def test_a_seed_that_all_have_is_not_drawn(tiny: Runner):
    updates = list(start_compare(tiny, asked("", "temperature=0", seed=3)))
    assert "seed" not in mode(updates).why
    assert {run.settings["seed"] for run in record_of(updates).panes} == {3}


@pytest.mark.parametrize(
    ("pane", "word"),
    [
        ("model=tiny-gpt2", "models"),
        ("quantization=bf16", "quantizations"),
        ("system=Be brief.", "system prompts"),
        ("raw=true", "chat templates"),
        ("context_length=100", "context lengths"),
    ],
)
def test_panes_that_cannot_share_a_prompt_take_turns_and_say_so(tiny: Runner, pane: str, word: str):
    updates = list(start_compare(tiny, asked("", pane, together=True, max_new_tokens=3)))
    assert mode(updates).mode == record_of(updates).mode == "turns"
    assert word in mode(updates).why


def test_each_model_is_loaded_once_and_the_panes_keep_their_order(tiny: Runner):
    wanted = asked("model=tiny-gpt2", "seed=1", "model=tiny-gpt2,seed=2", "seed=3", max_new_tokens=3)
    updates = list(start_compare(tiny, wanted))
    loaded = {step.update.model for step in of(PaneUpdate, updates) if isinstance(step.update, Loading)}
    assert loaded == {"tiny-gpt2"}  # tiny-llama is in memory, so it goes first
    begun = [update.pane for update in of(PaneUpdate, updates) if isinstance(update.update, PreparedPrompt)]
    assert begun == [1, 3, 0, 2]
    record = record_of(updates)
    assert [run.model.id for run in record.panes] == ["tiny-gpt2", "tiny-llama", "tiny-gpt2", "tiny-llama"]
    assert [run.settings["seed"] for run in record.panes] == [7, 1, 2, 3]
    assert [diff.by for diff in record.diffs] == ["texts", "ids", "texts"]


@pytest.mark.parametrize("together", [False, True])
def test_loading_is_not_in_the_times_of_the_pane_that_needs_it(
    runner: Runner, slot: ModelSlot, monkeypatch: pytest.MonkeyPatch, together: bool
):
    ensure, clock, loading_s = slot.ensure, time.perf_counter, [0.0]

    def later() -> float:
        return clock() + loading_s[0]

    def slow(*arguments: Any) -> Any:
        loading_s[0] += 1000
        return ensure(*arguments)

    monkeypatch.setattr(time, "perf_counter", later)
    monkeypatch.setattr(energy, "perf_counter", later)
    monkeypatch.setattr(slot, "ensure", slow)
    other = "seed=1" if together else "quantization=bf16"
    updates = list(start_compare(runner, asked("", other, max_new_tokens=2, together=together)))
    for run in record_of(updates).panes:
        assert run.timing.e2e_s < 1000
        assert run.energy.joules is not None
        assert run.energy.joules < 1000 * HARDWARE.watts


@pytest.mark.parametrize(
    ("pane", "words"),
    [("model=nowhere", "Unknown model"), ("context_length=20", "no room"), ("context_length=1000", "at most")],
)
def test_a_pane_that_fails_does_not_lose_the_others(tiny: Runner, pane: str, words: str):
    updates = list(start_compare(tiny, asked("seed=1", pane, "seed=2", reference=1)))
    (failed,) = of(PaneFailed, updates)
    record = record_of(updates)
    assert failed.pane == 1
    assert words in failed.problem
    assert [run.settings["seed"] for run in record.panes] == [1, 2]
    assert record.changes == [{"seed": 1}, {"seed": 2}]
    assert [(one.pane, one.changes, one.problem) for one in record.failed] == [(1, parse_changes(pane), failed.problem)]
    assert record.reference == 0  # the one asked for has no run
    assert [diff.pane for diff in record.diffs] == [1]
    assert parse_document(record.to_json()) == record


def test_if_every_pane_fails_the_reasons_are_told(tiny: Runner):
    same = asked("model=nowhere,seed=1", "model=nowhere,seed=2")
    with pytest.raises(PlaygroundError, match=r"^Unknown model 'nowhere'"):
        list(start_compare(tiny, same))
    with pytest.raises(PlaygroundError, match=r"1: Unknown model 'nowhere'.* 2: Unknown model 'elsewhere'"):
        list(start_compare(tiny, asked("model=nowhere", "model=elsewhere")))
    with pytest.raises(PlaygroundError, match="no room"):
        list(start_compare(tiny, asked("seed=1", "seed=2", context_length=16, together=True, prompt="x " * 100)))
    assert answer(tiny, request()).tokens  # the turn is free


def test_stopping_in_the_second_pane_keeps_the_first_and_what_the_second_had(tiny: Runner):
    seen: list[Any] = []
    wanted = asked("seed=1", "seed=2", "seed=3", max_new_tokens=40)
    for update in start_compare(tiny, wanted, lambda: any(is_token(each, 1, 5) for each in seen)):
        seen.append(update)
    record = record_of(seen)
    assert [run.finish_reason for run in record.panes] == ["length", "cancelled"]
    alone = answer(tiny, wanted.panes[1])
    assert 5 <= len(record.panes[1].tokens) < 40
    assert ids(record.panes[1]) == ids(alone)[: len(record.panes[1].tokens)]
    assert [(one.pane, one.problem) for one in record.failed] == [(2, "Stopped before it began.")]
    assert parse_document(record.to_json()) == record


def test_stopping_a_batch_keeps_every_row_as_far_as_it_came(tiny: Runner):
    seen: list[Any] = []
    wanted = asked("max_new_tokens=3", "max_new_tokens=60", together=True)
    for update in start_compare(tiny, wanted, lambda: any(is_token(each, 1, 6) for each in seen)):
        seen.append(update)
    record = record_of(seen)
    assert [run.finish_reason for run in record.panes] == ["length", "cancelled"]
    assert ids(record.panes[0]) == ids(record.panes[1])[:3]


@pytest.mark.parametrize("together", [False, True])
def test_stopped_before_any_pane_began_it_ends_without_a_record(tiny: Runner, together: bool):
    updates = list(start_compare(tiny, asked("seed=1", "seed=2", together=together), lambda: True))
    assert of(CompareRecord, updates) == []
    assert answer(tiny, request()).tokens


@pytest.mark.parametrize("together", [False, True])
def test_closing_it_in_the_middle_gives_the_model_back(tiny: Runner, together: bool):
    comparison = start_compare(tiny, asked("seed=1", "seed=2", together=together))
    next(update for update in comparison if isinstance(update, PaneUpdate) and isinstance(update.update, TokenEvent))
    comparison.close()
    assert answer(tiny, request()).tokens


@pytest.mark.parametrize("together", [False, True])
def test_meters_of_a_pane_can_be_asked_at_any_time(tiny: Runner, together: bool):
    comparison = start_compare(tiny, asked("seed=1", "seed=2", together=together))
    assert comparison.meters(0) is None
    counts = []
    for update in comparison:
        if isinstance(update, PaneUpdate) and update.pane == 1 and isinstance(update.update, TokenEvent):
            meters = comparison.meters(1)
            assert isinstance(meters, Meters)
            counts.append(meters.output_tokens)
    assert counts == sorted(counts)
    assert counts[-1] == 12
    last = comparison.meters(0)
    assert last is not None
    assert last.output_tokens == 12
    assert comparison.meters(9) is None


@pytest.mark.parametrize(
    ("panes", "reference", "words"),
    [
        ([""], 0, "2 to 4 panes; got 1"),
        ([f"seed={n}" for n in range(5)], 0, "2 to 4 panes; got 5"),
        (["seed=1", "seed=2"], 2, "one of the 2 panes; got pane 3"),
        (["seed=1", "seed=2"], -1, "one of the 2 panes"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_at_once(tiny: Runner, panes: list[str], reference: int, words: str):
    with pytest.raises(PlaygroundError, match=words):
        asked(*panes, reference=reference)


def test_panes_of_two_prompts_are_refused(tiny: Runner):
    wanted = asked("seed=1", "seed=2")
    mixed = replace(wanted, panes=(wanted.panes[0], replace(wanted.panes[1], prompt="Another")))
    with pytest.raises(PlaygroundError, match="one prompt"):
        start_compare(tiny, mixed)
    with pytest.raises(PlaygroundError, match="empty"):
        start_compare(tiny, asked("seed=1", "seed=2", prompt=" "))

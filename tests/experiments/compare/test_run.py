import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from playground.backends.base import Loading
from playground.backends.slot import ModelSlot
from playground.engine.events import PreparedPrompt, PromptProcessed, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.compare.changes import base_of, parse_changes
from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.experiment import COMPARE, CompareRequest
from playground.experiments.compare.pane_updates import PaneAgain, PaneBegun, PaneFailed, PaneUpdate
from playground.experiments.compare.records import CompareRecord
from playground.experiments.compare.run import ModeChosen
from playground.experiments.documents import parse_document
from playground.metrics import energy
from playground.runs.experiment import updates
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.runs.updates import Meters
from tests.experiments.compare.helpers import compare_request
from tests.tiny_runner import HARDWARE, answer, ids, of, request

HOT_AND_COLD = ["temperature=0", "temperature=1.5,top_p=0.9", "temperature=1.5,repetition_penalty=1.5", "seed=11"]


def asked(*panes: str, reference: int = 1, together: bool = False, **settings: Any) -> CompareRequest:
    return compare_request(request(**settings), *panes, reference=reference, together=together)


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
    came = list(updates(tiny, COMPARE, wanted))
    record = record_of(came)
    assert (mode(came).mode, record.mode) == ("turns", "turns")
    for pane, run in zip(wanted.runs(), record.panes, strict=True):
        alone = answer(tiny, pane)
        assert (ids(run), logprobs(run), run.text) == (ids(alone), logprobs(alone), alone.text)
        assert run.settings == alone.settings


def test_panes_of_one_batch_have_the_ids_of_the_single_runs(tiny: Runner):
    wanted = asked(*HOT_AND_COLD, together=True)
    came = list(updates(tiny, COMPARE, wanted))
    record = record_of(came)
    assert (mode(came).mode, record.mode) == ("batch", "batch")
    for pane, run in zip(wanted.runs(), record.panes, strict=True):
        alone = answer(tiny, pane)
        assert ids(run) == ids(alone)
        assert logprobs(run) == pytest.approx(logprobs(alone), abs=1e-4)
        assert run.settings == alone.settings


@pytest.mark.parametrize("together", [False, True])
def test_every_pane_tells_what_a_run_tells(tiny: Runner, together: bool):
    came = list(updates(tiny, COMPARE, asked(*HOT_AND_COLD[:3], together=together)))
    record = record_of(came)
    for pane, run in enumerate(record.panes):
        told = of_pane(came, pane)
        assert len(of(PreparedPrompt, told)) == len(of(PromptProcessed, told)) == 1
        assert [event.id for event in of(TokenEvent, told)] == ids(run)
        assert told[-1] == run


@pytest.mark.parametrize("together", [False, True])
def test_the_record_reloads_equal_and_its_differences_are_those_of_its_runs(tiny: Runner, together: bool):
    wanted = asked("temperature=0", "temperature=1.5", "stop=zq,system=x", reference=2, together=together)
    record = record_of(list(updates(tiny, COMPARE, wanted)))
    assert parse_document(record.to_json()) == record
    assert record.reference == 1
    assert record.diffs == [diff_runs(record.panes[1], record.panes[n], n) for n in (0, 2)]
    assert record.changes == [{"temperature": 0.0}, {"temperature": 1.5}, {"stop": ["zq"], "system": "x"}]
    assert record.base == base_of(wanted.base)


def test_panes_without_a_seed_draw_with_one_that_is_told(tiny: Runner):
    wanted = asked("top_k=0", "top_k=288", "seed=5", seed=None, temperature=2.0, top_p=1)
    came = list(updates(tiny, COMPARE, wanted))
    record = record_of(came)
    one, same, own = (run.settings["seed"] for run in record.panes)
    assert one == same == record.base["seed"]
    assert own == 5
    assert str(one) in mode(came).why
    assert ids(record.panes[0]) == ids(record.panes[1])  # 288 is every token there is
    drawn = {record_of(list(updates(tiny, COMPARE, wanted))).base["seed"] for _ in range(3)}
    assert len(drawn) == 3


def test_a_seed_that_all_have_is_not_drawn(tiny: Runner):
    came = list(updates(tiny, COMPARE, asked("", "temperature=0", seed=3)))
    assert "seed" not in mode(came).why
    assert {run.settings["seed"] for run in record_of(came).panes} == {3}


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
    came = list(updates(tiny, COMPARE, asked("", pane, together=True, max_new_tokens=3)))
    assert mode(came).mode == record_of(came).mode == "turns"
    assert word in mode(came).why


def test_each_model_is_loaded_once_and_the_panes_keep_their_order(tiny: Runner):
    wanted = asked("model=tiny-gpt2", "seed=1", "model=tiny-gpt2,seed=2", "seed=3", max_new_tokens=3)
    came = list(updates(tiny, COMPARE, wanted))
    loaded = {step.update.model for step in of(PaneUpdate, came) if isinstance(step.update, Loading)}
    assert loaded == {"tiny-gpt2"}  # tiny-llama is in memory, so it goes first
    begun = [update.pane for update in of(PaneUpdate, came) if isinstance(update.update, PreparedPrompt)]
    assert begun == [1, 3, 0, 2]
    record = record_of(came)
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

    def slow(*arguments: Any, **options: Any) -> Any:
        loading_s[0] += 1000
        return ensure(*arguments, **options)

    monkeypatch.setattr(time, "perf_counter", later)
    monkeypatch.setattr(energy, "perf_counter", later)
    monkeypatch.setattr(slot, "ensure", slow)
    other = "seed=1" if together else "quantization=bf16"
    came = list(updates(runner, COMPARE, asked("", other, max_new_tokens=2, together=together)))
    for run in record_of(came).panes:
        assert run.timing.e2e_s < 1000
        assert run.energy.joules is not None
        assert run.energy.joules < 1000 * HARDWARE.watts


@pytest.mark.parametrize(
    ("pane", "words"),
    [("model=nowhere", "Unknown model"), ("context_length=20", "no room"), ("context_length=1000", "at most")],
)
def test_a_pane_that_fails_does_not_lose_the_others(tiny: Runner, pane: str, words: str):
    came = list(updates(tiny, COMPARE, asked("seed=1", pane, "seed=2", reference=2)))
    (failed,) = of(PaneFailed, came)
    record = record_of(came)
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
        list(updates(tiny, COMPARE, same))
    with pytest.raises(PlaygroundError, match=r"1: Unknown model 'nowhere'.* 2: Unknown model 'elsewhere'"):
        list(updates(tiny, COMPARE, asked("model=nowhere", "model=elsewhere")))
    with pytest.raises(PlaygroundError, match="no room"):
        list(updates(tiny, COMPARE, asked("seed=1", "seed=2", context_length=16, together=True, prompt="x " * 100)))
    assert answer(tiny, request()).tokens  # the turn is free


def test_stopping_in_the_second_pane_keeps_the_first_and_what_the_second_had(tiny: Runner):
    seen: list[Any] = []
    wanted = asked("seed=1", "seed=2", "seed=3", max_new_tokens=40)
    for update in updates(tiny, COMPARE, wanted, lambda: any(is_token(each, 1, 5) for each in seen)):
        seen.append(update)
    record = record_of(seen)
    assert [run.finish_reason for run in record.panes] == ["length", "cancelled"]
    alone = answer(tiny, wanted.runs()[1])
    assert 5 <= len(record.panes[1].tokens) < 40
    assert ids(record.panes[1]) == ids(alone)[: len(record.panes[1].tokens)]
    assert [(one.pane, one.problem) for one in record.failed] == [(2, "Stopped before it began.")]
    assert parse_document(record.to_json()) == record


def test_stopping_a_batch_keeps_every_row_as_far_as_it_came(tiny: Runner):
    seen: list[Any] = []
    wanted = asked("max_new_tokens=3", "max_new_tokens=60", together=True)
    for update in updates(tiny, COMPARE, wanted, lambda: any(is_token(each, 1, 6) for each in seen)):
        seen.append(update)
    record = record_of(seen)
    assert [run.finish_reason for run in record.panes] == ["length", "cancelled"]
    assert ids(record.panes[0]) == ids(record.panes[1])[:3]


@pytest.mark.parametrize("together", [False, True])
def test_stopped_before_any_pane_began_it_ends_without_a_record(tiny: Runner, together: bool):
    came = list(updates(tiny, COMPARE, asked("seed=1", "seed=2", together=together), lambda: True))
    assert of(CompareRecord, came) == []
    assert answer(tiny, request()).tokens


@pytest.mark.parametrize("together", [False, True])
def test_closing_it_in_the_middle_gives_the_model_back(tiny: Runner, together: bool):
    work: Any = updates(tiny, COMPARE, asked("seed=1", "seed=2", together=together))
    with closing(work):
        next(one for one in work if isinstance(one, PaneUpdate) and isinstance(one.update, TokenEvent))
    assert answer(tiny, request()).tokens


@pytest.mark.parametrize("together", [False, True])
def test_meters_of_a_pane_can_be_read_from_its_beginning_on(tiny: Runner, together: bool):
    begun: dict[int, PaneBegun] = {}
    counts = []
    for update in updates(tiny, COMPARE, asked("seed=1", "seed=2", together=together)):
        if isinstance(update, PaneBegun):
            begun[update.pane] = update
        if isinstance(update, PaneUpdate) and update.pane == 1 and isinstance(update.update, TokenEvent):
            meters = begun[1].meters()
            assert isinstance(meters, Meters)
            counts.append(meters.output_tokens)
    assert counts == sorted(counts)
    assert counts[-1] == 12
    last = begun[0].meters()
    assert last is not None
    assert last.output_tokens == 12
    assert {one.shared for one in begun.values()} == {together}


@pytest.mark.parametrize(
    ("panes", "reference", "words"),
    [
        ([""], 1, "2 to 4 times.*; got 1"),
        ([f"seed={n}" for n in range(5)], 1, "2 to 4 times.*; got 5"),
        (["seed=1", "seed=2"], 3, "one of the 2 panes; got pane 3"),
        (["seed=1", "seed=2"], 0, "must be a whole number from 1; got 0"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_at_once(panes: list[str], reference: int, words: str):
    with pytest.raises(PlaygroundError, match=words):
        asked(*panes, reference=reference)


def test_an_empty_prompt_or_a_pane_that_is_no_setting_is_refused():
    with pytest.raises(PlaygroundError, match="empty"):
        asked("seed=1", "seed=2", prompt=" ")
    with pytest.raises(PlaygroundError, match="settings by name"):
        compare_request(request(), "seed=1", 3)


def test_models_that_panes_name_are_renamed_in_their_order():
    wanted = asked("model=/a, b/c.gguf", "seed=1", "model=/d")
    assert wanted.more_models() == ["/a, b/c.gguf", "/d"]
    assert [run.model for run in wanted.with_models(["own", "c", "d"]).runs()] == ["c", "own", "d"]


def test_panes_in_turns_run_several_passes_there_and_back(tiny: Runner):
    wanted = compare_request(request(max_new_tokens=3), "seed=1", "seed=2", passes=3)
    came = list(updates(tiny, COMPARE, wanted))
    record = record_of(came)
    assert [(one.number, one.title.split(":")[0]) for one in of(PaneAgain, came)] == [
        (1, "pane 1"), (2, "pane 1"), (2, "pane 2"), (2, "pane 1"), (3, "pane 1"), (3, "pane 2"), (3, "pane 1"),
    ]  # fmt: skip
    assert [one.itself for one in of(PaneAgain, came)] == [True, True, False, False, False, False, True]
    assert len(record.control["decode"]) == 3
    assert [len(own["decode"]) for own in record.passes] == [3, 3]
    assert record.passes[0]["decode"][0] == record.panes[0].timing.decode_tokens_per_s
    assert parse_document(record.to_json()) == record
    together = record_of(list(updates(tiny, COMPARE, wanted.model_copy(update={"together": True}))))
    assert (together.passes, together.control) == ([], {})
    assert wanted.most_tokens == 3 * together.panes[0].settings["max_new_tokens"] * 3


def test_passes_go_back_and_forth_over_models_too(tiny: Runner):
    wanted = compare_request(request(max_new_tokens=3), "", "quantization=bf16", passes=3)
    came = list(updates(tiny, COMPARE, wanted))
    again = [(one.number, one.title.split(":")[0], one.itself) for one in of(PaneAgain, came)]
    first, other = "pane 1", "pane 2"
    assert again == [
        (1, first, True), (2, other, False), (2, first, True), (2, first, False),
        (3, first, False), (3, first, True), (3, other, False),
    ]  # fmt: skip
    loaded = [one.update.quantization for one in of(PaneUpdate, came) if isinstance(one.update, Loading)]
    assert list(dict.fromkeys(loaded)) == ["bf16", "fp32"]  # what is in memory is not loaded again
    assert [len(own["decode"]) for own in record_of(came).passes] == [3, 3]


def test_one_pass_measures_nothing_against_itself(tiny: Runner):
    came = list(updates(tiny, COMPARE, compare_request(request(max_new_tokens=3), "seed=1", "seed=2", passes=1)))
    assert of(PaneAgain, came) == []
    assert (record_of(came).passes, record_of(came).control) == ([], {})

import itertools
import json
import threading
import time
import weakref
from typing import Any

import pytest
import torch

from playground.backends import source as source_module
from playground.backends import turns as turns_module
from playground.backends.base import Capability, Loading
from playground.backends.job import Queued
from playground.backends.slot import ModelSlot
from playground.engine.events import Finished, PreparedPrompt, PromptProcessed, PromptProgress, TokenEvent
from playground.errors import NotEnoughMemory, PlaygroundError
from playground.experiments.lens.experiment import LENS, LensRecord, LensRequest
from playground.experiments.reruns.records import RerunRecord
from playground.runs.experiment import updates
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.runs.updates import Meters
from tests.experiments.reruns.asked import make_rerun, rerun
from tests.tiny_runner import HARDWARE, answer, before_each_forward, ids, of, record_of, request

LONG_PROMPT = "the other thing is " * 60  # more than one chunk of the prefill
ORDER = (Queued, Loading, PreparedPrompt, PromptProgress, PromptProcessed, TokenEvent, Finished, RunRecord)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns_module, "_LOOK_S", 0.001)


def kinds(updates: list[Any]) -> list[str]:
    """The kinds of updates as they come, each run of one kind told once."""
    return [kind.__name__ for kind, _ in itertools.groupby(map(type, updates))]


def test_updates_come_in_the_order_that_is_promised(runner: Runner):
    updates = list(runner.start(request(LONG_PROMPT)))
    assert kinds(updates) == [kind.__name__ for kind in ORDER[1:]]
    for kind in (PreparedPrompt, PromptProcessed, Finished, RunRecord):
        assert len(of(kind, updates)) == 1
    assert kinds(list(runner.start(request()))) == [
        "PreparedPrompt", "PromptProcessed", "TokenEvent", "Finished", "RunRecord"
    ]  # fmt: skip


def test_one_who_waits_is_told_his_place_first(tiny: Runner):
    first = iter(tiny.start(request()))
    next(first)
    second = tiny.start(request("Another"))
    queued = next(iter(second))
    assert isinstance(queued, Queued)
    assert queued.position == 1
    list(first)
    assert kinds([queued, *second])[:2] == ["Queued", "PreparedPrompt"]


def test_two_who_want_other_models_each_get_their_own(runner: Runner):
    records: dict[str, RunRecord] = {}

    def work(model: str, quantization: str) -> None:
        records[model] = answer(runner, request(model=model, quantization=quantization))

    wanted = {"tiny-llama": "fp32", "tiny-gpt2": "bf16", "tiny-gemma3": "fp32"}
    threads = [threading.Thread(target=work, args=pair) for pair in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {model: (r.model.id, r.model.quantization) for model, r in records.items()} == {
        model: (model, quantization) for model, quantization in wanted.items()
    }


def test_a_stop_while_queued_ends_without_a_record_and_frees_the_place(tiny: Runner):
    first = iter(tiny.start(request()))
    next(first)
    stopped = threading.Event()
    second = iter(tiny.start(request(), stopped.is_set))
    assert isinstance(next(second), Queued)
    stopped.set()
    (end,) = [update for update in second if not isinstance(update, Queued)]
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"
    list(first)
    assert ids(answer(tiny, request()))


def test_a_stop_while_the_prompt_is_read_acts_before_the_next_chunk(tiny: Runner):
    stopped = threading.Event()
    updates = []
    for update in tiny.start(request(LONG_PROMPT), stopped.is_set):
        updates.append(update)
        if isinstance(update, PromptProgress):
            stopped.set()
    assert kinds(updates) == ["PreparedPrompt", "PromptProgress", "Finished", "RunRecord"]
    assert len(of(PromptProgress, updates)) == 1
    record = record_of(updates)
    assert (record.finish_reason, record.tokens, record.text) == ("cancelled", [], "")
    assert record.timing.ttft_s is None
    assert record.prompt_token_ids


def test_a_stop_while_tokens_come_acts_within_one_token(tiny: Runner):
    stopped = threading.Event()
    updates = []
    for update in tiny.start(request(max_new_tokens=300), stopped.is_set):
        updates.append(update)
        if isinstance(update, TokenEvent) and update.index == 4:
            stopped.set()
    record = record_of(updates)
    assert record.finish_reason == "cancelled"
    assert len(record.tokens) in (5, 6)
    assert record.text == "".join(token.text for token in record.tokens)


@pytest.mark.parametrize("kind", ORDER)
def test_closing_at_any_update_gives_the_turn_back(runner: Runner, slot: ModelSlot, kind: type):
    if kind is Queued:
        holder = runner.start(request())
        next(iter(holder))
    else:
        holder = None
    run = runner.start(request(LONG_PROMPT))
    for update in run:
        if isinstance(update, kind):
            break
    else:
        pytest.fail(f"no {kind.__name__} came")
    run.close()
    if holder is not None:
        holder.close()
    assert len(ids(answer(runner, request()))) == 12


def test_a_closed_run_has_really_ended_when_its_turn_is_given_back(
    tiny: Runner, slot: ModelSlot, monkeypatch: pytest.MonkeyPatch
):
    slot_turns, ended = slot.turns, []

    class Engine:
        """Notes who holds the turn when the loop itself ends."""

        def __init__(self, real: Any):
            self.real = real

        def __call__(self, *arguments: Any, **keywords: Any) -> Any:
            try:
                yield from self.real(*arguments, **keywords)
            finally:
                ended.append(slot_turns.count)

    assert slot.backend is not None
    monkeypatch.setattr(slot.backend, "stream", Engine(slot.backend.stream))
    run = tiny.start(request())
    for update in run:
        if isinstance(update, TokenEvent):
            break
    run.close()
    assert ended == [1]
    assert slot_turns.count == 0


def test_loading_goes_on_to_its_end_before_a_closed_run_gives_the_turn_back(
    runner: Runner, slot: ModelSlot, monkeypatch: pytest.MonkeyPatch
):
    real, finished = source_module.load, []

    def slow(*arguments: Any, **keywords: Any) -> Any:
        keywords["progress"]("Reading", 0.5)
        time.sleep(0.2)
        finished.append(slot.turns.count)
        return real(*arguments, **keywords)

    monkeypatch.setattr(source_module, "load", slow)
    run = runner.start(request())
    assert isinstance(next(iter(run)), Loading)
    run.close()
    assert finished == [1]
    assert slot.holds("tiny-llama", "fp32")


@pytest.mark.parametrize("at", [0, 1, 5])
def test_an_error_in_the_model_reaches_the_caller_and_the_next_run_works(tiny: Runner, slot: ModelSlot, at: int):
    before = ids(answer(tiny, request()))
    is_broken = True

    def fail(number: int) -> None:
        if is_broken and number == at:
            raise RuntimeError("device lost")

    before_each_forward(slot, fail)
    run = tiny.start(request())
    with pytest.raises(RuntimeError, match="device lost"):
        list(run)
    assert run.meters() is not None
    is_broken = False
    assert ids(answer(tiny, request())) == before


@pytest.mark.parametrize("at", [0, 1, 5])
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: 9 bytes"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_is_an_error_with_its_remedies_and_the_next_run_works(
    tiny: Runner, slot: ModelSlot, error: Exception, at: int
):
    before, is_broken = ids(answer(tiny, request())), True

    def fail(number: int) -> None:
        if is_broken and number == at:
            raise error

    before_each_forward(slot, fail)
    for work in (tiny.start(request()), updates(tiny, LENS, LensRequest(prompt="Hi", model="tiny-llama"))):
        with pytest.raises(NotEnoughMemory, match="int4") as caught:
            list(work)
        assert caught.value.__context__ is None  # nothing keeps the tensors of the run that failed
    is_broken = False
    assert ids(answer(tiny, request())) == before


def test_a_load_that_fails_reaches_the_caller_and_the_next_run_works(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    before = ids(answer(tiny, request()))

    def broken(*_: Any, **__: Any) -> Any:
        raise PlaygroundError("the weights are damaged")

    with monkeypatch.context() as patch:
        patch.setattr(source_module, "load", broken)
        with pytest.raises(PlaygroundError, match="damaged"):
            list(tiny.start(request(model="tiny-gpt2")))
        with pytest.raises(PlaygroundError, match="damaged"):
            list(tiny.load("tiny-gpt2", "fp32"))
    assert ids(answer(tiny, request())) == before


def test_people_at_once_get_what_they_would_get_alone(tiny: Runner):
    asked = [
        request(f"Question {n}", temperature=0.5 + n / 4, seed=n, max_new_tokens=5 + 3 * n, stop=("e",) * (n % 2))
        for n in range(5)
    ]
    alone = [answer(tiny, each) for each in asked]
    together: dict[int, RunRecord] = {}
    together_updates: dict[int, list[Any]] = {}

    def work(number: int) -> None:
        together_updates[number] = list(tiny.start(asked[number]))
        together[number] = record_of(together_updates[number])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number, record in enumerate(alone):
        same = together[number]
        assert (ids(same), same.text, same.prompt, same.settings) == (
            ids(record), record.text, record.prompt, record.settings
        )  # fmt: skip
        assert [event.id for event in of(TokenEvent, together_updates[number])] == ids(record)


def test_a_seed_that_was_not_given_is_drawn_anew_and_shown(tiny: Runner):
    runs = [tiny.start(request(seed=None, temperature=2, top_p=1, max_new_tokens=30)) for _ in range(3)]
    records = [record_of(run) for run in runs]
    seeds = [record.settings["seed"] for record in records]
    assert all(isinstance(seed, int) for seed in seeds)
    assert len(set(seeds)) == 3
    assert [run.request.settings.seed for run in runs] == seeds
    assert len({tuple(ids(record)) for record in records}) == 3
    again = answer(tiny, request(**records[0].settings))
    assert ids(again) == ids(records[0])


def test_the_record_says_which_context_was_really_used(tiny: Runner):
    record = answer(tiny, request(context_length=None))
    assert record.settings["context_length"] == record.model.context_length == 512
    assert answer(tiny, request(context_length=99)).settings["context_length"] == 99


def test_an_answer_ends_where_the_context_ends(tiny: Runner):
    record = answer(tiny, request(context_length=64, max_new_tokens=500))
    assert record.finish_reason == "length"
    assert len(record.prompt_token_ids) + len(record.tokens) == 64
    assert record.dropped_prompt_tokens == 0


def test_a_prompt_that_is_too_long_loses_its_oldest_tokens(tiny: Runner):
    prompt, system = LONG_PROMPT[:400], "Be brief."
    everything = answer(tiny, request(prompt, system=system, max_new_tokens=1))
    assert everything.dropped_prompt_tokens == 0
    asked = request(prompt, system=system, context_length=100, max_new_tokens=500)
    preview, record = tiny.preview(asked), answer(tiny, asked)
    assert preview is not None
    assert record.dropped_prompt_tokens == preview.dropped_tokens > 0
    assert len(record.prompt_token_ids) + len(record.tokens) <= 100
    kept, whole = record.prompt_token_ids, everything.prompt_token_ids
    assert len(kept) == len(whole) - record.dropped_prompt_tokens
    assert kept[-20:] == whole[-20:]  # the newest, and the template's end
    assert kept[:10] == whole[:10]  # the system prompt


def test_a_preview_is_what_the_run_will_read_and_sends_nothing(tiny: Runner, slot: ModelSlot):
    before_each_forward(slot, lambda _: pytest.fail("the model was asked"))
    preview = tiny.preview(request())
    assert tiny.preview(request()) == preview
    (read,) = of(PreparedPrompt, [next(iter(tiny.start(request())))])
    assert read == preview
    assert tiny.preview(request(model="tiny-gpt2")) is None  # not in memory


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (request("  "), "empty"),
        (request("x" * 1_000_001), "1,000,000"),
        (request(model="tiny-lama"), "did you mean 'tiny-llama'"),
        (request(quantization="int5"), "Unknown quantization"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_before_it_queues(tiny: Runner, slot: ModelSlot, asked, words: str):
    with pytest.raises(PlaygroundError, match=words):
        tiny.start(asked)
    assert slot.turns.count == 0


def test_work_that_the_model_cannot_feed_is_refused_and_gives_the_turn_back(tiny: Runner, slot: ModelSlot):
    answer(tiny, request())
    assert slot.backend is not None
    everything, needs = slot.backend.capabilities, frozenset[Capability]({"layers"})
    slot.backend.capabilities = everything - needs
    try:
        assert tiny.why_not(needs)
        with pytest.raises(PlaygroundError, match="does not show its layers"):
            list(tiny.holding("tiny-llama", "fp32", lambda _backend: iter(()), needs=needs))
    finally:
        slot.backend.capabilities = everything
    assert tiny.why_not(needs) == ""
    assert slot.turns.count == 0


def test_more_context_than_the_model_has_is_refused_and_gives_the_turn_back(tiny: Runner):
    with pytest.raises(PlaygroundError, match=r"at most 512.*got 513"):
        list(tiny.start(request(context_length=513)))
    assert answer(tiny, request())


@pytest.mark.parametrize("model", ["tiny-llama", "tiny-gemma3"])
def test_meters_agree_with_the_events_at_every_moment(runner: Runner, slot: ModelSlot, model: str):
    run = runner.start(request(LONG_PROMPT[:400], model=model, max_new_tokens=20))
    assert run.meters() is None
    seen: list[TokenEvent] = []
    prompt = processed = None
    for update in run:
        meters = run.meters()
        if isinstance(update, Queued | Loading):
            assert meters is None
            continue
        assert meters is not None
        prompt = update if isinstance(update, PreparedPrompt) else prompt
        processed = update if isinstance(update, PromptProcessed) else processed
        seen += [update] if isinstance(update, TokenEvent) else []
        assert prompt is not None
        check_meters(meters, prompt, processed, seen)
    assert len(seen) == 20
    assert run.meters() == run.meters()  # the run is over, and so is its clock


def check_meters(
    meters: Meters, prompt: PreparedPrompt, processed: PromptProcessed | None, seen: list[TokenEvent]
) -> None:
    assert (meters.prompt_tokens, meters.output_tokens) == (len(prompt.ids), len(seen))
    assert (meters.cost.input_tokens, meters.cost.output_tokens) == (len(prompt.ids), len(seen))
    assert meters.timing.ttft_s == (seen[0].time_s if seen else None)
    assert (meters.timing.tpot_s is None) == (len(seen) < 2)
    if len(seen) > 1:
        assert meters.timing.tpot_s == pytest.approx((seen[-1].time_s - seen[0].time_s) / (len(seen) - 1))
    assert meters.prefill_s == (processed.prefill_s if processed else None)
    assert meters.kv_predicted_bytes == meters.memory.kv_cache_bytes
    assert (meters.memory.kv_cache_bytes > 0) == (processed is not None)
    assert meters.kv_full_bytes is not None
    assert meters.memory.kv_cache_bytes <= meters.kv_full_bytes
    assert meters.memory.peak_rss_bytes >= meters.memory.rss_bytes > 0
    assert meters.elapsed_s >= meters.timing.e2e_s >= (seen[-1].time_s if seen else 0)
    assert meters.limit_s is not None
    assert meters.limit_s > 0
    assert meters.energy.joules is not None


def test_meters_may_be_read_from_another_thread_at_any_moment(tiny: Runner):
    run = tiny.start(request(LONG_PROMPT[:200], max_new_tokens=150))
    is_over, readings, errors = threading.Event(), [], []

    def read() -> None:
        while not is_over.is_set():
            try:
                readings.append(run.meters())
            except Exception as error:  # whatever it is, it is the defect looked for
                errors.append(error)
            time.sleep(0.0005)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    record = record_of(run)
    is_over.set()
    for thread in threads:
        thread.join(10)
    assert errors == []
    told = [meters for meters in readings if meters is not None]
    assert told
    per_token = record.memory.kv_bytes_per_token
    for meters in told:
        assert meters.output_tokens == meters.cost.output_tokens
        assert meters.kv_predicted_bytes == meters.memory.kv_cache_bytes
        assert (meters.timing.ttft_s is None) == (meters.output_tokens == 0)
        if meters.output_tokens:
            held = meters.prompt_tokens + meters.output_tokens - 1
            assert meters.memory.kv_cache_bytes == held * per_token
    final = run.meters()
    assert final is not None
    assert (final.timing, final.memory, final.cost, final.energy) == (
        record.timing, record.memory, record.cost, record.energy
    )  # fmt: skip


def test_waiting_for_others_costs_nothing_on_own_hardware_but_counts_as_latency(tiny: Runner):
    first = iter(tiny.start(request()))
    next(first)
    waiting = tiny.start(request())
    next(iter(waiting))
    time.sleep(0.5)
    list(first)
    updates = list(waiting)
    record = record_of(updates)
    (end,) = of(Finished, updates)
    assert record.timing.ttft_s is not None
    assert record.timing.ttft_s >= 0.5
    assert record.timing.e2e_s == end.time_s
    assert HARDWARE.usd_per_hour == 3600  # so that a second costs a dollar
    assert 0 < record.cost.own_hardware_usd <= record.timing.e2e_s - 0.5


def test_prices_are_the_runners_and_can_be_others_over_the_same_model(tiny: Runner):
    priced = tiny.priced("anthropic/claude-3-haiku", 0.0)
    run, other = priced.start(request()), tiny.start(request())
    first, second = record_of(run), record_of(other)
    meters = run.meters()
    assert meters is not None
    assert meters.hardware_usd_per_hour == first.cost.own_hardware_usd == 0
    assert ids(first) == ids(second)
    assert first.cost.reference_model == "anthropic/claude-3-haiku" != second.cost.reference_model
    assert second.cost.own_hardware_usd > 0
    with pytest.raises(PlaygroundError, match="price list"):
        tiny.priced("openai/none")


def test_loading_tells_its_steps_and_leaves_the_model_ready(runner: Runner):
    steps = list(runner.load("tiny-llama", "int8"))
    assert steps
    assert {(step.model, step.quantization) for step in steps} == {("tiny-llama", "int8")}
    assert runner.facts is not None
    assert (runner.facts.id, runner.facts.quantization) == ("tiny-llama", "int8")
    assert list(runner.load("tiny-llama", "int8")) == []


def test_one_who_waits_to_load_is_told_what_loads_before_him(runner: Runner, monkeypatch: pytest.MonkeyPatch):
    first = iter(runner.load("tiny-gpt2", "fp32"))
    next(first)
    second = iter(runner.load("tiny-llama", "fp32"))
    told = next(second)
    assert told.stage
    assert isinstance(told, Loading)
    list(first)
    rest = list(second)
    assert [step.model for step in rest][-1] == "tiny-llama"
    assert runner.facts is not None
    assert runner.facts.id == "tiny-llama"


def test_a_finished_run_that_is_kept_does_not_keep_the_weights(runner: Runner, slot: ModelSlot):
    list(runner.load("tiny-llama", "fp32"))
    assert slot.backend is not None
    weights = weakref.ref(slot.backend.loaded.module)
    kept = [runner.start(request(LONG_PROMPT)) for _ in range(2)]
    list(kept[0])
    for update in kept[1]:
        if isinstance(update, TokenEvent):
            break
    kept[1].close()
    list(runner.load("tiny-gpt2", "fp32"))
    assert weights() is None
    assert all(run.meters() for run in kept)


def test_the_catalogue_says_what_is_here_and_what_must_be_fetched(runner: Runner):
    missing = runner.shelf.missing()
    assert "tiny-llama" not in missing
    assert "gpt2" in missing
    assert set(runner.quantizations("tiny-llama")) == {"fp32", "bf16", "fp16", "int8", "int4"}
    with pytest.raises(PlaygroundError):
        runner.quantizations("nope")


def test_a_run_that_nobody_iterates_takes_no_turn(tiny: Runner, slot: ModelSlot):
    run = tiny.start(request())
    assert slot.turns.count == 0
    run.close()
    assert list(run) == []
    assert json.dumps(run.request.settings.model_dump())


@pytest.mark.parametrize(("raw", "kept"), [(True, ""), (False, "Be brief.")])
def test_records_hold_a_system_prompt_only_where_it_was_read(tiny: Runner, raw: bool, kept: str):
    asked = request("Once", raw=raw, system="Be brief.", max_new_tokens=2)
    look = LensRequest(model=asked.model, prompt="Once", settings=asked.settings, answer_tokens=1, positions=2)
    documents = [
        answer(tiny, asked),
        *of(RerunRecord, rerun(tiny, make_rerun(asked, 2))),
        *of(LensRecord, updates(tiny, LENS, look)),
    ]
    assert [one.settings["system"] for one in documents] == [kept] * 3

"""Laws of a batch through the runner: each row is its own run, and all together are measured once."""

import threading
from contextlib import closing
from dataclasses import replace

import pytest

from playground.backends.base import PreparedPrompt
from playground.backends.job import Queued
from playground.engine.events import Finished, RowEvent, TokenEvent
from playground.errors import PlaygroundError
from playground.metrics.cost import api_cost
from playground.runs import batch as batch_module
from playground.runs.batch import MAX_BATCH, MAX_ROWS, plan_batch
from playground.runs.runner import Runner
from playground.runs.updates import BatchEnd, BatchPlan, BatchRequest, RowRecord
from playground.settings import make_settings
from tests.tiny_runner import answer, before_each_forward, ids, of, request

PROMPT = "Hello there, what is this?"


def rows(*seeds: int, **changes) -> tuple:
    return tuple(make_settings(**{"max_new_tokens": 8, "seed": seed, **changes}) for seed in seeds)


def asked(*settings, **changes) -> BatchRequest:
    return BatchRequest(
        **{"prompt": PROMPT, "model": "tiny-llama", "quantization": "fp32", "settings": settings} | changes
    )


def test_each_row_is_the_run_that_its_settings_give_alone(runner: Runner):
    own = (*rows(3, 4, 3), *rows(5, temperature=0, max_new_tokens=5), *rows(6, top=2, repetition_penalty=1.3))
    records = {update.row: update.record for update in of(RowRecord, runner.start_batch(asked(*own), records=True))}
    assert sorted(records) == [0, 1, 2, 3, 4]
    for row, settings in enumerate(own):
        alone = answer(runner, request(PROMPT, **settings.model_dump()))
        assert ids(records[row]) == ids(alone)
        assert records[row].text == alone.text
        assert records[row].finish_reason == alone.finish_reason
        assert records[row].settings == alone.settings
        assert records[row].prompt_token_ids == alone.prompt_token_ids
        assert [len(token.top) for token in records[row].tokens] == [len(token.top) for token in alone.tokens]
        assert [t.logprob for t in records[row].tokens] == pytest.approx([t.logprob for t in alone.tokens], abs=1e-4)
        assert records[row].cost.total_usd == alone.cost.total_usd


def test_updates_come_in_their_order_and_the_end_sums_up(runner: Runner):
    updates = list(runner.start_batch(asked(*rows(1, 2, 3))))
    kinds = [type(update) for update in updates]
    assert kinds.index(PreparedPrompt) < kinds.index(BatchPlan) < kinds.index(RowEvent)
    assert kinds[-1] is BatchEnd
    assert kinds.count(BatchEnd) == 1
    assert not of(RowRecord, updates)
    (end,), (plan,) = of(BatchEnd, updates), of(BatchPlan, updates)
    tokens = [update for update in of(RowEvent, updates) if isinstance(update.event, TokenEvent)]
    assert end.output_tokens == len(tokens) == end.cost.output_tokens
    assert end.cost.input_tokens == 3 * len(end.prompt_token_ids)
    one = api_cost(end.cost.reference_model, len(end.prompt_token_ids), 8)
    assert end.cost.total_usd == 3 * one.total_usd
    assert (end.cost.cached_tokens, end.cost.cached_usd) == (2 * len(end.prompt_token_ids), 0)  # read once, paid thrice
    assert end.throughput_tokens_per_s == pytest.approx(end.output_tokens / end.wall_s)
    assert end.memory.kv_cache_bytes == sum(update.event.kv_cache_bytes for update in tokens[-3:])
    assert end.memory.kv_cache_bytes <= 3 * plan.row_bytes
    assert (plan.rows, plan.rows_at_once) == (3, 3)


def test_rows_without_a_seed_get_one_each_and_it_is_recorded(runner: Runner):
    own = rows(1, 1, 1, 1)
    unseeded = tuple(settings.model_copy(update={"seed": None}) for settings in own)
    records = [update.record for update in of(RowRecord, runner.start_batch(asked(*unseeded), records=True))]
    seeds = [record.settings["seed"] for record in records]
    assert len(set(seeds)) == 4
    for record in records:
        assert ids(answer(runner, request(PROMPT, **record.settings))) == ids(record)


def test_a_batch_larger_than_the_memory_goes_in_waves_of_the_same_answers(runner: Runner, monkeypatch):
    own = rows(*range(7))
    whole = {u.row: ids(u.record) for u in of(RowRecord, runner.start_batch(asked(*own), records=True))}
    (plan,) = of(BatchPlan, runner.start_batch(asked(*own)))
    facts = runner.facts
    assert facts is not None
    row = batch_module._COPIES * plan.row_bytes + batch_module._SCORES_BYTES * facts.vocabulary
    monkeypatch.setattr(batch_module, "available_bytes", lambda device: int(3.5 * row / batch_module._HEADROOM))
    updates = list(runner.start_batch(asked(*own), records=True))
    (plan,) = of(BatchPlan, updates)
    assert plan.rows_at_once == 3
    (end,) = of(BatchEnd, updates)
    assert end.memory.kv_cache_bytes < 3.5 * plan.row_bytes
    assert {u.row: ids(u.record) for u in of(RowRecord, updates)} == whole


def test_what_does_not_fit_the_memory_is_refused_with_the_reason_before_it_starts(runner: Runner, monkeypatch):
    monkeypatch.setattr(batch_module, "available_bytes", lambda device: 1000)
    updates = []
    with pytest.raises(PlaygroundError, match=r"needs about \d+ MB beside the model, and 0 MB are free: shorten"):
        updates.extend(runner.start_batch(asked(*rows(1, 2))))
    assert answer(runner, request(PROMPT))  # the model is free again


def test_a_plan_never_takes_more_rows_than_fit_or_than_are_asked(runner: Runner, slot):
    list(runner.load("tiny-llama", "fp32"))
    settings, prompt = rows(*range(MAX_ROWS)), PreparedPrompt((1,) * 100, 0, 512)
    plans = [plan_batch(slot.backend, prompt, settings, free) for free in (10**6, 10**7, 10**12)]
    assert [plan.rows_at_once for plan in plans] == sorted(plan.rows_at_once for plan in plans)
    assert plans[-1].rows_at_once == MAX_BATCH
    for plan in plans:
        assert plan.rows_at_once * plan.row_bytes * batch_module._COPIES <= plan.available_bytes
    assert plan_batch(slot.backend, prompt, settings[:2], 10**12).rows_at_once == 2


def test_rows_whose_cache_can_not_be_predicted_go_one_after_the_other(runner: Runner, slot):
    list(runner.load("tiny-llama", "fp32"))
    slot.backend.loaded.facts = replace(slot.backend.facts, kv=None)
    updates = list(runner.start_batch(asked(*rows(1, 2))))
    (plan,), (end,) = of(BatchPlan, updates), of(BatchEnd, updates)
    assert (plan.rows, plan.rows_at_once, plan.row_bytes) == (2, 1, None)
    assert end.memory.kv_bytes_per_token is None
    assert end.memory.kv_cache_bytes > 0  # measured all the same


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ((), "from 1 to 200 rows; got 0"),
        (rows(*range(MAX_ROWS + 1)), "from 1 to 200 rows; got 201"),
        ((*rows(1), *rows(1, system="Be brief.")), "same system"),
        ((*rows(1), *rows(1, raw=True)), "same raw"),
        ((*rows(1), *rows(1, context_length=64)), "same context_length"),
    ],
)
def test_rows_that_are_no_batch_are_refused_at_once(runner: Runner, settings, words):
    with pytest.raises(PlaygroundError, match=words):
        runner.start_batch(asked(*settings))


def test_stop_keeps_the_rows_that_had_ended(runner: Runner, slot):
    own = (*rows(1, max_new_tokens=3), *rows(2, max_new_tokens=30))
    stopped = threading.Event()
    list(runner.load("tiny-llama", "fp32"))
    before_each_forward(slot, lambda number: stopped.set() if number == 6 else None)
    updates = list(runner.start_batch(asked(*own), stopped.is_set, records=True))
    ended = {update.row: update.record for update in of(RowRecord, updates)}
    assert [ended[row].finish_reason for row in (0, 1)] == ["length", "cancelled"]
    assert 3 < len(ended[1].tokens) < 30
    (end,) = of(BatchEnd, updates)
    assert end.output_tokens == sum(len(record.tokens) for record in ended.values())


def test_meters_of_a_row_can_be_asked_at_any_moment(runner: Runner):
    batch = runner.start_batch(asked(*rows(1, 2)), records=True)
    assert batch.meters(0) is None
    seen = [batch.meters(1).output_tokens for update in batch if isinstance(update, RowEvent) and update.row == 1]
    assert seen == sorted(seen)
    assert seen[-1] == 8
    assert runner.start_batch(asked(*rows(1))).meters(0) is None


def test_a_batch_waits_for_its_turn_and_closing_it_gives_the_model_back(runner: Runner):
    batch = runner.start_batch(asked(*rows(1, 2, max_new_tokens=50)))
    iterator = iter(batch)
    while not isinstance(next(iterator), RowEvent):
        pass
    second, told = runner.start_batch(asked(*rows(3))), []
    thread = threading.Thread(target=lambda: told.extend(second))
    thread.start()
    while not told:
        pass
    assert isinstance(told[0], Queued)
    batch.close()
    thread.join(20)
    assert isinstance(told[-1], BatchEnd)


def test_stopped_while_it_waits_a_batch_never_begins(runner: Runner):
    with closing(runner.start_batch(asked(*rows(1)), lambda: True)) as batch:
        assert list(batch) == []


def test_a_stop_while_the_prompt_is_read_ends_every_row_without_a_token(runner: Runner, slot):
    list(runner.load("tiny-llama", "fp32"))
    stopped = threading.Event()
    before_each_forward(slot, lambda number: stopped.set())
    updates = list(runner.start_batch(asked(*rows(1, 2), prompt="word " * 400), stopped.is_set, records=True))
    assert [u.event.reason for u in of(RowEvent, updates) if isinstance(u.event, Finished)] == ["cancelled"] * 2
    (end,) = of(BatchEnd, updates)
    assert (end.output_tokens, end.cost.total_usd, end.throughput_tokens_per_s) == (0, 0, None)

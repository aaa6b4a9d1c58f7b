"""Laws of a batch: one prompt read once, and every row is what it would be alone."""

import pytest
import torch

from playground.engine.events import Finished, PromptProcessed, PromptProgress, RowEvent, TokenEvent
from playground.engine.generate import stream, stream_batch
from playground.settings import Settings
from tests.engine.helpers import BOTH, MODELS, ids_of, random_ids, recorded, text_of, tiny_module, tiny_text_model

SAMPLED = Settings(temperature=1.0, top_p=0.95, seed=3, max_new_tokens=24, repetition_penalty=1.1)


def seeded(seeds, **changes) -> list[Settings]:
    """The same settings with these seeds."""
    return [SAMPLED.model_copy(update={"seed": seed, **changes}) for seed in seeds]


def _row(events: list[RowEvent], row: int) -> list:
    return [item.event for item in events if item.row == row]


@pytest.mark.parametrize("arch", MODELS)
def test_a_row_gives_the_ids_its_seed_gives_alone(arch: str):
    model, prompt = tiny_text_model(arch), random_ids(40)
    rows = seeded([4, 0, 11, 2, 4])
    events = list(stream_batch(model, prompt, rows))
    answers = [ids_of(_row(events, row)) for row in range(5)]
    assert answers == [ids_of(stream(model, prompt, own)) for own in rows]
    assert len(set(map(tuple, answers))) == 4  # the two rows of seed 4 are equal, the others are not


@pytest.mark.parametrize("arch", MODELS)
def test_each_row_keeps_to_its_own_settings(arch: str):
    model, prompt = tiny_text_model(arch), random_ids(40)
    rows = [
        SAMPLED,
        Settings(temperature=0, max_new_tokens=9),
        Settings(temperature=2, top_p=1, top_k=5, seed=8, max_new_tokens=17, top=0),
        Settings(temperature=0.5, min_p=0.1, seed=8, max_new_tokens=17, top=3),
        SAMPLED.model_copy(update={"max_new_tokens": 5, "top": 50}),
        Settings(temperature=1, repetition_penalty=1.5, seed=3, max_new_tokens=12),
    ]
    events = list(stream_batch(model, prompt, rows))
    for number, own in enumerate(rows):
        alone = [event for event in stream(model, prompt, own) if not isinstance(event, PromptProcessed)]
        together = [e for e in _row(events, number) if not isinstance(e, PromptProcessed | PromptProgress)]
        assert [_told(event) for event in together] == [_told(event) for event in alone]
        for one, other in zip(together, alone, strict=True):
            if isinstance(one, TokenEvent):
                assert _measured(one) == pytest.approx(_measured(other), abs=1e-5)


def _told(event) -> tuple:
    """What does not depend on the clock, or on the last bits that another shape of product gives."""
    if isinstance(event, Finished):
        return (event.reason, event.text)
    return (event.index, event.id, event.text, event.survivors, len(event.top))


def _measured(event: TokenEvent) -> list[float]:
    """Last bits may exchange two candidates that are as likely, so candidates are told by their probabilities."""
    return [event.logprob, event.entropy_bits, event.sampled_prob, *(item.prob for item in event.top)]


@pytest.mark.parametrize("arch", BOTH)
def test_a_row_whose_time_is_up_ends_alone(arch: str):
    rows = [SAMPLED, SAMPLED.model_copy(update={"time_limit_s": 1e-9})]
    events = list(stream_batch(tiny_text_model(arch), random_ids(10), rows))
    assert [_row(events, row)[-1].reason for row in range(2)] == ["length", "time"]
    assert [len(ids_of(_row(events, row))) for row in range(2)] == [24, 1]


@pytest.mark.parametrize("arch", MODELS)
@pytest.mark.parametrize("rows_at_once", [1, 2, 3, 5, 9])
def test_waves_of_rows_give_what_one_batch_gives_and_read_the_prompt_once(arch: str, rows_at_once: int):
    model, recording = recorded(tiny_text_model(arch))
    rows, prompt = seeded(range(5), max_new_tokens=6), random_ids(300)
    events = list(stream_batch(model, prompt, rows, rows_at_once=rows_at_once))
    for number, own in enumerate(rows):
        assert ids_of(_row(events, number)) == ids_of(stream(tiny_text_model(arch), prompt, own))
    sizes = [min(rows_at_once, 5 - first) for first in range(0, 5, rows_at_once)]
    assert recording.shapes == [(1, 256), (1, 44)] + [(size, 1) for size in sizes for _ in range(5)]


@pytest.mark.parametrize("arch", BOTH)
def test_stop_between_waves_keeps_the_rows_that_had_ended(arch: str):
    model, recording = recorded(tiny_text_model(arch))
    rows = seeded(range(4), max_new_tokens=6)
    stop_at = 1 + 5  # the prompt and the first wave
    events = list(
        stream_batch(model, random_ids(10), rows, rows_at_once=2, should_stop=lambda: len(recording.shapes) >= stop_at)
    )
    assert [_row(events, row)[-1].reason for row in range(4)] == ["length", "length", "cancelled", "cancelled"]
    assert [len(ids_of(_row(events, row))) for row in range(4)] == [6, 6, 0, 0]


@pytest.mark.parametrize("arch", MODELS)
def test_rows_that_end_leave_the_batch_and_the_others_go_on_as_if_alone(arch: str):
    prompt = random_ids(20)
    free = tiny_text_model(arch)
    longest = ids_of(stream(free, prompt, seeded([0])[0]))
    answers = torch.tensor([ids_of(stream(free, prompt, own)) for own in seeded(range(8))])
    often = torch.bincount(answers.flatten())
    eos_ids = set(often.topk(6).indices.tolist()) - set(longest[:8])
    model, recording = recorded(tiny_text_model(arch, eos_ids))
    events = list(stream_batch(model, prompt, seeded(range(8))))
    alone = [list(stream(model, prompt, own)) for own in seeded(range(8))]
    lengths = [len(ids_of(run)) for run in alone]
    assert len(set(lengths)) > 2
    for row in range(8):
        assert ids_of(_row(events, row)) == ids_of(alone[row])
        assert text_of(_row(events, row)) == text_of(alone[row])
        assert _row(events, row)[-1].reason == alone[row][-1].reason
    steps = recording.shapes[: max(lengths)]
    assert steps == [(1, 20)] + [(sum(length > step for length in lengths), 1) for step in range(1, max(lengths))]


@pytest.mark.parametrize("arch", BOTH)
def test_a_batch_reads_its_prompt_once(arch: str):
    model, recording = recorded(tiny_text_model(arch))
    events = list(stream_batch(model, random_ids(600), seeded(range(6))))
    assert recording.shapes == [(1, 256), (1, 256), (1, 88)] + [(6, 1)] * 23
    told = [item.row for item in events if isinstance(item.event, PromptProgress | PromptProcessed)]
    assert told == [0, 0, 0]


@pytest.mark.parametrize("arch", BOTH)
def test_each_row_tells_its_own_share_of_the_cache_and_times_never_decrease(arch: str):
    config = tiny_module().config
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * 4
    events = list(stream_batch(tiny_text_model(arch, eos_ids=range(0, 256, 9)), random_ids(10), seeded(range(6))))
    for item in events:
        if isinstance(item.event, TokenEvent):
            assert item.event.kv_cache_bytes == (10 + item.event.index) * per_token
    times = [item.event.time_s for item in events]
    assert times == sorted(times)
    assert sorted(item.row for item in events if isinstance(item.event, Finished)) == list(range(6))


@pytest.mark.parametrize("arch", BOTH)
def test_stop_ends_every_row_that_still_runs(arch: str):
    model, recording = recorded(tiny_text_model(arch))
    events = list(stream_batch(model, random_ids(10), seeded(range(3)), should_stop=lambda: len(recording.shapes) >= 5))
    assert [(item.row, item.event.reason) for item in events if isinstance(item.event, Finished)] == [
        (0, "cancelled"),
        (1, "cancelled"),
        (2, "cancelled"),
    ]
    assert [len(ids_of(_row(events, row))) for row in range(3)] == [5, 5, 5]


@pytest.mark.parametrize("arch", BOTH)
def test_stop_during_the_prompt_ends_every_row(arch: str):
    model, recording = recorded(tiny_text_model(arch))
    events = list(stream_batch(model, random_ids(600), seeded(range(3)), should_stop=lambda: bool(recording.shapes)))
    assert [item.row for item in events if isinstance(item.event, Finished)] == [0, 1, 2]
    assert len(recording.shapes) == 1

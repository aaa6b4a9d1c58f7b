import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from playground.backends.slot import ModelSlot
from playground.engine.events import TokenEvent
from playground.engine.recall import MOVED
from playground.errors import PlaygroundError
from playground.runs.records import RunRecord, parse_record
from playground.runs.replay import replay
from playground.runs.runner import Runner
from tests.tiny_runner import TIMED, answer, before_each_forward, ids, request

LONG_PROMPT = "the other thing is " * 60


def again(record: RunRecord) -> RunRecord:
    """As it comes back from its file."""
    return parse_record(record.to_json())


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0},
        {"temperature": 1.5, "top_p": 0.9, "top_k": 50, "min_p": 0.01, "repetition_penalty": 1.2},
        {"temperature": 2, "top_p": 1, "max_new_tokens": 60, "stop": ("e", "th"), "top": 0},
        {"raw": True, "temperature": 1},
        {"context_length": 64, "max_new_tokens": 500, "system": "Be brief."},
        {"seed": None, "time_limit_s": 60},
    ],
    ids=["greedy", "sampled", "stop strings", "raw", "cut prompt", "drawn seed"],
)
def test_a_record_replays_identically(tiny: Runner, settings: dict[str, Any]):
    prompt = LONG_PROMPT[:300] if "context_length" in settings else "Hello"
    old = answer(tiny, request(prompt, **settings))
    assert old.tokens
    assert (old.dropped_prompt_tokens > 0) == ("context_length" in settings)
    outcome = replay(again(old), tiny)
    assert outcome.identical
    assert outcome.first_difference is None
    assert outcome.largest_logprob_change == 0
    assert outcome.changed == []
    assert outcome.sentence(old) == "identical"
    assert outcome.record.text == old.text


@pytest.mark.parametrize(("model", "quantization"), [("tiny-gpt2", "bf16"), ("tiny-gemma3", "int8")])
def test_a_record_of_another_model_replays_identically(runner: Runner, model: str, quantization: str):
    old = answer(runner, request("Hello", model, quantization))
    assert replay(again(old), runner).identical


@pytest.mark.parametrize("tokens", [0, 1, 7])
@pytest.mark.parametrize("prompt", ["Hello", LONG_PROMPT], ids=["short", "cut"])
def test_a_record_that_was_cancelled_replays_up_to_its_last_token(tiny: Runner, prompt: str, tokens: int):
    seen: list[object] = []
    run = tiny.start(request(prompt, max_new_tokens=400), lambda: len(seen) >= tokens + 1)
    for update in run:
        if isinstance(update, TokenEvent) or not seen:  # the first is the prepared prompt
            seen.append(update)
        if isinstance(update, RunRecord):
            old = update
    assert old.finish_reason == "cancelled"
    assert len(old.tokens) == tokens
    outcome = replay(again(old), tiny)
    assert outcome.identical, outcome.sentence(old)
    assert len(outcome.record.tokens) == tokens


def test_a_record_whose_time_was_up_replays_up_to_its_last_token(tiny: Runner, slot: ModelSlot):
    before_each_forward(slot, lambda number: time.sleep(0.02 if number else 0))
    old = answer(tiny, request(max_new_tokens=400, time_limit_s=0.1))
    assert old.finish_reason == "time"
    before_each_forward(slot, lambda _: time.sleep(0.02))  # slower than before: the limit is not one of the replay
    outcome = replay(again(old), tiny)
    assert outcome.identical, outcome.sentence(old)


def test_a_slower_machine_has_all_the_time_it_needs(tiny: Runner, slot: ModelSlot):
    old = answer(tiny, request(time_limit_s=5))
    assert old.finish_reason == "length"
    in_time = old.model_copy(update={"settings": {**old.settings, "time_limit_s": 1e-9}})
    assert replay(in_time, tiny).identical


def tampered(old: RunRecord, index: int) -> RunRecord:
    tokens = [replace(token, id=token.id + 1, text="other") if token.index == index else token for token in old.tokens]
    return old.model_copy(update={"tokens": tokens})


@pytest.mark.parametrize("index", [0, 5, 11])
def test_the_first_token_that_differs_is_named(tiny: Runner, index: int):
    old = tampered(tampered(answer(tiny, request()), index), 11)
    outcome = replay(old, tiny)
    assert not outcome.identical
    assert outcome.first_difference == index
    sentence = outcome.sentence(old)
    assert f"token {index} differs: 'other' then, {outcome.record.tokens[index].text!r} now" in sentence
    assert "nothing that is recorded" in sentence


@pytest.mark.parametrize(("change", "words"), [(-1, "the end then"), (1, "the end now")])
def test_an_answer_of_another_length_differs_at_its_end(tiny: Runner, change: int, words: str):
    old = answer(tiny, request(max_new_tokens=8))
    tokens = old.tokens[:-1] if change < 0 else [*old.tokens, replace(old.tokens[0], index=8)]
    outcome = replay(old.model_copy(update={"tokens": tokens}), tiny)
    assert outcome.first_difference == min(8, 8 + change)
    assert words in outcome.sentence(old.model_copy(update={"tokens": tokens}))


def test_what_changed_in_model_and_environment_is_told(tiny: Runner):
    old = answer(tiny, request())
    moved = old.model_copy(
        update={
            "environment": {**old.environment, "threads": 99, "gone": 1},
            "model": old.model.model_copy(update={"weights_bytes": 5}),
        }
    )
    outcome = replay(moved, tiny)
    assert outcome.identical
    now = outcome.record
    assert outcome.changed == [
        f"weights_bytes: 5 then, {now.model.weights_bytes} now",
        "gone: 1 then, None now",
        f"threads: 99 then, {now.environment['threads']} now",
    ]
    assert f"threads: 99 then, {now.environment['threads']} now" in replay(tampered(moved, 3), tiny).sentence(moved)


def test_drift_of_the_probabilities_is_told_where_no_token_changed(tiny: Runner):
    old = answer(tiny, request())
    first = replace(old.tokens[0], logprob=old.tokens[0].logprob - 0.25)
    outcome = replay(old.model_copy(update={"tokens": [first, *old.tokens[1:]]}), tiny)
    assert outcome.identical
    assert outcome.largest_logprob_change == pytest.approx(0.25)


@pytest.mark.parametrize("prompt", ["Hello", "<|im_end|> typed", LONG_PROMPT], ids=["plain", "control tokens", "cut"])
def test_a_run_whose_template_writes_the_time_replays_identically_and_says_so(
    tiny: Runner, set_template: Callable[[str | None], None], prompt: str
):
    set_template(TIMED)
    old = answer(tiny, request(prompt))
    assert old.prompt_token_ids != answer(tiny, request(prompt)).prompt_token_ids
    outcome = replay(again(old), tiny)
    assert outcome.identical
    assert outcome.changed == [MOVED]
    assert outcome.record.prompt_token_ids == old.prompt_token_ids
    assert outcome.record.dropped_prompt_tokens == old.dropped_prompt_tokens


@pytest.mark.parametrize("template", ["{{ raise_exception('no') }}", "{{ messages[-1]['content'] | upper }}", None])
def test_a_run_whose_template_has_changed_replays_from_its_recorded_ids(
    tiny: Runner, set_template: Callable[[str | None], None], template: str | None
):
    old = answer(tiny, request("Hello there", system="Be brief."))
    set_template(template)
    outcome = replay(again(old), tiny)
    assert outcome.identical
    assert outcome.changed == [MOVED]


@pytest.mark.parametrize("ids", [[*range(40)], [1, 2, 10**6], [-1]], ids=["others", "beyond the vocabulary", "below 0"])
def test_a_record_of_another_tokenizer_is_refused_before_the_model_is_asked(
    tiny: Runner, slot: ModelSlot, ids: list[int]
):
    old = answer(tiny, request())
    before_each_forward(slot, lambda _: pytest.fail("the model was asked"))
    with pytest.raises(PlaygroundError, match=r"splits into different tokens.*tokenizer of 'tiny-llama'"):
        replay(old.model_copy(update={"prompt_token_ids": ids}), tiny)
    assert slot.turns.count == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: {"settings": {**r.settings, "temperatur": 1}}, "did you mean 'temperature'"),
        (lambda r: {"settings": {**r.settings, "temperature": 9}}, "temperature must be a number from 0 to 2"),
        (lambda r: {"settings": {**r.settings, "context_length": 4096}}, "at most 512"),
        (lambda r: {"prompt": " "}, "empty"),
        (lambda r: {"model": r.model.model_copy(update={"id": "/etc"})}, "path"),
        (lambda r: {"model": r.model.model_copy(update={"quantization": "int2"})}, "Unknown quantization"),
    ],
)
def test_a_record_that_cannot_be_run_here_is_refused_in_words(
    tiny: Runner, change: Callable[[RunRecord], dict[str, Any]], words: str
):
    old = answer(tiny, request())
    with pytest.raises(PlaygroundError, match=words):
        replay(old.model_copy(update=change(old)), tiny)
    assert ids(answer(tiny, request())) == ids(old)


def test_a_model_that_goes_by_another_name_now_can_be_named(tiny: Runner):
    old = answer(tiny, request())
    moved = old.model_copy(update={"model": old.model.model_copy(update={"id": "old-folder"})})
    with pytest.raises(PlaygroundError, match="Unknown model"):
        replay(moved, tiny)
    outcome = replay(moved, tiny, model="tiny-llama")
    assert outcome.identical
    assert outcome.changed == ["id: 'old-folder' then, 'tiny-llama' now"]


def test_another_quantization_is_another_answer(tiny: Runner):
    old = answer(tiny, request(temperature=2, top_p=1, max_new_tokens=60))
    other = old.model_copy(update={"model": old.model.model_copy(update={"quantization": "int4"})})
    outcome = replay(other, tiny)
    assert not outcome.identical
    assert any(line.startswith("dtype: ") for line in outcome.changed)
    assert outcome.record.model.quantization == "int4"

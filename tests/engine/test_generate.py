"""Laws of the loop: greedy is model.generate's, a draw is its seed's, every end is told and nothing stays behind."""

import gc
import math
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from playground.engine import chunks
from playground.engine.clock import Clock
from playground.engine.events import Finished, PromptProcessed, PromptProgress, TokenEvent
from playground.engine.generate import stream
from playground.engine.model import TextModel
from playground.engine.module import ModuleModel
from playground.engine.sampling import Noise
from playground.errors import PlaygroundError
from playground.settings import Settings
from tests.engine.helpers import (
    BOTH,
    GREEDY,
    MODELS,
    Recording,
    ScriptModel,
    byte_fallback_tokenizer,
    ids_of,
    random_ids,
    recorded,
    says,
    text_of,
    tiny_language_model,
    tiny_module,
    tiny_text_model,
    tokens,
)
from tests.tiny import IM_END_ID, VOCABULARY, tiny_model, tiny_tokenizer

SAMPLED = Settings(temperature=1.2, top_p=0.95, seed=7, max_new_tokens=20)


def _theirs(module, prompt: list[int], **options) -> list[int]:
    """Ids that transformers' own loop gives."""
    ids = torch.tensor([prompt])
    options = {"eos_token_id": None, **options}
    answer = module.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=0, **options)
    return answer[0, len(prompt) :].tolist()


@pytest.mark.parametrize("arch", MODELS)
@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 255, 256, 257, 600])
def test_greedy_ids_are_those_of_transformers_generate(arch: str, length: int):
    prompt = random_ids(length, seed=length)
    ours = ids_of(stream(tiny_text_model(arch), prompt, GREEDY.model_copy(update={"max_new_tokens": 24})))
    assert ours == _theirs(tiny_module(arch), prompt, max_new_tokens=24)


@pytest.mark.parametrize("arch", MODELS)
@pytest.mark.parametrize("chunk", [1, 5, 16, 64])
def test_the_size_of_a_chunk_changes_no_greedy_id(arch: str, chunk: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "PREFILL_CHUNK", chunk)
    prompt = random_ids(70)
    ours = ids_of(stream(tiny_text_model(arch), prompt, GREEDY.model_copy(update={"max_new_tokens": 24})))
    assert ours == _theirs(tiny_module(arch), prompt, max_new_tokens=24)


@pytest.mark.parametrize("arch", MODELS)
@pytest.mark.parametrize("penalty", [0.7, 1.3, 2.0])
def test_greedy_with_a_repetition_penalty_is_transformers_too(arch: str, penalty: float):
    prompt = random_ids(40)
    settings = GREEDY.model_copy(update={"max_new_tokens": 30, "repetition_penalty": penalty})
    plain = _theirs(tiny_module(arch), prompt, max_new_tokens=30)
    theirs = _theirs(tiny_module(arch), prompt, max_new_tokens=30, repetition_penalty=penalty)
    assert ids_of(stream(tiny_text_model(arch), prompt, settings)) == theirs
    assert theirs != plain


@pytest.mark.parametrize("arch", MODELS)
def test_any_of_several_eos_ids_ends_the_answer(arch: str):
    prompt = random_ids(9)
    free = _theirs(tiny_module(arch), prompt, max_new_tokens=20)
    eos_ids = {free[4], free[9], 287}
    events = list(stream(tiny_text_model(arch, eos_ids), prompt, GREEDY))
    assert ids_of(events) == _theirs(tiny_module(arch), prompt, max_new_tokens=20, eos_token_id=sorted(eos_ids))
    assert ids_of(events)[-1] in eos_ids
    assert not eos_ids & set(ids_of(events)[:-1])
    assert events[-1].reason == "eos"


def _same(events, others) -> bool:
    """Equal but for times."""

    def bare(items):
        return [replace(item, time_s=0, **({"prefill_s": 0} if hasattr(item, "prefill_s") else {})) for item in items]

    return bare(events) == bare(others)


@pytest.mark.parametrize("arch", BOTH)
def test_the_same_seed_gives_the_same_events_whatever_happens_around_it(arch: str):
    model, prompt = tiny_text_model(arch), random_ids(300)
    wanted = list(stream(model, prompt, SAMPLED))
    torch.manual_seed(99)
    list(stream(model, random_ids(20), GREEDY))
    other = stream(model, random_ids(30), SAMPLED)  # half-way while the one under test runs
    for _ in range(5):
        next(other)
    ours = []
    for event in stream(model, prompt, SAMPLED):
        torch.rand(3)
        next(other, None)
        ours.append(event)
    assert _same(ours, wanted)


class _Flat(ScriptModel):
    """Finds every token equally likely."""

    def forward(self, ids: Tensor, cache) -> Tensor:
        return super().forward(ids, cache) * 0


def test_every_place_in_the_answer_has_a_draw_of_its_own():
    model = TextModel(_Flat([0]), tiny_tokenizer(), frozenset())
    settings = Settings(temperature=1, top_p=1, seed=4, max_new_tokens=50)
    noise, every = Noise(4), torch.arange(VOCABULARY)
    drawn = [int(noise.gumbel(position, every).argmax()) for position in range(50)]
    assert ids_of(stream(model, [1, 2], settings)) == drawn
    assert len(set(drawn)) > 30


def test_the_global_random_state_is_not_touched():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    list(stream(tiny_text_model(), random_ids(10), SAMPLED))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("arch", BOTH)
def test_another_seed_gives_another_answer(arch: str):
    model, prompt = tiny_text_model(arch), random_ids(10)
    answers = [ids_of(stream(model, prompt, SAMPLED.model_copy(update={"seed": seed}))) for seed in range(8)]
    assert len(set(map(tuple, answers))) == 8


@pytest.mark.parametrize("arch", MODELS)
def test_what_is_told_of_each_token_is_what_one_plain_pass_over_the_answer_says(arch: str):
    prompt = random_ids(30)
    events = tokens(stream(tiny_text_model(arch), prompt, SAMPLED))
    with torch.no_grad():
        logits = tiny_module(arch)(torch.tensor([prompt + ids_of(events)])).logits[0, len(prompt) - 1 :].double()
    for event, row in zip(events, logits[:-1], strict=True):
        logprobs = row.log_softmax(-1)
        assert event.logprob == pytest.approx(logprobs[event.id].item(), abs=1e-3)
        assert event.entropy_bits == pytest.approx(-(logprobs.exp() * logprobs).sum().item() / math.log(2), abs=1e-3)
        assert abs(event.rank - 1 - int((row > row[event.id]).sum())) <= int((row - row[event.id]).abs().lt(1e-4).sum())
        assert [candidate.prob for candidate in event.top] == pytest.approx(
            row.softmax(-1).topk(10)[0].tolist(), abs=1e-4
        )
        assert event.kept == event.survivors[2] <= event.survivors[1] <= event.survivors[0] == len(row)
    assert [event.index for event in events] == list(range(20))


@pytest.mark.parametrize("arch", BOTH)
def test_greedy_tells_rank_one_probability_one_and_one_kept(arch: str):
    for event in tokens(stream(tiny_text_model(arch), random_ids(5), GREEDY)):
        assert (event.rank, event.sampled_prob, event.kept) == (1, 1.0, 1)
        assert event.top[0].prob == pytest.approx(math.exp(event.logprob))


# How an answer ends


def test_eos_ends_the_answer_and_shows_nothing_of_itself():
    events = list(stream(says("Hello!"), [1, 2], GREEDY))
    assert text_of(events) == "Hello!"
    assert events[-2].id == IM_END_ID
    assert events[-1] == Finished("eos", "", events[-2].time_s)


def test_an_end_token_that_is_also_a_stop_string_is_an_eos_and_not_shown():
    model = says("abc", eos=False)
    letter = model.tokenizer("c")["input_ids"][0]
    events = list(
        stream(replace(model, eos_ids=frozenset({letter})), [1, 2], GREEDY.model_copy(update={"stop": ("c",)}))
    )
    assert (text_of(events), events[-1].reason) == ("ab", "eos")


@pytest.mark.parametrize(
    ("answer", "stops", "shown"),
    [
        ("one two three", ("two",), "one "),
        ("one two three", ("ree", "t"), "one "),
        ("aab aaab", ("aaab",), "aab "),
        ("the end", ("the end",), ""),
        ("naïve 日本", ("本",), "naïve 日"),
        ("x\n\ny", ("\n\n",), "x"),
    ],
)
def test_a_stop_string_ends_the_answer_and_is_never_shown(answer: str, stops: tuple[str, ...], shown: str):
    events = list(stream(says(answer), [1, 2], GREEDY.model_copy(update={"stop": stops})))
    assert (text_of(events), events[-1].reason) == (shown, "stop")


@pytest.mark.parametrize(("stop", "shown"), [("<|im_start|>", "abc"), ("c<|im_start|>", "ab")])
def test_a_special_token_that_is_a_stop_string_ends_the_answer(stop: str, shown: str):
    events = list(stream(says("abc<|im_start|>d"), [1, 2], GREEDY.model_copy(update={"stop": (stop,)})))
    assert (text_of(events), events[-1].reason) == (shown, "stop")


@pytest.mark.parametrize("raw", [True, False])
def test_a_sentencepiece_answer_begins_with_its_space_where_it_goes_on_with_the_prompt(raw: bool, monkeypatch):
    tokenizer = byte_fallback_tokenizer()
    tokenizer.chat_template = "{{ messages[-1]['content'] }}"
    monkeypatch.setattr("tests.engine.helpers.VOCABULARY", len(tokenizer))
    prompt, answer = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("ab", "a ab"))
    model = TextModel(ScriptModel([*answer, tokenizer.eos_token_id]), tokenizer, frozenset({tokenizer.eos_token_id}))
    asked = GREEDY.model_copy(update={"raw": raw})
    assert text_of(stream(model, prompt, asked)) == (" a ab" if raw else "a ab")


def test_what_was_held_back_for_a_stop_string_is_shown_at_the_end():
    settings = GREEDY.model_copy(update={"stop": ("END.", "日本")})
    events = list(stream(says("the EN日"), [1, 2], settings))
    assert (text_of(events), events[-1].reason, events[-1].text) == ("the EN日", "eos", "")
    cut = list(stream(says("the EN"), [1, 2], settings.model_copy(update={"max_new_tokens": 5})))
    assert (text_of(cut), cut[-1].reason) == ("the EN", "length")


def test_a_broken_character_at_the_end_is_shown_as_the_full_decoding_shows_it():
    model = says("ab日", eos=False)
    events = list(stream(model, [1, 2], GREEDY.model_copy(update={"max_new_tokens": 4})))
    assert text_of(events) == model.tokenizer.decode(ids_of(events)) == "ab\ufffd"
    assert [event.text for event in tokens(events)] == ["a", "b", "", "\ufffd"]


@pytest.mark.parametrize("arch", BOTH)
@pytest.mark.parametrize(("context_length", "wanted"), [(None, 12), (100, 12), (32, 12), (31, 11), (21, 1)])
def test_the_answer_ends_at_max_new_tokens_or_a_full_context(context_length: int | None, wanted: int, arch: str):
    model, recording = recorded(tiny_text_model(arch))
    settings = SAMPLED.model_copy(update={"max_new_tokens": 12})
    events = list(stream(model, random_ids(20), settings, context_length=context_length))
    assert len(ids_of(events)) == wanted
    assert events[-1].reason == "length"
    assert len(recording.shapes) == wanted  # one pass for the prompt, none after the last token


@pytest.mark.parametrize(("prompt", "message"), [([], "no tokens"), ([1] * 20, "20 tokens .* context of 20")])
def test_a_prompt_that_leaves_no_room_is_refused_before_the_model_is_asked(prompt: list[int], message: str):
    model, recording = recorded(tiny_text_model())
    with pytest.raises(PlaygroundError, match=message):
        list(stream(model, prompt, GREEDY, context_length=20))
    assert recording.shapes == []


class _FakeTime(SimpleNamespace):
    """A clock that only moves when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        super().__init__(now=100.0)
        monkeypatch.setattr(Clock.__init__, "__defaults__", (None, lambda: self.now))

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def test_the_time_limit_counts_from_the_start_of_the_run_and_ends_after_the_token_that_passes_it(monkeypatch):
    clock = _FakeTime(monkeypatch)
    model = says("abcdefgh", on_forward=lambda _ids: clock.pass_by(1.0))
    settings, asked = GREEDY.model_copy(update={"time_limit_s": 3.5}), Clock()
    clock.pass_by(10.0)
    events = list(stream(model, [1, 2], settings, clock=asked))  # ten seconds in the queue do not count
    assert (text_of(events), events[-1].reason) == ("abcd", "time")
    assert [event.time_s for event in events] == [11.0, 11.0, 12.0, 13.0, 14.0, 14.0]


def test_the_time_limit_acts_between_chunks_of_the_prompt(monkeypatch):
    clock = _FakeTime(monkeypatch)
    model, recording = recorded(tiny_text_model(), lambda _number: clock.pass_by(1.0))
    events = list(stream(model, random_ids(1024), GREEDY.model_copy(update={"time_limit_s": 1.5})))
    assert [type(event) for event in events] == [PromptProgress, PromptProgress, Finished]
    assert events[-1].reason == "time"
    assert len(recording.shapes) == 2


def test_prefill_time_is_the_models_own_and_not_the_readers(monkeypatch):
    clock = _FakeTime(monkeypatch)
    model, _ = recorded(tiny_text_model(), lambda _number: clock.pass_by(1.0))
    for event in stream(model, random_ids(700), GREEDY):
        clock.pass_by(50.0)
        if isinstance(event, PromptProcessed):
            assert (event.prefill_s, event.time_s) == (3.0, 103.0)
            return
    raise AssertionError("the prompt was never told as read")


@pytest.mark.parametrize("arch", BOTH)
def test_times_never_decrease_and_the_prompt_is_told_first(arch: str):
    events = list(stream(tiny_text_model(arch), random_ids(600), SAMPLED))
    times = [event.time_s for event in events]
    assert times == sorted(times)
    assert times[0] > 0
    assert [(event.done_tokens, event.total_tokens) for event in events[:2]] == [(256, 600), (512, 600)]
    processed = events[2]
    assert isinstance(processed, PromptProcessed)
    assert 0 < processed.prefill_s <= processed.time_s
    assert (processed.prompt_tokens, processed.computed_tokens) == (600, 600)
    assert all(isinstance(event, TokenEvent) for event in events[3:-1])


# Stop, close and failure


@pytest.mark.parametrize("arch", BOTH)
@pytest.mark.parametrize("wanted", range(1, 6))
def test_stop_acts_before_the_next_step_of_the_model(wanted: int, arch: str):
    model, recording = recorded(tiny_text_model(arch))
    events = []
    for event in stream(model, random_ids(10), SAMPLED, should_stop=lambda: len(ids_of(events)) >= wanted):
        events.append(event)
    assert len(ids_of(events)) == len(recording.shapes) == wanted
    assert events[-1].reason == "cancelled"
    assert text_of(events) == model.tokenizer.decode(ids_of(events))


@pytest.mark.parametrize("arch", BOTH)
def test_stop_during_a_step_lets_no_more_than_that_steps_token_through(arch: str):
    stopped: list[bool] = []
    model, recording = recorded(tiny_text_model(arch), lambda number: stopped.append(True) if number == 3 else None)
    events = list(stream(model, random_ids(10), SAMPLED, should_stop=lambda: bool(stopped)))
    assert len(ids_of(events)) == len(recording.shapes) == 4
    assert events[-1].reason == "cancelled"


@pytest.mark.parametrize("arch", BOTH)
@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_stop_acts_between_chunks_of_the_prompt(chunks: int, arch: str):
    model, recording = recorded(tiny_text_model(arch))
    events = list(stream(model, random_ids(900), GREEDY, should_stop=lambda: len(recording.shapes) >= chunks))
    assert recording.shapes == [(1, 256)] * chunks
    assert [type(event) for event in events] == [PromptProgress] * chunks + [Finished]
    assert events[-1].reason == "cancelled"


def test_a_cancelled_run_still_shows_what_was_held_back():
    seen: list[int] = []
    settings = GREEDY.model_copy(update={"stop": ("END",)})
    for event in stream(says("an ENTRY"), [1, 2], settings, should_stop=lambda: len(seen) == 4):
        if isinstance(event, TokenEvent):
            seen.append(event.id)
    assert (event.reason, event.text) == ("cancelled", "EN")


class _Watched(Recording):
    """Remembers its caches without holding them."""

    def new_cache(self):
        cache = super().new_cache()
        self.caches = [*getattr(self, "caches", []), weakref.ref(cache)]
        return cache


def _watched(arch: str) -> TextModel:
    return TextModel(_Watched(tiny_language_model(arch)), tiny_tokenizer(), frozenset())


def _all_freed(model: TextModel) -> bool:
    gc.collect()
    return bool(model.model.caches) and not any(cache() for cache in model.model.caches)


@pytest.mark.parametrize("arch", [*BOTH, "gemma3"])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 10])
def test_closing_at_any_event_frees_the_cache_and_leaves_nothing_behind(arch: str, after: int):
    model, prompt = _watched(arch), random_ids(600)
    wanted = list(stream(model, prompt, SAMPLED))
    run = stream(model, prompt, SAMPLED)
    for _ in range(after):
        next(run)
    run.close()
    assert _all_freed(model)
    assert _same(list(stream(model, prompt, SAMPLED)), wanted)


@pytest.mark.parametrize("arch", BOTH)
@pytest.mark.parametrize("fails_at", [0, 1, 2, 5])
def test_a_failing_step_is_told_and_the_next_run_works(fails_at: int, arch: str):
    model = _watched(arch)
    wanted = list(stream(model, random_ids(300), SAMPLED))

    def fail(number: int) -> None:
        if number == fails_at:
            raise torch.OutOfMemoryError("no memory left")

    failing = TextModel(Recording(model.model, fail), model.tokenizer, model.eos_ids)
    events = []
    with pytest.raises(torch.OutOfMemoryError):
        events.extend(stream(failing, random_ids(300), SAMPLED))
    assert _same(events, wanted[: fails_at + (fails_at > 1)])  # the second pass tells two: prompt read, first token
    assert _all_freed(model)
    assert _same(list(stream(model, random_ids(300), SAMPLED)), wanted)


class _Spoilt(ScriptModel):
    """Gives one wrong logit at one step."""

    def __init__(self, value: float, step: int):
        super().__init__([1, 2, 3, 4, 5, 6])
        self.value, self.step = value, step

    def forward(self, ids: Tensor, cache) -> Tensor:
        logits = super().forward(ids, cache)
        if self.said == self.step:
            logits[:, 17 if self.value != -math.inf else slice(None)] = self.value
        return logits


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("step", [0, 3])
@pytest.mark.parametrize("settings", [GREEDY, SAMPLED])
def test_logits_that_are_not_finite_end_the_run_with_a_clear_error(value: float, step: int, settings: Settings):
    model = TextModel(_Spoilt(value, step), tiny_tokenizer(), frozenset())
    events = []
    with pytest.raises(PlaygroundError, match="NaN or infinite"):
        events.extend(stream(model, [1, 2], settings))
    assert len(ids_of(events)) == step


# Memory


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_cache_is_as_large_as_the_formula_says(dtype: torch.dtype):
    module = tiny_model("llama", dtype=dtype)
    config = module.config
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * dtype.itemsize
    events = list(stream(TextModel(ModuleModel(module), tiny_tokenizer(), frozenset()), random_ids(270), GREEDY))
    processed = next(event for event in events if isinstance(event, PromptProcessed))
    assert processed.kv_cache_bytes == 270 * per_token
    for event in tokens(events):
        assert event.kv_cache_bytes == (270 + event.index) * per_token


def test_sliding_layers_stop_growing_at_their_window():
    config = tiny_module("gemma3").config
    one_layer = 2 * config.num_key_value_heads * config.head_dim * 4
    sliding = config.layer_types.count("sliding_attention")
    settings = GREEDY.model_copy(update={"max_new_tokens": 40})
    for event in tokens(stream(tiny_text_model("gemma3"), random_ids(5), settings)):
        read = 5 + event.index
        held = min(read, config.sliding_window - 1)  # the token being read is the window's last
        assert event.kv_cache_bytes == one_layer * (sliding * held + (config.num_hidden_layers - sliding) * read)

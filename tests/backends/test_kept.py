"""What is kept of an answer is what a new reading gives, and goes when there is no room, or with the model."""

import pytest
import torch

from playground.backends.kept import KeptCaches
from playground.backends.slot import ModelSlot
from playground.engine.events import PromptProcessed, TokenEvent
from playground.settings import make_settings
from tests.engine.helpers import random_ids, tiny_language_model

SETTINGS = make_settings(max_new_tokens=12, seed=3, temperature=1)


def _no_chunk(_tokens: int) -> int:
    return 0


def _told(events) -> list[tuple[int, int, float]]:
    return [(event.index, event.id, event.logprob) for event in events if isinstance(event, TokenEvent)]


@pytest.mark.parametrize("model", ["tiny-llama", "tiny-gemma3", "tiny-gpt2"])
@pytest.mark.parametrize("at", [0, 1, 6])
def test_an_answer_resumed_is_the_answer(slot: ModelSlot, model: str, at: int):
    backend = slot.ensure(model, "fp32", lambda *_: None)
    prompt = backend.prepare("The other thing is in the house", make_settings())
    run = _told(backend.stream(prompt, SETTINGS))
    ids = [id for _, id, _ in run]
    events = list(backend.resume(prompt, ids[: at + 1], SETTINGS))
    assert _told(events) == run[at:]
    (processed,) = [event for event in events if isinstance(event, PromptProcessed)]
    everything = len(prompt.ids) + at
    slid = model == "tiny-gemma3"  # what a window has forgotten must be read again
    assert processed.computed_tokens == (everything if slid else 1 if at else len(prompt.ids))
    step = backend.logits_before(prompt.ids, ids[:at])
    assert step is not None
    assert float(step.logits.log_softmax(-1)[ids[at]]) == run[at][2]
    assert step.computed_tokens + step.reused_tokens == everything


def test_a_branch_of_a_branch_reuses_the_branch(slot: ModelSlot):
    backend = slot.ensure("tiny-llama", "fp32", lambda *_: None)
    prompt = backend.prepare("The other thing", make_settings())
    ids = [id for _, id, _ in _told(backend.stream(prompt, SETTINGS))]
    branch = [*ids[:3], (ids[3] + 1) % 200]
    ids = branch[:3] + [id for _, id, _ in _told(backend.resume(prompt, branch, SETTINGS))]
    step = backend.logits_before(prompt.ids, ids[:9])
    assert step is not None
    assert step.computed_tokens == 1


def _filled(prompt: list[int]):
    model = tiny_language_model("llama by our decoder")
    cache = model.new_cache()
    model.forward(torch.tensor([prompt]), cache)
    return cache


def test_the_oldest_goes_first_and_what_is_too_large_is_not_kept():
    prompts = [random_ids(40, seed) for seed in range(3)]
    caches = [_filled(prompt) for prompt in prompts]
    kept = KeptCaches(_no_chunk, max_bytes=2 * caches[0].nbytes)
    for prompt, cache in zip(prompts, caches, strict=True):
        kept.keep(prompt, [], cache)
    assert [kept.before(prompt, [1, 2]) is not None for prompt in prompts] == [False, True, True]
    small = KeptCaches(_no_chunk, max_bytes=caches[0].nbytes - 1)
    small.keep(prompts[0], [], caches[0])
    assert small.before(prompts[0], [1]) is None


def test_a_longer_answer_takes_the_place_of_its_beginning_and_nothing_matches_another_prompt():
    prompt = random_ids(40)
    kept = KeptCaches(_no_chunk)
    short, long = _filled([*prompt, 1]), _filled([*prompt, 1, 2, 3])
    kept.keep(prompt, [1], short)
    kept.keep(prompt, [1, 2, 3], long)
    held = kept.before(prompt, [1, 2, 3, 4])
    assert held is not None
    assert held.length == 43
    other = kept.before(prompt, [1, 9, 9])
    assert other is not None
    assert other.length == 41
    assert kept.before([*prompt, 1], [2]) is None
    kept.clear()
    assert kept.before(prompt, [1, 2]) is None


def test_switching_the_model_forgets_what_was_kept(slot: ModelSlot):
    backend = slot.ensure("tiny-llama", "fp32", lambda *_: None)
    prompt = backend.prepare("The other thing", make_settings())
    list(backend.stream(prompt, SETTINGS))
    assert backend.kept.before(prompt.ids, [1]) is not None
    slot.ensure("tiny-gpt2", "fp32", lambda *_: None)
    assert backend.kept.before(prompt.ids, [1]) is None


def test_a_beginning_is_the_longest_that_is_shared_and_leaves_a_token_to_read():
    prompt = random_ids(40)
    kept = KeptCaches(_no_chunk)
    kept.keep(prompt[:20], [], _filled(prompt[:20]))
    kept.keep(prompt, [1, 2], _filled([*prompt, 1, 2]))
    for ids, held in (
        (prompt, 39), ([*prompt[:25], 9, 9], 25), ([*prompt, 1, 2, 9], 42), ([*prompt, 1, 8], 41), ([7, *prompt], 0),
    ):  # fmt: skip
        cache = kept.beginning(ids)
        assert (0 if cache is None else cache.length) == held


def test_what_began_from_a_beginning_serves_others_but_nothing_that_must_not_differ_in_a_bit():
    prompt = random_ids(40)
    kept = KeptCaches(_no_chunk)
    kept.keep(prompt, [1], _filled([*prompt, 1]), is_exact=False)
    assert kept.before(prompt, [1, 2]) is None
    assert kept.beginning(prompt) is not None
    kept.keep(prompt, [1], _filled([*prompt, 1]))
    assert kept.before(prompt, [1, 2]) is not None
    kept.keep(prompt, [1, 2], _filled([*prompt, 1, 2]), is_exact=False)
    assert kept.before(prompt, [1, 2]) is not None


@pytest.mark.parametrize("model", ["tiny-llama", "tiny-gemma3", "tiny-gpt2"])
def test_reuse_reads_only_what_differs_and_is_off_unless_requested(slot: ModelSlot, model: str):
    backend = slot.ensure(model, "fp32", lambda *_: None)
    reuse = SETTINGS.model_copy(update={"reuse_prefix": True})
    cold, first = (backend.prepare(f"The house is near the river. {text}", SETTINGS) for text in ("Why?", "Where to?"))

    def computed(prompt, settings) -> tuple[int, list[tuple[int, int, float]]]:
        events = list(backend.stream(prompt, settings))
        (read,) = [event.computed_tokens for event in events if isinstance(event, PromptProcessed)]
        return read, _told(events)

    computed(first, SETTINGS)
    whole, answer = computed(cold, SETTINGS)
    assert whole == len(cold.ids)
    backend.kept.clear()
    computed(first, SETTINGS)
    read, again = computed(cold, reuse)
    slid = model == "tiny-gemma3"  # what a window has forgotten must be read again
    assert read == whole if slid else read < whole / 2
    assert [id for _, id, _ in again] == [id for _, id, _ in answer]
    step = backend.logits_before(cold.ids, [])
    assert step is not None
    assert step.computed_tokens == len(cold.ids)  # the prompt of a run, read as a run reads it


def test_rows_begin_from_what_is_kept_and_leave_their_prompt(slot: ModelSlot):
    backend = slot.ensure("tiny-llama", "fp32", lambda *_: None)
    reuse = SETTINGS.model_copy(update={"reuse_prefix": True})
    prompt = backend.prepare("The house is near the river", reuse)

    def computed(settings) -> int:
        rows = backend.stream_batch(prompt, [settings] * 2, rows_at_once=2)
        return next(item.event.computed_tokens for item in rows if isinstance(item.event, PromptProcessed))

    assert [computed(one) for one in (SETTINGS, reuse, reuse, SETTINGS)] == [len(prompt.ids)] * 2 + [1, len(prompt.ids)]

from dataclasses import replace

import pytest

from playground.backends.base import why_not
from playground.backends.slot import ModelSlot
from playground.engine.events import PromptProcessed, TokenEvent
from playground.errors import PlaygroundError
from playground.settings import make_settings


@pytest.fixture
def backend(slot: ModelSlot):
    return slot.ensure("tiny-llama", "fp32", lambda *_: None)


def test_the_context_is_the_models_own_unless_less_is_asked_for(backend):
    own = backend.facts.context_length
    assert backend.context_length(make_settings()) == own
    assert backend.context_length(make_settings(context_length=64)) == 64
    assert backend.context_length(make_settings(context_length=own)) == own
    with pytest.raises(PlaygroundError, match=f"at most {own}.*got {own + 1}"):
        backend.context_length(make_settings(context_length=own + 1))


@pytest.mark.parametrize("model", ["tiny-llama", "tiny-gemma3", "tiny-gpt2"])
@pytest.mark.parametrize("quantization", ["fp32", "int8"])
def test_the_predicted_cache_is_the_measured_one_at_every_token(slot: ModelSlot, model: str, quantization: str):
    backend = slot.ensure(model, quantization, lambda *_: None)
    prompt = backend.prepare("The other thing is in the house", make_settings())
    for event in backend.stream(prompt, make_settings(max_new_tokens=24, seed=0)):
        if isinstance(event, PromptProcessed | TokenEvent):
            held = len(prompt.ids) + (event.index if isinstance(event, TokenEvent) else 0)
            assert event.kv_cache_bytes == backend.kv_cache_bytes(held)


def test_a_capability_that_is_claimed_is_there(backend):
    assert backend.capabilities == {"plain", "batch", "logits", "forced", "layers", "weights"}
    prompt = backend.prepare("hello", make_settings())
    settings = make_settings(max_new_tokens=4, seed=3, top=50)
    (first, again) = (
        [event for event in backend.stream(prompt, settings) if isinstance(event, TokenEvent)] for _ in range(2)
    )
    assert [token.id for token in first] == [token.id for token in again]
    assert all(len(token.top) == 50 for token in first)
    reseeded = settings.model_copy(update={"seed": 4})
    other = [e.id for e in backend.stream(prompt, reseeded) if isinstance(e, TokenEvent)]
    assert other != [token.id for token in first]


def test_what_a_backend_lacks_is_told_in_sentences(backend):
    assert why_not(backend, backend.capabilities) == ""
    backend.capabilities = frozenset({"plain"})
    title = backend.facts.title
    assert why_not(backend, frozenset({"layers", "plain"})) == f"Not for {title}. It does not show its layers."
    backend.capabilities = frozenset({"layers"})
    backend.loaded.facts = replace(backend.facts, limits=("Every token reads the whole text again.",))
    told = why_not(backend, frozenset({"layers", "plain"}))
    assert told == f"Not for {title}. Every token reads the whole text again."


def test_a_chain_reads_only_what_is_new_and_keeps_nothing_for_others(backend):
    chain, settings = backend.chain(), make_settings(max_new_tokens=3, seed=1)

    def computed(ids: list[int]) -> int:
        (processed,) = [one for one in chain.stream(ids, settings) if isinstance(one, PromptProcessed)]
        return processed.computed_tokens

    first = [*range(10, 50)]
    assert computed(first) == 40
    assert chain.held_tokens >= 40
    assert computed([*first[:30], *range(60, 80)]) == 20
    assert computed([7, 8]) == 2
    assert backend.kept.before(first, [1]) is None

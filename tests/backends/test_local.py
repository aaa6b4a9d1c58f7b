import pytest

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
    assert backend.capabilities.full_logits
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

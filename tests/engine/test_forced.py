"""Laws of an answer that goes on from given tokens: it is what it would have been, and reads nothing twice."""

import pytest
import torch

from playground.engine.chunks import whole_chunks
from playground.engine.events import PromptProcessed, TokenEvent
from playground.engine.generate import stream
from playground.engine.reading import read_to
from playground.engine.sampling import Noise, choice_of, choose, filter_scores
from playground.errors import PlaygroundError
from playground.settings import Settings
from tests.engine.helpers import GREEDY, MODELS, ids_of, random_ids, recorded, says, tiny_text_model, tokens

GREEDY_20 = GREEDY.model_copy(update={"max_new_tokens": 20})
SAMPLED = Settings(temperature=1.0, top_p=0.9, seed=5, max_new_tokens=20, repetition_penalty=1.2)
PROMPT = random_ids(270)  # two chunks


def _bits(events: list[TokenEvent]) -> list[tuple]:
    """All but the clock."""
    return [(e.index, e.id, e.text, e.logprob, e.rank, e.entropy_bits, e.sampled_prob, e.survivors) for e in events]


@pytest.mark.parametrize("arch", MODELS)
@pytest.mark.parametrize("settings", [SAMPLED, GREEDY_20], ids=["drawn", "greedy"])
@pytest.mark.parametrize("at", [0, 1, 9])
def test_taking_the_token_that_was_there_gives_the_same_run_bit_for_bit(arch: str, settings: Settings, at: int):
    model, cache = tiny_text_model(arch), tiny_text_model(arch).model.new_cache()
    run = tokens(stream(model, PROMPT, settings, cache=cache))
    ids = [event.id for event in run]
    assert _bits(tokens(stream(model, PROMPT, settings, forced=ids[: at + 1]))) == _bits(run)
    held = cache.fork_at(len(PROMPT) + at - 1 if at else whole_chunks(model.model, len(PROMPT)))
    if held is None:
        assert arch == "gemma3"  # its window has slid on
        return
    recording, shapes = recorded(model)
    resumed = list(stream(recording, PROMPT, settings, forced=ids[: at + 1], cache=held))
    assert _bits(tokens(resumed)) == _bits(run)[at:]
    assert shapes.shapes[0] == ((1, 1) if at else (1, 270 - 256))
    (processed,) = [event for event in resumed if isinstance(event, PromptProcessed)]
    assert processed.computed_tokens == (1 if at else 270 - 256)


@pytest.mark.parametrize("arch", MODELS)
def test_another_token_leads_elsewhere_and_is_told_with_the_chance_it_had(arch: str):
    model = tiny_text_model(arch)
    run = tokens(stream(model, PROMPT, SAMPLED))
    ids = [event.id for event in run]
    other = next(item.id for item in run[4].top if item.id != ids[4])
    branch = tokens(stream(model, PROMPT, SAMPLED, forced=[*ids[:4], other]))
    assert _bits(branch[:4]) == _bits(run[:4])
    assert branch[4].id == other
    assert branch[4].logprob == pytest.approx(
        next(torch.tensor(i.prob).log().item() for i in run[4].top if i.id == other), abs=1e-5
    )
    assert branch[4].entropy_bits == run[4].entropy_bits
    assert ids_of(branch) != ids


@pytest.mark.parametrize("arch", MODELS)
@pytest.mark.parametrize("step", [0, 1, 7])
def test_the_logits_before_a_token_are_those_it_was_chosen_by(arch: str, step: int):
    model = tiny_text_model(arch)
    run = tokens(stream(model, PROMPT, SAMPLED))
    ids = [event.id for event in run]
    logits = read_to(model, PROMPT, ids[:step], model.model.new_cache())
    assert logits is not None
    assert float(logits.log_softmax(-1)[ids[step]]) == run[step].logprob


def test_reading_stops_when_told_and_refuses_to_read_nothing():
    model = tiny_text_model()
    assert read_to(model, PROMPT, [], model.model.new_cache(), lambda: True) is None
    cache = model.model.new_cache()
    read_to(model, PROMPT, [3], cache)
    with pytest.raises(ValueError, match="nothing is left"):
        read_to(model, PROMPT, [3], cache)


def test_nothing_can_follow_the_end_of_an_answer():
    model = says("abc")
    said = ids_of(stream(model, [1, 2], GREEDY))
    cache = model.model.new_cache()
    cache.length = 2 + len(said) - 1
    with pytest.raises(PlaygroundError, match=r"ends with its token 4 \(eos\)"):
        list(stream(model, [1, 2], GREEDY, forced=[*said, 5], cache=cache))


def test_a_token_that_the_sampler_cuts_had_no_chance():
    logits = torch.randn(1, 50, generator=torch.Generator().manual_seed(3))
    settings = Settings(temperature=0.7, top_k=5, seed=1)
    scores, _ = filter_scores(logits, settings)
    chances = [choice_of(token, logits[0], settings) for token in range(50)]
    assert [choice.sampled_prob for choice in chances] == pytest.approx(scores[0].softmax(-1).tolist())
    assert sum(choice.sampled_prob == 0 for choice in chances) == 45
    drawn = choose(logits, settings, [Noise(1)], [0])[0]
    assert chances[drawn.id].sampled_prob == pytest.approx(drawn.sampled_prob)
    assert chances[drawn.id].survivors == drawn.survivors
    best = int(logits.argmax())
    greedy = Settings(temperature=0)
    assert [choice_of(token, logits[0], greedy).sampled_prob for token in range(50)] == [
        float(t == best) for t in range(50)
    ]

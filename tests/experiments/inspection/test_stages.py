"""Stages and draw are the engine's own, told one by one."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from playground.engine.sampling import REMOVED, Noise, apply_repetition_penalty, choose, filter_scores
from playground.experiments.inspection.stages import ORDERS, Draw, draw, stages
from playground.settings import Settings, make_settings

VOCABULARY = 60

samplers = st.builds(
    make_settings,
    temperature=st.sampled_from([0, 0.0005, 0.3, 0.8, 1, 1.7]) | st.floats(0.01, 2),
    top_k=st.integers(0, VOCABULARY + 5),
    top_p=st.just(1) | st.floats(0.01, 1),
    min_p=st.just(0) | st.floats(0, 1),
    repetition_penalty=st.just(1) | st.floats(0.5, 2),
)
orders = st.sampled_from(list(ORDERS))


def random_step(seed: int, ties: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, ids seen before, and noise."""
    numbers = torch.Generator().manual_seed(seed)
    logits = torch.randn(VOCABULARY, generator=numbers) * 3
    seen = torch.randint(0, VOCABULARY, (8,), generator=numbers)
    return logits.round() if ties else logits, seen, Noise(seed).gumbel(4, torch.arange(VOCABULARY))


@given(samplers, st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=150)
def test_the_last_stage_and_the_draw_are_what_the_engine_does(sampler: Settings, seed: int, ties: bool):
    logits, seen, noise = random_step(seed, ties)
    found = stages(logits, seen, sampler)
    penalised = logits[None]
    if sampler.repetition_penalty != 1:
        penalised = apply_repetition_penalty(penalised, seen[None], sampler.repetition_penalty)
    assert torch.equal(found[1].scores, penalised[0])
    (chosen,) = choose(penalised, sampler, [Noise(seed)], [4])
    assert chosen.survivors == tuple(stage.kept for stage in found[3:])
    drawn = draw(found[-1].scores, noise if sampler.temperature else None)
    assert (drawn.id, drawn.prob) == (chosen.id, pytest.approx(chosen.sampled_prob))
    if sampler.temperature:
        assert torch.equal(found[-1].scores, filter_scores(penalised, sampler)[0][0])


@given(samplers, st.integers(0, 2**32 - 1), orders)
@settings(max_examples=80)
def test_every_stage_keeps_some_of_what_the_one_before_kept(sampler: Settings, seed: int, order: str):
    logits, seen, _ = random_step(seed, ties=False)
    found = stages(logits, seen, sampler, order)
    assert [stage.name for stage in found] == ["logits", *ORDERS[order]]
    for before, stage in pairwise(found):
        left = stage.scores > REMOVED
        assert 1 <= stage.kept == int(left.sum()) <= before.kept
        assert not bool((left & (before.scores == REMOVED)).any())
        assert stage.mass == pytest.approx(float(before.probs[left].sum()))
        assert float(stage.probs.sum()) == pytest.approx(1)
        assert 0 <= stage.entropy_bits <= torch.tensor(float(stage.kept)).log2() + 1e-6


def test_at_temperature_1_both_orders_are_the_same_and_else_they_differ():
    logits, seen, _ = random_step(3, ties=False)
    for temperature, same in ((1, True), (1.8, False)):
        asked = make_settings(temperature=temperature, top_p=0.8)
        one, other = (stages(logits, seen, asked, order)[-1].scores for order in ORDERS)
        assert torch.equal(one, other) is same


def test_the_runner_up_is_what_would_be_drawn_without_the_winner():
    logits, _, noise = random_step(8, ties=False)
    first = draw(logits, noise)
    assert first.runner_up is not None
    assert first.uniform is not None
    assert 0 < first.uniform < 1
    without = logits.clone()
    without[first.id] = REMOVED
    assert draw(without, noise).id == first.runner_up
    assert first.margin == pytest.approx(
        float(logits[first.id] + noise[first.id] - logits[first.runner_up] - noise[first.runner_up]), abs=1e-5
    )


def test_a_single_token_has_no_runner_up_and_greedy_no_random_number():
    alone = torch.full((5,), REMOVED)
    alone[2] = 1.5
    assert draw(alone, torch.zeros(5)) == Draw(2, 1.0, 0.0, pytest.approx(0.36787944), None, None)
    greedy = draw(torch.tensor([1.0, 3.0, 3.0]), None)
    assert (greedy.id, greedy.noise, greedy.uniform, greedy.runner_up) == (1, None, None, 2)

from collections import Counter
from random import Random
from threading import Event

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import DynamicCache

from playground.engine.module import module_logits
from playground.errors import PlaygroundError
from playground.experiments.determinism import load as load_module
from playground.experiments.determinism.answers import Ground, greedy
from playground.experiments.determinism.crowd import Crowd, deal, serve
from playground.experiments.determinism.experiment import ANCHOR, LOAD, LoadRequest
from playground.experiments.determinism.manners import ModuleManner
from playground.experiments.determinism.records import ArmRecord, LoadRecord
from playground.experiments.determinism.rows import check_joinable, join, split
from playground.experiments.documents import parse_document
from playground.runs.experiment import updates as updates_of
from playground.runs.request import read_request
from playground.runs.runner import Runner
from playground.runs.stages import ShouldStop, Stage
from tests.experiments.determinism.conftest import Climbs
from tests.experiments.determinism.helpers import finished
from tests.tiny import tiny_model
from tests.tiny_runner import of

ARCHITECTURES = ("llama", "gpt2", "gemma3")
PROMPT = list(range(40, 60))


def asked(**changes) -> LoadRequest:
    return LoadRequest(
        **{"prompt": "Hello there", "model": "tiny-llama", "requests": 9, "max_new_tokens": 6, **changes}
    )


def load(runner: Runner, request: LoadRequest, should_stop: ShouldStop = lambda: False):
    return updates_of(runner, LOAD, request, should_stop)


def record_of(updates) -> LoadRecord:
    (record,) = of(LoadRecord, updates)
    return record


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 99))
def test_dealing_gives_everybody_one_place_in_batches_that_are_not_too_large(requests, largest, seed):
    batches = list(deal(list(range(requests)), largest, Random(seed)))
    assert sorted(request for batch in batches for request in batch) == list(range(requests))
    assert all(1 <= len(batch) <= largest for batch in batches)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_rows_taken_apart_and_joined_again_compute_what_they_did_together(arch):
    """Past gemma's window of 16 too."""
    module, tokens = tiny_model(arch), torch.tensor([[5], [6], [7]])
    together = DynamicCache(config=module.config)
    check_joinable(together)
    with torch.inference_mode():
        module_logits(module, torch.tensor(PROMPT).expand(3, -1), together)
        apart = split(together, 3)
        again = join(apart)
        first = module_logits(module, tokens, again)
        assert again.get_seq_length() == len(PROMPT) + 1
        assert {each.get_seq_length() for each in apart} == {len(PROMPT)}  # theirs are not written to
        expected = module_logits(module, tokens, together)
        assert torch.equal(first, expected)
        shuffled = join([apart[2], apart[0]])
        other = module_logits(module, tokens[[2, 0]], shuffled)
    torch.testing.assert_close(other, expected[[2, 0]], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_in_fp32_a_crowd_gets_the_answer_of_one_alone(arch):
    """Its noise is a thousandth of the smallest gap of these tiny models."""
    module, ground = tiny_model(arch, eos_token_id=None), Ground(PROMPT, 10, frozenset())
    alone = finished(greedy(ModuleManner(module), ground, ""))
    assert min(alone.gaps) > 1e-3
    result = finished(serve(module, Crowd(7, 3, seed=1), ground, ""))
    assert result.answers == [alone.token_ids] * 7
    assert sum(size * count for size, count in result.batch_sizes.items()) == result.output_tokens == 70
    assert max(result.batch_sizes) <= 3  # of so many at a time


def test_requests_that_ended_leave():
    module, long = tiny_model(eos_token_id=None), Ground(PROMPT, 8, frozenset())
    answer = finished(serve(module, Crowd(1, 1, seed=0), long, "")).answers[0]
    end = next(place for place, token in enumerate(answer) if token != answer[0])
    ended = Ground(PROMPT, 8, frozenset({answer[end]}))
    result = finished(serve(module, Crowd(4, 4, seed=0), ended, ""))
    assert result.answers == [answer[: end + 1]] * 4
    assert result.output_tokens == sum(size * count for size, count in result.batch_sizes.items()) == 4 * (end + 1)


def test_every_number_of_the_record_can_be_counted_again(climbs: Climbs):
    updates = list(load(climbs.runner(), asked()))
    record = record_of(updates)
    assert [arm.name for arm in record.arms] == ["bf16", "fp32", "bf16-fixed-tile"]
    assert record.arms == of(ArmRecord, updates)
    assert record.anchor == ANCHOR
    assert record.asked == 9
    for arm in record.arms:
        assert sum(answer.count for answer in arm.answers) == arm.n == 9
        assert arm.unique == len({tuple(answer.token_ids) for answer in arm.answers}) == len(arm.answers)
        assert arm.mode_count == max(answer.count for answer in arm.answers)
        assert sum(int(size) * count for size, count in arm.batch_sizes.items()) == 9 * 6
        assert arm.tokens_per_s > 0
    assert parse_document(record.to_json()) == record


def test_batch_invariant_products_never_give_more_answers_than_bf16_and_fp32_gives_one(climbs: Climbs):
    arms = {arm.name: arm for arm in record_of(load(climbs.runner(), asked(requests=12, max_new_tokens=16))).arms}
    assert 1 <= arms["bf16-fixed-tile"].unique <= arms["bf16"].unique
    assert arms["fp32"].unique == 1
    assert arms["fp32"].answers[0].first_fork is None


def test_timed_passes_go_there_and_back_and_measure_the_first_method_twice_over(climbs: Climbs):
    updates = list(load(climbs.runner(), asked(ways=("bf16", "fp32"), passes=2, requests=4)))
    record = record_of(updates)
    assert {name: len(speeds) for name, speeds in record.passes.items()} == {"bf16": 2, "fp32": 2}
    assert len(record.control) == 2
    assert min(*record.control, *record.passes["bf16"], *record.passes["fp32"]) > 0
    doing = dict.fromkeys(stage.text.rpartition(":")[0] for stage in of(Stage, updates) if ", pass" in stage.text)
    assert [text.split(":")[0] for text in doing] == ["bf16", "fp32", "bf16", "fp32"]
    fractions = [stage.fraction for stage in of(Stage, updates)]
    assert fractions == sorted(fractions)
    assert parse_document(record.to_json()) == record
    alone = record_of(load(climbs.runner(), asked(ways=("fp32",), passes=0)))
    assert (alone.passes, alone.control) == ({}, [])


def test_the_same_seed_deals_the_same_load_and_another_one_another(climbs: Climbs):
    def sizes(seed: int) -> dict[str, int]:
        return record_of(load(climbs.runner(), asked(requests=40, seed=seed, ways=("fp32",)))).arms[0].batch_sizes

    assert sizes(3) == sizes(3) != sizes(4)


def test_layer_cast_is_an_arm_that_can_be_asked_for(climbs: Climbs):
    (arm,) = record_of(load(climbs.runner(), asked(ways=("layer-cast",)))).arms
    assert (arm.name, arm.unique) == ("layer-cast", 1)


def test_memory_limits_how_many_are_served_at_a_time_and_that_is_said(climbs: Climbs, monkeypatch):
    monkeypatch.setattr(load_module, "available_bytes", lambda device: 200_000)
    updates = list(load(climbs.runner(), asked(ways=("fp32",), requests=20)))
    assert any("as memory allows" in stage.text for stage in of(Stage, updates))
    assert record_of(updates).arms[0].n == 20
    monkeypatch.setattr(load_module, "available_bytes", lambda device: 10_000)
    with pytest.raises(PlaygroundError, match="are free: shorten the prompt"):
        list(load(climbs.runner(), asked(ways=("fp32",))))


def test_stop_keeps_the_finished_arms_and_gives_the_turn_back(climbs: Climbs):
    runner, stop, updates = climbs.runner(), Event(), []
    for update in load(runner, asked(), stop.is_set):
        updates.append(update)
        if isinstance(update, ArmRecord):
            stop.set()
    assert [arm.name for arm in record_of(updates).arms] == ["bf16"]
    stopped_at_once = list(load(runner, asked(), lambda: True))
    assert not of(LoadRecord, stopped_at_once)
    assert record_of(load(runner, asked(ways=("fp32",), requests=2)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requests": 1}, "Requests must be a whole number from 2 to 1,000; got 1"),
        ({"requests": 1001}, "got 1001"),
        ({"max_new_tokens": 0}, "Tokens of each answer must be"),
        ({"seed": -1}, "Seed must be"),
        ({"ways": ("fp64",)}, "Unknown arm 'fp64'"),
        ({"ways": ()}, "at least one method"),
        ({"prompt": ""}, "empty"),
    ],
)
def test_a_request_that_can_not_be_met_is_refused_in_words(changes, said):
    with pytest.raises(PlaygroundError, match=said):
        read_request(LoadRequest, {"model": "m", **changes})


def test_the_state_of_other_kinds_of_layers_is_refused_by_name():
    cache = DynamicCache(config=tiny_model().config)
    cache.layers.append(Counter())  # stands for a layer with another state
    with pytest.raises(PlaygroundError, match="Counter"):
        check_joinable(cache)

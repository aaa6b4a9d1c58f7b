"""Manners, differences, switches and operations, one by one."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from playground.errors import PlaygroundError
from playground.experiments.determinism.answers import Ground, fork_between, greedy, measure
from playground.experiments.determinism.drift import Drift, NotFinite, gap, sha1_of
from playground.experiments.determinism.manners import ModuleManner, NoCacheManner
from playground.experiments.determinism.operations import Widths, base_outputs
from playground.experiments.determinism.probe import probe
from playground.experiments.determinism.process import Job, in_fresh_process
from playground.experiments.determinism.records import ProbeRecord
from playground.experiments.determinism.switches import attention, fixed_tile, fixed_tile_product, layer_cast, threads
from playground.runs.stages import Parts, Stage, Stopped
from tests.experiments.determinism.helpers import finished
from tests.tiny import ARCHITECTURES, tiny_model

PROMPT = list(range(30, 60))
GROUND = Ground(PROMPT, 12, frozenset())
ids = st.lists(st.integers(0, 3), max_size=6)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_manner_gives_the_same_numbers_up_to_rounding(arch):
    module = tiny_model(arch)
    tokens, plain = [7, 250, 31], ModuleManner(module)
    expected = [plain.start(PROMPT), *map(plain.step, tokens)]
    others = [
        ModuleManner(module, rows=3), ModuleManner(module, padding=8), ModuleManner(module, padding=32, rows=2),
        ModuleManner(module, chunk=7), NoCacheManner(module),
    ]  # fmt: skip
    for manner in others:
        for index, logits in enumerate([manner.start(PROMPT), *map(manner.step, tokens)]):
            torch.testing.assert_close(logits, expected[index], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_forked_manner_goes_its_own_way(arch):
    module = tiny_model(arch)
    for manner in (ModuleManner(module, rows=2), NoCacheManner(module)):
        manner.start(PROMPT)
        other = manner.fork()
        first = other.step(9)
        other.step(11)
        assert torch.equal(manner.step(9), first)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_free_run_after_a_fork_is_what_a_run_from_the_start_gives(arch):
    """Teacher-forcing and going on from the first disagreement saves work and changes nothing."""
    reference = finished(greedy(ModuleManner(tiny_model(arch)), GROUND, ""))
    other = tiny_model(arch, seed=1)  # another model altogether, so that it forks
    measured = finished(measure(ModuleManner(other), reference, GROUND, ""))
    assert measured.fork is not None
    assert measured.fork in measured.risky
    assert measured.token_ids == finished(greedy(ModuleManner(other), GROUND, "")).token_ids


def test_an_answer_ends_at_its_end_token_forced_or_free():
    module = tiny_model()
    long = finished(greedy(ModuleManner(module), GROUND, ""))
    ground = Ground(PROMPT, 12, frozenset({long.token_ids[4]}))
    short = finished(greedy(ModuleManner(module), ground, ""))
    assert short.token_ids == long.token_ids[: long.token_ids.index(long.token_ids[4]) + 1]
    assert short.hashes == long.hashes[: len(short.hashes)]


@given(ids, ids)
def test_the_fork_is_the_first_place_where_two_answers_differ(first, second):
    fork = fork_between(first, second)
    assert fork == fork_between(second, first)
    if fork is None:
        assert first == second
    else:
        assert first[:fork] == second[:fork]
        assert first[fork : fork + 1] != second[fork : fork + 1]


def test_drift_is_zero_for_equal_logits_and_never_negative():
    numbers = torch.Generator().manual_seed(0)
    reference = torch.randn(50, generator=numbers) * 4
    same, moved = Drift(), Drift()
    assert same.add(reference, reference.clone())
    assert (same.max_abs, same.kl_max, same.kl_mean, same.top1_agreement) == (0, 0, 0, 1)
    for size in (1e-7, 1e-3, 1.0):
        moved.add(reference, reference + size * torch.randn(50, generator=numbers))
    assert 0 <= moved.kl_mean <= moved.kl_max
    assert moved.max_abs > 1
    shifted = Drift()
    shifted.add(reference, reference + 3)  # the same distribution
    assert shifted.max_abs == pytest.approx(3)
    assert shifted.kl_max == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -float("inf")])
def test_logits_that_are_not_finite_are_never_compared(broken):
    with pytest.raises(NotFinite):
        Drift().add(torch.zeros(4), torch.tensor([0.0, broken, 0.0, 0.0]))


def test_tokens_that_both_rule_out_are_no_difference():
    reference = torch.tensor([1.0, -float("inf"), 2.0])
    drift = Drift()
    assert drift.add(reference, reference + torch.tensor([0.5, 0.0, 0.0]))
    assert drift.max_abs == 0.5
    assert drift.kl_max > 0


def test_the_hash_tells_every_bit_and_the_gap_a_tie():
    logits = torch.tensor([1.0, 3.0, 3.0])
    assert gap(logits) == 0
    assert sha1_of(logits) == sha1_of(logits.clone())
    assert sha1_of(logits) != sha1_of(torch.nextafter(logits, logits + 1))
    assert sha1_of(torch.tensor([0.0])) != sha1_of(torch.tensor([-0.0]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("width", [64, 576, 1000])
def test_a_product_in_fixed_tiles_gives_a_row_the_same_bits_in_every_batch(dtype, width):
    numbers = torch.Generator().manual_seed(0)
    x = torch.randn(64, width, generator=numbers).to(dtype)
    weight = (torch.randn(96, width, generator=numbers) / width**0.5).to(dtype)
    bias = torch.randn(96, generator=numbers).to(dtype)
    whole = fixed_tile_product(x, weight, bias)
    for rows in (1, 2, 5, 8, 16, 17, 64):
        assert torch.equal(fixed_tile_product(x[:rows], weight, bias), whole[:rows])
    assert fixed_tile_product(x[:6].view(2, 3, width), weight, bias).shape == (2, 3, 96)
    torch.testing.assert_close(whole, F.linear(x, weight, bias), atol=0.05, rtol=0.05)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("switch", [fixed_tile, layer_cast])
def test_a_switch_changes_the_computation_and_is_put_back(arch, switch):
    module = tiny_model(arch, dtype=torch.bfloat16)
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    before = ModuleManner(module).start(PROMPT)
    with switch(module):
        changed = ModuleManner(module).start(PROMPT)
    torch.testing.assert_close(changed, before, atol=0.3, rtol=0.3)
    assert torch.equal(ModuleManner(module).start(PROMPT), before)
    for name, value in module.state_dict().items():
        assert value.dtype == weights[name].dtype
        assert torch.equal(value, weights[name])
    with pytest.raises(KeyError), switch(module):
        raise KeyError
    assert torch.equal(ModuleManner(module).start(PROMPT), before)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_layer_cast_computes_what_an_fp32_model_of_the_same_weights_does(arch):
    module = tiny_model(arch, dtype=torch.bfloat16)
    expected = ModuleManner(copy.deepcopy(module).float()).start(PROMPT)
    with layer_cast(module):
        torch.testing.assert_close(ModuleManner(module).start(PROMPT), expected, atol=1e-3, rtol=1e-3)
    native = ModuleManner(module).start(PROMPT)
    assert (native - expected).abs().max() > 1e-3  # else the law above would hold of anything


def test_threads_and_attention_are_put_back_even_after_an_error():
    module, before = tiny_model(), torch.get_num_threads()
    seen = []
    with pytest.raises(KeyError), threads(before + 1), attention(module, "eager"):
        raise KeyError(seen.append((torch.get_num_threads(), module.config._attn_implementation)))
    assert seen == [(before + 1, "eager")]
    assert torch.get_num_threads() == before
    assert module.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_probe_asks_every_knob_in_both_number_types_and_finds_reruns_equal(arch):
    widths = Widths.of_module(tiny_model(arch))
    assert Widths.of(widths.plain()) == widths
    steps, told = probe(widths, "cpu", lambda: False, fresh=False), []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            found = end.value
            break
    assert found == [each for each in told if isinstance(each, ProbeRecord)]
    for dtype in ("fp32", "bf16"):
        own = [record for record in found if record.dtype == dtype]
        assert {"same call twice", "batch 2", "batch 8", "batch 16", "threads", "instruction set"} <= {
            record.knob for record in own
        }
        assert not any(record.active for record in own if record.knob == "same call twice")
    for record in found:
        assert record.active == (record.differing_share > 0) == (record.max_abs_diff > 0)
        assert record.differing_share <= 1
    assert all("Not asked" in record.note for record in found if record.knob == "instruction set")


def test_inputs_of_the_probe_are_the_same_each_time():
    widths = Widths(((64, 32),), 32, 64, 4, 2, 8)
    first, second = base_outputs(widths), base_outputs(widths)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_progress_of_parts_is_the_progress_of_the_whole():
    def part():
        yield Stage("a", 0.5)
        yield "something else"
        yield Stage("b", 0.25)
        return 7

    parts = Parts(2)
    first, second = list(parts.run(part())), list(parts.run(part()))
    assert [item.fraction for item in first if isinstance(item, Stage)] == [0.25, 0.25]
    assert [item.fraction for item in second if isinstance(item, Stage)] == [0.75, 0.75]
    assert first[1] == "something else"
    assert finished(parts.run(part())) == 7
    heavy = [item.fraction for item in Parts(10).run(part(), 8) if isinstance(item, Stage)]
    assert heavy == [0.4, 0.4]  # never back


def test_a_fresh_process_that_fails_says_why_and_one_that_is_stopped_is_killed():
    broken = Job("answer", 1, entry="{}")
    with pytest.raises(PlaygroundError, match=r"A fresh process failed: .+"):
        finished(in_fresh_process(broken, {}, lambda: False, ""))
    with pytest.raises(Stopped):
        finished(in_fresh_process(broken, {}, lambda: True, ""))

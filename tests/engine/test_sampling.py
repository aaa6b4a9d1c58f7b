"""Laws of the samplers: they are transformers' own, and a draw is what the distribution says."""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from playground.engine.sampling import (
    Noise,
    apply_min_p,
    apply_repetition_penalty,
    apply_top_p,
    choose,
    describe,
    filter_scores,
)
from playground.settings import Settings

# float32 sums in another order differ in the last bits: a token whose weight stands this near to the border of top-p or
# min-p may fall on the other side.
ROUNDING = 2e-6
CHI_SQUARE_CRITICAL_SIGMAS = 4  # of the normal approximation: one fixed seed in 30,000 would exceed it


def _logits(kind: str, seed: int, rows: int = 2, vocabulary: int = 300) -> Tensor:
    normal = torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(seed))
    return {
        "random": normal,
        "wide": normal * 10,
        "peaked": normal + 30 * torch.nn.functional.one_hot(torch.tensor(seed % vocabulary), vocabulary),
        "flat": torch.zeros_like(normal),
        "tied": (normal * 2).round(),
        "far": normal * 3 - 100,
    }[kind]


kinds = st.sampled_from(["random", "wide", "peaked", "flat", "tied", "far"])
sampling = st.builds(
    Settings,
    temperature=st.floats(0.05, 2),
    top_k=st.sampled_from([0, 1, 2, 10, 100, 299, 300, 10**6]),
    top_p=st.one_of(st.just(1.0), st.floats(0.001, 1)),
    min_p=st.one_of(st.just(0.0), st.floats(0, 1)),
)


def _theirs(logits: Tensor, sampling: Settings) -> Tensor:
    warpers = LogitsProcessorList([TemperatureLogitsWarper(sampling.temperature)])
    if sampling.top_k:
        warpers.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        warpers.append(TopPLogitsWarper(sampling.top_p))
    if sampling.min_p:
        warpers.append(MinPLogitsWarper(sampling.min_p))
    return warpers(torch.zeros(len(logits), 1, dtype=torch.long), logits.clone())


@given(kind=kinds, seed=st.integers(0, 2**31), sampling=sampling)
@settings(max_examples=200, deadline=None)
def test_the_filtered_distribution_is_that_of_transformers_warpers(kind: str, seed: int, sampling: Settings):
    logits = _logits(kind, seed)
    scores, _ = filter_scores(logits, sampling)
    for row, (ours, theirs) in enumerate(zip(scores, _theirs(logits, sampling), strict=True)):
        # As multisets, for which of several tied tokens stand inside the nucleus is nobody's promise: transformers'
        # sort is not stable, ours takes the lowest ids.
        ours, theirs = ours.softmax(-1).sort().values, theirs.softmax(-1).sort().values
        if (ours > 0).sum() != (theirs > 0).sum():
            edge = _nearest_edge(logits[row : row + 1], sampling)
            assert edge < ROUNDING, f"kept {(ours > 0).sum()} for {(theirs > 0).sum()}, {edge} from the edge"
        else:
            torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


def _nearest_edge(logits: Tensor, sampling: Settings) -> float:
    """How near some border between two tokens comes to the weight that top-p or min-p may cut."""
    start = _theirs(logits, sampling.model_copy(update={"top_p": 1.0, "min_p": 0.0})).double().softmax(-1)
    edges = []
    if sampling.top_p < 1:
        edges.append((start.sort().values.cumsum(-1) - (1 - sampling.top_p)).abs().min().item())
    if sampling.min_p:
        edges.append((start / start.max() - sampling.min_p).abs().min().item())
    return min(edges, default=1.0)


@given(kind=kinds, seed=st.integers(0, 2**31), sampling=sampling)
@settings(max_examples=60, deadline=None)
def test_survivors_count_what_each_cut_leaves(kind: str, seed: int, sampling: Settings):
    logits = _logits(kind, seed, rows=1)
    by_stage = [
        filter_scores(logits, sampling.model_copy(update=off))[0]
        for off in ({"top_p": 1.0, "min_p": 0.0}, {"min_p": 0.0}, {})
    ]
    counts = [int(count) for count in filter_scores(logits, sampling)[1]]
    assert counts == [int((scores > -math.inf).sum()) for scores in by_stage]
    assert logits.shape[-1] >= counts[0] >= counts[1] >= counts[2] >= 1


@given(seed=st.integers(0, 2**31), penalty=st.floats(0.5, 2), length=st.integers(1, 50))
@settings(max_examples=50, deadline=None)
def test_the_repetition_penalty_is_that_of_transformers(seed: int, penalty: float, length: int):
    logits = _logits("random", seed)
    seen = torch.randint(0, 300, (2, length), generator=torch.Generator().manual_seed(seed))  # with repeated ids
    theirs = RepetitionPenaltyLogitsProcessor(penalty)(seen, logits.clone())
    assert torch.equal(apply_repetition_penalty(logits, seen, penalty), theirs)


@given(kind=kinds, seed=st.integers(0, 2**31), p=st.floats(0, 1, exclude_min=True))
@example(kind="flat", seed=0, p=5e-324)
@example(kind="flat", seed=0, p=1e-9)
@example(kind="peaked", seed=0, p=1 - 2**-53)
@settings(max_examples=100, deadline=None)
def test_top_p_keeps_the_smallest_set_that_reaches_p(kind: str, seed: int, p: float):
    logits = _logits(kind, seed, rows=1)
    probs = logits.double().softmax(-1)[0]
    kept = probs[apply_top_p(logits, p)[0].isfinite()]
    cut = probs[apply_top_p(logits, p)[0].isinf()]
    assert len(kept) >= 1
    assert kept.sum() >= p - ROUNDING
    assert kept.sum() - kept.min() < p + ROUNDING
    assert not len(cut) or cut.max() <= kept.min() * (1 + 1e-5)


def test_top_p_keeps_the_lowest_ids_of_tied_tokens():
    scores = torch.tensor([[0.0, 5.0, 0.0, 0.0, 5.0, 0.0]])
    assert apply_top_p(torch.zeros(1, 8), 0.5).isfinite().tolist() == [[True] * 4 + [False] * 4]
    assert apply_top_p(scores, 0.4).isfinite().nonzero()[:, 1].tolist() == [1]
    assert apply_top_p(scores, 0.9).isfinite().nonzero()[:, 1].tolist() == [1, 4]


def test_min_p_keeps_what_is_as_likely_as_its_share_of_the_likeliest():
    scores = torch.tensor([[0.0, 5.0, 1.0, 5.0]])
    assert apply_min_p(scores, 1.0).isfinite().tolist() == [[False, True, False, True]]
    assert apply_min_p(scores, math.exp(-3.9)).isfinite().tolist() == [[False, True, False, True]]
    assert apply_min_p(scores, math.exp(-4.1)).isfinite().tolist() == [[False, True, True, True]]


@pytest.mark.parametrize("temperature", [5e-324, 1e-40, 1e-30, 1e-6])
def test_a_tiny_temperature_is_greedy_and_never_overflows(temperature: float):
    logits = _logits("wide", 3)
    sampling = Settings(temperature=temperature)
    choices = choose(logits, sampling, [Noise(1), Noise(2)], [0, 0])
    assert [choice.id for choice in choices] == logits.argmax(-1).tolist()
    assert [choice.sampled_prob for choice in choices] == [1.0, 1.0]


def _chi_square(counts: Tensor, probs: Tensor) -> tuple[float, float]:
    """Pearson's statistic, and what it must not exceed; cells expected fewer than 10 times are pooled."""
    expected = probs.double() * counts.sum()
    rare = expected < 10
    observed = torch.cat([counts[~rare], counts[rare].sum()[None]]).double()
    expected = torch.cat([expected[~rare], expected[rare].sum()[None]])
    used = expected > 0
    freedom = int(used.sum()) - 1
    statistic = ((observed - expected)[used] ** 2 / expected[used]).sum().item()
    return statistic, freedom + CHI_SQUARE_CRITICAL_SIGMAS * math.sqrt(2 * freedom)


@pytest.mark.parametrize("sampling", [Settings(temperature=1, top_p=1), Settings(temperature=1.3, top_k=30, top_p=0.9)])
def test_frequencies_of_20_000_draws_match_the_filtered_distribution(sampling: Settings):
    logits = _logits("random", 5, rows=1, vocabulary=100)
    draws = torch.zeros(100)
    for seed in range(0, 20_000, 200):  # rows of one step: each draws by its own seed
        noises = [Noise(one) for one in range(seed, seed + 200)]
        for choice in choose(logits.expand(200, -1), sampling, noises, [0] * 200):
            draws[choice.id] += 1
    probs = filter_scores(logits, sampling)[0][0].softmax(-1)
    assert draws[probs == 0].sum() == 0
    statistic, limit = _chi_square(draws, probs)
    assert statistic < limit


def test_a_biased_draw_would_be_noticed():
    probs = torch.full((100,), 0.01)
    counts = torch.full((100,), 200.0)
    counts[:20] += 60  # a fifth of the tokens comes three tenths too often
    statistic, limit = _chi_square(counts, probs)
    assert statistic > limit


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lambda run: (Noise(run), 0), lambda run: (Noise(run), 1)),  # two places in an answer
        (lambda run: (Noise(run), 0), lambda run: (Noise(run + 1), 0)),  # two seeds
    ],
    ids=["positions", "seeds"],
)
def test_two_draws_are_independent(first, second):
    logits = torch.tensor([[0.5, 0.0, -0.5, 0.3, -1.0]])
    ids = torch.arange(5)
    counts = torch.zeros(5, 5)
    for run in range(8_000):
        pair = []
        for noise, position in (first(2 * run), second(2 * run)):
            pair.append(int((logits[0] + noise.gumbel(position, ids)).argmax()))
        counts[pair[0], pair[1]] += 1
    probs = logits[0].softmax(-1)
    statistic, limit = _chi_square(counts.flatten(), torch.outer(probs, probs).flatten())
    assert statistic < limit


def test_noise_is_a_pure_function_of_seed_and_position():
    ids = torch.tensor([5, 200, 7])
    one, other = Noise(1), Noise(1)
    wanted = one.gumbel(4, ids)
    one.gumbel(9, ids)
    torch.manual_seed(123)
    assert torch.equal(one.gumbel(4, ids), wanted)
    assert torch.equal(other.gumbel(4, torch.arange(300))[ids], wanted)
    for noise, position in ((Noise(2), 4), (one, 5), (Noise(14), 0), (Noise(1), 44)):
        assert not torch.equal(noise.gumbel(position, ids), wanted)


@pytest.mark.parametrize("sampling", [Settings(temperature=1), Settings(temperature=0.7, top_k=40, min_p=0.01)])
def test_rows_are_drawn_together_as_each_is_alone(sampling: Settings):
    rows = [_logits(kind, 9, rows=1) for kind in ("random", "wide", "random")]
    noises = [Noise(seed) for seed in range(3)]
    alone = [choose(row, sampling, [noise], [2])[0] for row, noise in zip(rows, noises, strict=True)]
    assert choose(torch.cat(rows), sampling, noises, [2] * 3) == alone
    shared = [choose(rows[0], sampling, [noise], [2])[0] for noise in noises]
    assert choose(rows[0].expand(3, -1), sampling, noises, [2] * 3) == shared


@given(kind=kinds, seed=st.integers(0, 2**31), sampling=sampling, token=st.integers(0, 299))
@settings(max_examples=60, deadline=None)
def test_what_is_told_of_a_token_is_what_its_logits_say(kind: str, seed: int, sampling: Settings, token: int):
    logits = _logits(kind, seed)
    exact = logits.double()
    logprobs = exact.log_softmax(-1)
    told = describe(logits, 10)
    choices = choose(logits, sampling, [Noise(seed), Noise(seed + 1)], [0, 0])
    for row in range(2):
        logprob, rank = told.of(row, token)
        assert logprob == pytest.approx(logprobs[row, token].item(), abs=2e-5, rel=1e-5)
        assert rank == int((exact[row] > exact[row, token]).sum()) + 1
        entropy = -(logprobs[row].exp() * logprobs[row]).sum().item() / math.log(2)
        assert told.entropy_bits[row] == pytest.approx(entropy, abs=2e-5)
        best = logprobs[row].exp().sort(descending=True).values[:10].tolist()
        assert told.top_probs[row] == pytest.approx(best, rel=1e-4)
        assert logprobs[row, told.top_ids[row]].exp().tolist() == pytest.approx(best, rel=1e-6)
        scores, survivors = filter_scores(logits, sampling)
        choice = choices[row]
        assert choice.sampled_prob == pytest.approx(scores[row].double().softmax(-1)[choice.id].item(), rel=1e-4)
        assert choice.survivors == tuple(int(count[row]) for count in survivors)


def test_greedy_takes_the_lowest_id_on_a_tie_and_tells_one_and_one():
    logits = torch.tensor([[1.0, 3.0, 3.0]])
    (choice,) = choose(logits, Settings(temperature=0), [Noise(0)], [0])
    assert (choice.id, choice.sampled_prob, choice.survivors) == (1, 1.0, (1, 1, 1))
    assert [describe(logits, 0).of(0, token)[1] for token in range(3)] == [3, 1, 1]
    assert describe(logits, 0).top_ids == [[]]
    assert len(describe(logits, 50).top_ids[0]) == 3


@pytest.mark.parametrize(("value", "places"), [(math.nan, 4), (math.inf, 4), (-math.inf, slice(None))])
def test_logits_from_which_nothing_can_be_drawn_are_refused(value: float, places: int | slice):
    logits = torch.zeros(2, 10)
    logits[1, places] = value
    with pytest.raises(FloatingPointError):
        describe(logits, 3)


def test_tokens_that_the_model_rules_out_change_nothing_of_the_others():
    logits = torch.randn(2, 10, generator=torch.Generator().manual_seed(0))
    masked = torch.cat([logits, torch.full((2, 3), -math.inf)], -1)
    plain, told = describe(logits, 5), describe(masked, 12)
    assert told.entropy_bits == pytest.approx(plain.entropy_bits)
    assert [ids[:5] for ids in told.top_ids] == plain.top_ids
    assert torch.equal(told.logprobs[:, :10], plain.logprobs)
    assert told.top_probs[0][-1] == 0
    for temperature in (0, 1e-5, 0.7):
        (choice,) = choose(masked[:1], Settings(temperature=temperature, top_p=0.99), [Noise(1)], [0])
        assert choice.id < 10

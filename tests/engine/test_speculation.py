"""Laws of speculative decoding: what it writes is what the model writes alone, in bits and in distribution."""

from functools import cache
from itertools import product

import pytest
import torch

from playground.engine.clock import Clock
from playground.engine.deciding import Decider
from playground.engine.decoder import Decoder
from playground.engine.drafters import Drafter, FirstLayers, Lookup, SmallModel
from playground.engine.rowwise import Rowwise
from playground.engine.speculation import Spoken, Verify, exact, replayed, speculate, together
from playground.models.llama import take_weights
from playground.models.pack_model import pack_cpu
from playground.settings import Settings
from tests.engine.helpers import GREEDY, random_ids
from tests.tiny import FAMILY, tiny_model, tiny_relative

TOKENS = 32
PROMPTS = [random_ids(length, seed) * copies for seed, (length, copies) in enumerate(product((3, 9, 20), (1, 3)))]
every_relative = pytest.mark.parametrize("name", FAMILY)


@cache
def _decoder(seed: int = 0, dtype: torch.dtype = torch.float32, **config: int) -> Decoder:
    return Decoder(take_weights(tiny_model("llama", seed=seed, dtype=dtype, **config)))


def _drafters(decoder: Decoder, settings: Settings = GREEDY) -> dict[str, Drafter]:
    return {
        "lookup": Lookup(2, 1),
        "first layer": FirstLayers(decoder.weights, 1, Decider(settings)),
        "itself": SmallModel(decoder, Decider(settings)),
        "another": SmallModel(_decoder(9, num_hidden_layers=1), Decider(settings)),
    }


def _spoken(
    decoder: Decoder,
    prompt: list[int],
    drafter: Drafter | None = None,
    verify: Verify | None = None,
    *,
    settings: Settings = GREEDY,
    tokens: int = TOKENS,
    most: int = 4,
    ends: frozenset[int] = frozenset(),
) -> Spoken:
    return speculate(
        decoder, prompt, tokens, Decider(settings), Clock(), lambda: None, drafter=drafter, most=most, verify=verify,
        ends=ends,
    )  # fmt: skip


def _alone(decoder: Decoder, ids: list[int], held: int) -> torch.Tensor:
    """Logits after each token from this place on, one at a time."""
    cache = decoder.new_cache()
    decoder.read(torch.tensor([ids[:held]]), cache)
    return torch.cat([decoder.forward(torch.tensor([[token]]), cache) for token in ids[held:]])


@every_relative
def test_tokens_verified_exactly_have_the_bits_that_they_have_alone(name: str):
    decoder = Decoder(take_weights(tiny_relative(name)))
    ids = random_ids(30)
    cache = decoder.new_cache()
    decoder.read(torch.tensor([ids[:21]]), cache)
    assert torch.equal(Rowwise(decoder.weights).each(torch.tensor([ids[21:]]), cache), _alone(decoder, ids, 21))
    assert cache.length == 30


@pytest.mark.parametrize("made", ["bfloat16", "int8", "int4", "wide"])
def test_other_number_types_and_products_in_blocks_are_exact_too(made: str):
    if made == "wide":  # wide enough that its products are cut into blocks, and no multiple of anything
        decoder = _decoder(hidden_size=272, intermediate_size=1111, num_hidden_layers=1)
    else:
        weights = take_weights(tiny_model("llama", dtype=torch.bfloat16 if made == "bfloat16" else torch.float32))
        if made.startswith("int"):
            pack_cpu(weights, made)
        decoder = Decoder(weights)
    ids, cache = random_ids(20), decoder.new_cache()
    decoder.read(torch.tensor([ids[:12]]), cache)
    assert torch.equal(exact(decoder)(torch.tensor([ids[12:]]), cache), _alone(decoder, ids, 12))


@pytest.mark.parametrize("kind", ["lookup", "first layer", "itself", "another"])
def test_a_greedy_answer_verified_exactly_is_that_of_plain_decoding(kind: str):
    accepted = 0
    for seed, prompt in product(range(2), PROMPTS):
        decoder = _decoder(seed)
        spoken = _spoken(decoder, prompt, _drafters(decoder)[kind], exact(decoder))
        assert spoken.ids == _spoken(decoder, prompt).ids
        accepted += sum(one.accepted for one in spoken.passes)
    assert accepted > 0


def test_without_exact_verification_last_bits_differ_and_nothing_more():
    decoder, ids = _decoder(), random_ids(30)
    cache = decoder.new_cache()
    decoder.read(torch.tensor([ids[:21]]), cache)
    apart = (together(decoder)(torch.tensor([ids[21:]]), cache) - _alone(decoder, ids, 21)).abs().max()
    assert apart < 1e-4


def test_what_drafts_itself_is_always_right():
    decoder = _decoder()
    spoken = _spoken(decoder, PROMPTS[0], _drafters(decoder)["itself"], exact(decoder), most=3)
    assert all(one.accepted == len(one.drafted) for one in spoken.passes)
    assert len(spoken.passes) == -(-(TOKENS - 1) // 4)


def test_no_drafted_token_stands_unverified():
    """A drafter that is always wrong changes nothing."""

    class Wrong(Lookup):
        def draft(self, text, most, cache=None):
            right = _spoken(_decoder(), list(text), tokens=1).first
            return type(super().draft(text, most))([(right + 1) % 200] * most)

    spoken = _spoken(_decoder(), PROMPTS[1], Wrong(), exact(_decoder()), tokens=12)
    assert spoken.ids == _spoken(_decoder(), PROMPTS[1], tokens=12).ids
    assert {one.accepted for one in spoken.passes} == {0}


def test_a_replay_of_a_known_answer_makes_the_passes_of_the_real_one():
    for prompt, most, ending in product(PROMPTS, (1, 3, 7), (False, True)):
        decoder, lookup = _decoder(), Lookup(2, 1)
        plain = _spoken(decoder, prompt).ids
        ends = frozenset(plain[20:21]) if ending else frozenset()
        plain = _spoken(decoder, prompt, ends=ends).ids
        real = _spoken(decoder, prompt, lookup, exact(decoder), most=most, ends=ends)
        assert replayed(lookup, prompt, plain, most, TOKENS) == real.passes
        assert real.ids == plain
        assert plain[-1] in ends or len(plain) == TOKENS


def test_a_copy_runs_on_into_itself():
    lookup = Lookup(2, 2)
    assert list(lookup.draft([5, 1, 2, 1, 2], 6).ids) == [1, 2, 1, 2, 1, 2]
    lookup.begin(())
    assert list(lookup.draft([1, 2, 7, 1, 2, 8, 1, 2], 2).ids) == [8, 1]  # the latest
    lookup.begin(())
    assert list(lookup.draft([1, 2, 3], 2).ids) == []


SAMPLED = {
    "plain": Settings(temperature=1.0, seed=0),
    "cut": Settings(temperature=0.7, top_p=0.8, seed=0),
    "penalised": Settings(temperature=1.0, repetition_penalty=1.3, top_k=12, seed=0),
}


@pytest.mark.parametrize("how", SAMPLED)
@pytest.mark.parametrize("certain", [True, False])
def test_drafts_that_stand_or_are_replaced_have_the_models_distribution(how: str, certain: bool):
    """Chi-square of the first token, and of the second one given the first, over 16 tokens."""
    numbers = torch.Generator().manual_seed(5)
    logits, noise = torch.randn(2, 3, 16, generator=numbers)
    other, decider, text, draws = logits + 0.8 * noise, Decider(SAMPLED[how]), [3, 4], 1200
    first, second = torch.zeros(16), torch.zeros(16)
    favourite = int(logits[0].argmax())
    for _ in range(draws):
        ids, probs = [favourite, 2], None
        if not certain:
            drawn = [decider.draw(other[0], text)]
            drawn.append(decider.draw(other[1], [*text, drawn[0][0]]))
            ids, probs = [token for token, _ in drawn], torch.stack([q for _, q in drawn if q is not None])
        accepted, own = decider.judge(ids, probs, logits, text)
        answer = [*ids[:accepted], own]
        first[answer[0]] += 1
        if answer[0] == favourite and len(answer) > 1:
            second[answer[1]] += 1
    assert _chi_square(first, decider.distribution(logits[0], text)) < 45  # 15 degrees: 1 in 10,000
    assert _chi_square(second, decider.distribution(logits[1], [*text, favourite])) < 45
    assert second.sum() > 100


@pytest.mark.parametrize("kind", ["lookup", "first layer", "another"])
def test_whole_sampled_answers_have_the_models_distribution(kind: str):
    """Chi-square of answers of three tokens, each of two that the sampler leaves."""
    decoder, prompt, draws = _decoder(), [7, 8, 7, 8, 7], 300
    settings = Settings(temperature=1.0, top_k=2, seed=0)
    branches: list[tuple[tuple[int, ...], float]] = [((), 1.0)]
    for _ in range(3):
        branches = [
            ((*answer, token), weight * float(probs[token]))
            for answer, weight in branches
            for probs in [Decider(settings).distribution(_alone(decoder, [*prompt, *answer], 1)[-1], [])]
            for token in probs.nonzero()[:, 0].tolist()
        ]
    known = dict(branches)
    counts = dict.fromkeys(known, 0)
    for seed in range(draws):
        own = settings.model_copy(update={"seed": seed})
        drafter = _drafters(decoder, own.model_copy(update={"seed": seed + draws}))[kind]
        counts[tuple(_spoken(decoder, prompt, drafter, settings=own, tokens=3).ids)] += 1
    found = torch.tensor([float(counts[answer]) for answer in known])
    assert _chi_square(found, torch.tensor(list(known.values()))) < 27  # 7 degrees: 3 in 10,000


def _chi_square(counts: torch.Tensor, probs: torch.Tensor) -> float:
    assert counts[probs == 0].sum() == 0
    expected = probs[probs > 0] * counts.sum()
    return float(((counts[probs > 0] - expected) ** 2 / expected).sum())

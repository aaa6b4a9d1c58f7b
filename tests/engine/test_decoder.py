"""Laws of our own decoder: for every turn of the Llama family it computes what transformers' module computes.

The laws of the loop (seeds, stops, rows, events) are in test_generate and test_batch, for both.
"""

import copy
from functools import cache
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from playground.engine.decoder import Decoder, DecoderCache
from playground.engine.generate import stream
from playground.engine.model import TextModel
from playground.engine.prompting import prepare_prompt
from playground.engine.rotary import GROWTH, Rotary
from playground.models.catalogue import ModelEntry
from playground.models.kv import kv_layout
from playground.models.llama import take_weights
from playground.models.loading import LoadedModel, load
from playground.models.pack_model import pack_cpu
from playground.settings import Settings
from tests.engine.helpers import GREEDY, ids_of, random_ids
from tests.models.test_pack_model import with_dequantised_weights
from tests.tiny import FAMILY, tiny_relative, tiny_tokenizer

DTYPES = [torch.float32, torch.bfloat16, torch.float16]
every_relative = pytest.mark.parametrize("name", FAMILY)


@cache
def _module(name: str, dtype: torch.dtype = torch.float32) -> Any:
    return tiny_relative(name, dtype=dtype)


@cache
def _decoder(name: str, dtype: torch.dtype = torch.float32) -> Decoder:
    return Decoder(take_weights(tiny_relative(name, dtype=dtype)))


@torch.no_grad()
def _theirs(module: Any, ids: Tensor) -> Tensor:
    """transformers' logits at every position, [rows, length, vocabulary]."""
    return module(ids).logits.float()


def _steps(decoder: Decoder, kv: DecoderCache, ids: Tensor, sizes: list[int]) -> Tensor:
    """Our logits after each of several chunks, [rows, chunks, vocabulary]."""
    return torch.stack([decoder.forward(chunk, kv) for chunk in ids.split(sizes, dim=1)], 1)


def _ids(length: int, seed: int = 0, rows: int = 1) -> Tensor:
    return torch.tensor([random_ids(length, seed + row) for row in range(rows)])


def _near(ours: Tensor, theirs: Tensor) -> bool:
    return ours.shape == theirs.shape and (ours - theirs).abs().max().item() < 1e-4


# The same numbers


@every_relative
def test_logits_of_a_prompt_and_of_each_token_after_it_are_transformers(name: str):
    decoder, ids = _decoder(name), _ids(60)
    ours = _steps(decoder, decoder.new_cache(), ids, [40] + [1] * 20)
    assert _near(ours, _theirs(_module(name), ids)[:, 39:])


@every_relative
def test_long_contexts_agree_up_to_the_limit_of_the_model(name: str):
    decoder, ids = _decoder(name), _ids(512, seed=1)
    assert _module(name).config.max_position_embeddings == 512
    ours = _steps(decoder, decoder.new_cache(), ids, [250] + [1] * 12 + [244] + [1] * 6)
    places = [249, *range(250, 262), *range(505, 512)]
    assert _near(ours, _theirs(_module(name), ids)[:, places])


@pytest.mark.parametrize("name", ["llama", "qwen3", "three heads a group", "biases"])
@given(sizes=st.lists(st.integers(1, 90), min_size=1, max_size=8))
@example(sizes=[GROWTH - 1, 1, 1])
@example(sizes=[GROWTH, 1, 2])
@example(sizes=[1, GROWTH + 1])
@settings(max_examples=25)
def test_the_borders_of_the_chunks_change_nothing(name: str, sizes: list[int]):
    sizes = sizes if sum(sizes) <= 400 else sizes[:4]
    decoder, ids = _decoder(name), _ids(sum(sizes), seed=len(sizes))
    ours = _steps(decoder, decoder.new_cache(), ids, sizes)
    places = (torch.tensor(sizes).cumsum(0) - 1).tolist()
    assert _near(ours, _theirs(_module(name), ids)[:, places])


@every_relative
def test_hidden_states_give_the_logits_of_every_position(name: str):
    decoder, ids = _decoder(name), _ids(30, rows=2)
    kv = decoder.new_cache()
    kv.expand(2)
    assert _near(decoder.logits(decoder.hidden(ids, kv)), _theirs(_module(name), ids))


@every_relative
def test_rows_share_a_prompt_and_go_their_own_ways(name: str):
    decoder, prompt, answers = _decoder(name), _ids(20), _ids(12, seed=5, rows=5)
    kv = decoder.new_cache()
    decoder.forward(prompt, kv)
    kv.expand(5)
    ours = _steps(decoder, kv, answers, [1, 1, 4, 1, 5])
    theirs = _theirs(_module(name), torch.cat([prompt.expand(5, -1), answers], 1))
    assert _near(ours, theirs[:, [20, 21, 25, 26, 31]])


@pytest.mark.parametrize("rows", [[3], [0, 2], [4, 1, 0], [2, 2, 0, 2], [4, 3, 2, 1, 0]])
def test_selected_rows_go_on_as_they_were(rows: list[int]):
    decoder, answers = _decoder("llama"), _ids(10, seed=3, rows=5)
    kv = decoder.new_cache()
    kv.expand(5)
    decoder.forward(answers, kv)
    kv.select(rows)
    more = _ids(8, seed=20, rows=len(rows))
    ours = _steps(decoder, kv, more, [1, 1, 6])
    assert _near(ours, _theirs(_module("llama"), torch.cat([answers[rows], more], 1))[:, [10, 11, 17]])


@pytest.mark.parametrize("kept", [0, 1, 30, 255, 299, 300])
def test_a_cropped_cache_has_forgotten_the_rest(kept: int):
    decoder, ids, other = _decoder("qwen3"), _ids(300), _ids(20, seed=9)
    kv = decoder.new_cache()
    decoder.forward(ids, kv)
    kv.crop(kept)
    assert kv.length == kept
    ours = _steps(decoder, kv, other, [1, 18, 1])
    assert _near(ours, _theirs(_module("qwen3"), torch.cat([ids[:, :kept], other], 1))[:, [kept, kept + 18, kept + 19]])


def test_a_crop_beyond_the_end_forgets_nothing():
    decoder = _decoder("llama")
    kv = decoder.new_cache()
    decoder.forward(_ids(10), kv)
    kv.crop(11)
    assert kv.length == 10


@pytest.mark.parametrize("shared", [10, GROWTH - 3, GROWTH])
def test_a_fork_and_its_origin_do_not_touch_each_other(shared: int):
    decoder, prompt, ways = _decoder("llama"), _ids(shared), _ids(8, seed=7, rows=2)
    origin = decoder.new_cache()
    decoder.forward(prompt, origin)
    branch = origin.fork()
    ours = [[], []]
    for place in range(8):  # in turn, over the border where a cache grows
        for way, kv in enumerate((origin, branch)):
            ours[way].append(decoder.forward(ways[way : way + 1, place : place + 1], kv))
    theirs = _theirs(_module("llama"), torch.cat([prompt.expand(2, -1), ways], 1))[:, shared:]
    assert _near(torch.stack([torch.cat(way) for way in ours]), theirs)
    again = decoder.new_cache()  # a branch is the run it would be without the other, bit for bit
    decoder.forward(prompt, again)
    assert torch.equal(_steps(decoder, again, ways[1:], [1] * 8)[0], torch.cat(ours[1]))


@every_relative
def test_greedy_ids_are_those_of_transformers_generate(name: str):
    prompt = random_ids(250)
    text_model = TextModel(_decoder(name), tiny_tokenizer(), frozenset())
    ours = ids_of(stream(text_model, prompt, GREEDY.model_copy(update={"max_new_tokens": 16})))
    ids = torch.tensor([prompt])
    options = {"do_sample": False, "max_new_tokens": 16, "eos_token_id": None, "pad_token_id": 0}
    theirs = _module(name).generate(ids, attention_mask=torch.ones_like(ids), **options)
    assert ours == theirs[0, 250:].tolist()


# Narrower numbers


def _rms(difference: Tensor) -> float:
    return difference.square().mean().sqrt().item()


@every_relative
@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_16_bits_stay_within_the_spread_that_16_bits_have(name: str, dtype: torch.dtype):
    decoder, ids = _decoder(name, dtype), _ids(300, seed=2)
    kv = decoder.new_cache()
    ours = decoder.logits(torch.cat([decoder.hidden(chunk, kv) for chunk in ids.split([200, 90] + [1] * 10, 1)], 1))
    theirs = _theirs(_module(name, dtype), ids)
    exact = _theirs(copy.deepcopy(_module(name, dtype)).float(), ids)  # the same rounded weights, computed in fp32
    spread = _rms(theirs - exact)
    assert spread > 0
    assert _rms(ours.float() - exact) < 1.2 * spread
    assert _rms(ours.float() - theirs) < 1.5 * spread  # two independent roundings would be 1.41 apart


@every_relative
@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_packed_weights_give_the_same_answer_by_both_paths(name: str, quantization: str):
    module, ids = copy.deepcopy(_module(name)), _ids(50, seed=4)
    weights = take_weights(copy.deepcopy(module))
    assert pack_cpu(module, quantization) == pack_cpu(weights, quantization) == []
    decoder = Decoder(weights)
    ours = _steps(decoder, decoder.new_cache(), ids, [40] + [1] * 10)
    theirs = _theirs(module, ids)[:, 39:]
    exact = _theirs(with_dequantised_weights(_module(name), module), ids)[:, 39:]
    spread = _rms(theirs - exact)  # bf16 activations through every layer
    assert 0 < spread < 0.05 * _rms(exact)
    assert _rms(ours - exact) < 1.2 * spread
    assert _rms(ours - theirs) < 1.5 * spread


# Bit for bit


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_rerun_is_bitwise_the_same(dtype: torch.dtype):
    decoder, ids = _decoder("qwen3", dtype), _ids(280)
    first, second = (_steps(decoder, decoder.new_cache(), ids, [200, 50] + [1] * 30) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", ["llama", "qwen3", "wide heads", "narrow heads"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_depends_on_the_room_in_the_cache_nor_on_what_lies_in_it(name: str, dtype: torch.dtype):
    decoder, ids, sizes = _decoder(name, dtype), _ids(290), [200, 50] + [1] * 40
    wide = decoder.new_cache()
    wide.make_room(5 * GROWTH)
    wide.keys.fill_(torch.nan)
    wide.values.fill_(torch.nan)
    assert torch.equal(
        _steps(decoder, decoder.new_cache(), ids, sizes), _steps(decoder, wide, ids, sizes)
    )  # the first grows on its way


# Rotary embedding


@every_relative
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_rotation_is_transformers_at_every_position(name: str, dtype: torch.dtype):
    rotary, decoder = _module(name, dtype).model.rotary_emb, _decoder(name, dtype)
    wanted = rotary(torch.empty(0, dtype=dtype), torch.arange(512)[None])
    cos, signed_sin = Rotary(decoder.weights).between(0, 512)
    half = cos.shape[-1] // 2
    assert torch.equal(cos, wanted[0][0])
    assert torch.equal(torch.cat([-signed_sin[:, :half], signed_sin[:, half:]], -1), wanted[1][0])


def test_rotary_tables_are_computed_once_a_growth(monkeypatch: pytest.MonkeyPatch):
    decoder, ids = Decoder(_decoder("llama").weights), _ids(2 * GROWTH)
    asked: list[int] = []
    compute = Rotary._tables
    monkeypatch.setattr(Rotary, "_tables", lambda self, tokens: asked.append(tokens) or compute(self, tokens))
    for _ in range(2):
        _steps(decoder, decoder.new_cache(), ids, [GROWTH - 6] + [1] * 12 + [GROWTH - 6])
    assert asked == [GROWTH - 6, GROWTH + 1]


# Memory


@every_relative
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_cache_is_as_large_as_the_formula_says_and_grows_in_steps(name: str, dtype: torch.dtype):
    decoder = _decoder(name, dtype)
    layout = kv_layout(decoder.weights.config, dtype)
    assert layout is not None
    kv = decoder.new_cache()
    assert (kv.length, kv.nbytes, kv.reserved_bytes) == (0, 0, 0)
    for size in (1, 100, GROWTH - 101, 1, 1, 100):
        decoder.forward(_ids(size), kv)
        steps = -(-kv.length // GROWTH) * GROWTH
        assert kv.nbytes == layout.nbytes(kv.length)
        assert kv.reserved_bytes == layout.nbytes(steps)
    kv.expand(3)
    assert kv.nbytes == 3 * layout.nbytes(kv.length)


def test_a_step_moves_no_key_unless_the_cache_grows():
    decoder = _decoder("llama")
    kv = decoder.new_cache()
    decoder.forward(_ids(GROWTH - 2), kv)
    places = [kv.keys.data_ptr()]
    kv.expand(1)
    for _ in range(3):
        decoder.forward(_ids(1), kv)
        places.append(kv.keys.data_ptr())
    assert places[0] == places[1] == places[2] != places[3]


def test_memory_that_runs_out_leaves_the_cache_as_it_was(monkeypatch: pytest.MonkeyPatch):
    decoder, ids = _decoder("llama"), _ids(GROWTH + 1)
    kv = decoder.new_cache()
    decoder.forward(ids[:, :GROWTH], kv)
    grown, calls = DecoderCache._grown, []

    def fails_for_the_values(self: DecoderCache, old: Tensor, needed: int) -> Tensor:
        calls.append(needed)
        if len(calls) == 2:
            raise torch.OutOfMemoryError("no memory left")
        return grown(self, old, needed)

    monkeypatch.setattr(DecoderCache, "_grown", fails_for_the_values)
    with pytest.raises(torch.OutOfMemoryError):
        decoder.forward(ids[:, GROWTH:], kv)
    assert kv.length == GROWTH
    assert _near(decoder.forward(ids[:, GROWTH:], kv), _theirs(_module("llama"), ids)[:, -1])


# The default model

TEXT = """\
The lighthouse at the end of the bay was built in 1871, when forty ships a year were lost on the rocks below it. \
Its keeper, a quiet man named Tobias Wren, climbed 199 steps every evening to trim the wick and wind the clock that \
turned the lens. "Light is a promise," he told the children who came to visit, "and a promise is kept every night or \
not at all." In winter the spray froze on the glass, and he scraped it off with a wooden spoon so as not to scratch it.

Water boils at 100 degrees Celsius at sea level, but on a mountain of 3,000 metres it boils at about 90 degrees, \
because the pressure of the air is lower there. This is why rice takes longer to cook in the Andes than in Lisbon.

def mean(values):
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)

To make a simple bread, mix 500 g of flour, 10 g of salt, 7 g of dry yeast and 320 ml of warm water. Knead for ten \
minutes, let the dough rise until it has doubled, shape it, and bake it at 230 degrees for half an hour. The crust \
should sound hollow when you knock on it. Who would have thought that four things from the cupboard could smell like \
that?
"""


def _every_logit(decoder: Decoder, ids: Tensor) -> Tensor:
    """Teacher-forced: a chunk, one that starts in the middle, then token by token; [length, vocabulary]."""
    kv = decoder.new_cache()
    chunks = ids.split([200, ids.shape[1] - 220] + [1] * 20, dim=1)
    return decoder.logits(torch.cat([decoder.hidden(chunk, kv) for chunk in chunks], 1))[0].float()


def _divergence(exact: Tensor, other: Tensor) -> Tensor:
    """KL divergence in nats at every position."""
    exact, other = exact.log_softmax(-1), other.log_softmax(-1)
    return (exact.exp() * (exact - other)).sum(-1)


@pytest.fixture(scope="module")
def text_ids(default_loaded: LoadedModel) -> Tensor:
    ids = torch.tensor([default_loaded.tokenizer(TEXT)["input_ids"]])
    assert ids.shape[1] > 300
    return ids


@pytest.fixture(scope="module")
def exact(default_module: Any, text_ids: Tensor) -> Tensor:
    """transformers' logits over the text, in fp32."""
    with torch.no_grad():
        return _theirs(default_module, text_ids)[0]


@pytest.mark.real_model
def test_the_default_models_logits_are_transformers(default_entry: ModelEntry, exact: Tensor, text_ids: Tensor):
    decoder = Decoder(load(default_entry, "fp32", device="cpu", engine="decoder").module)
    assert (_every_logit(decoder, text_ids) - exact).abs().max() < 1e-5 * exact.abs().max()


TASKS = """Name three facts about {}.|Write a short poem about {}.|Explain {} to a child.|What is the history of {}?
Why do people like {}?|Give me a recipe that has to do with {}.|Write a Python function about {}.|Is {} dangerous?
Translate into French: I like {}.|Tell me a joke about {}.""".replace("\n", "|").split("|")
TOPICS = """the moon|bread|old trains|volcanoes|chess|honey bees|the Roman army|winter sports|sharks|paper
silence|tea|the number seven|glass|spiders|democracy|the sea|violins|dust|clocks""".replace("\n", "|").split("|")


@pytest.mark.real_model
@pytest.mark.parametrize(
    ("prompts", "tokens"), [pytest.param(6, 6, id="6 prompts"), pytest.param(200, 12, id="200", marks=pytest.mark.slow)]
)
def test_greedy_answers_are_transformers_token_for_token(default_module: Any, default_model, prompts: int, tokens: int):
    """Each token of our answer is the likeliest one after what stands before it, by transformers' pass."""
    texts = [task.format(topic) for task, topic in product(TASKS, TOPICS)]
    assert len(texts) == 200
    for text in texts[:: 200 // prompts][:prompts]:
        prompt = list(prepare_prompt(default_model.tokenizer, text, Settings(), 8192).ids)
        ours = ids_of(stream(default_model, prompt, Settings(temperature=0, max_new_tokens=tokens)))
        logits = _theirs(default_module, torch.tensor([prompt + ours]))[0, len(prompt) - 1 : -1]
        assert logits.argmax(-1).tolist() == ours, text


# About three times what was measured over these 309 tokens, of both paths: mean and largest, in nats. The file is Q4_1,
# whose grid our int4 nearly repeats: int8 rows are further from it.
BOUNDS = {"bf16": (0.003, 0.03), "fp16": (0.0001, 0.001), "int8": (0.018, 0.25), "int4": (0.009, 0.11)}


@pytest.mark.real_model
@pytest.mark.parametrize("quantization", BOUNDS)
def test_narrower_weights_stay_near_fp32_by_both_paths(
    default_entry: ModelEntry, exact: Tensor, text_ids: Tensor, quantization: str
):
    mean, largest = BOUNDS[quantization]
    theirs = _theirs(load(default_entry, quantization, device="cpu", engine="transformers").module, text_ids)[0]
    ours = _every_logit(Decoder(load(default_entry, quantization, device="cpu", engine="decoder").module), text_ids)
    for got in (ours, theirs):
        divergence = _divergence(exact, got)
        assert 0 < divergence.mean() < mean
        assert divergence.max() < largest
    assert _divergence(theirs, ours).mean() < 0.006  # the same weights: bf16 activations, rounded in another order


@pytest.mark.real_model
@pytest.mark.slow
def test_the_default_model_agrees_at_the_limit_of_its_context(default_entry: ModelEntry, default_module: Any):
    ids = torch.randint(0, 49_000, (1, 8192), generator=torch.Generator().manual_seed(0))
    assert default_module.config.max_position_embeddings == 8192
    decoder = Decoder(load(default_entry, "fp32", device="cpu", engine="decoder").module)
    ours = _steps(decoder, decoder.new_cache(), ids, [1024] * 7 + [1020, 1, 1, 1, 1])[:, -4:]
    with torch.no_grad():
        theirs = default_module(ids, logits_to_keep=4).logits
    assert _near(ours, theirs)

"""A cache of fewer bits: it holds as many bytes as it says, and gives the same however the text is cut."""

from functools import cache

import pytest
import torch

from playground.engine.decoder import Decoder
from playground.engine.kv_bits import Bits, NarrowCache
from playground.models.llama import take_weights
from tests.engine.helpers import random_ids
from tests.tiny import tiny_relative

PAIRS: list[tuple[Bits, Bits]] = [(16, 16), (8, 8), (4, 8), (4, 4)]
NEAR = {16: 0.05, 8: 0.1, 4: 1.5}  # of logits up to 10 or so


@cache
def _decoder() -> Decoder:
    return Decoder(take_weights(tiny_relative("llama")))


def _logits(cache: NarrowCache | None, *lengths: int) -> torch.Tensor:
    model, ids = _decoder(), torch.tensor([random_ids(sum(lengths), 7)])
    held = model.new_cache() if cache is None else cache
    for part in ids.split(list(lengths), 1):
        logits = model.forward(part, held)
    return logits


@pytest.mark.parametrize("bits", PAIRS, ids=str)
def test_fewer_bits_are_near_and_not_equal(bits: tuple[Bits, Bits]):
    away = (_logits(NarrowCache(_decoder().new_cache(), *bits), 20, 1, 1) - _logits(None, 20, 1, 1)).abs().max()
    assert 0 < away < NEAR[min(bits)]


@pytest.mark.parametrize("bits", PAIRS, ids=str)
def test_attention_sees_what_is_stored_however_the_text_is_cut(bits: tuple[Bits, Bits]):
    whole, parts = (NarrowCache(_decoder().new_cache(), *bits) for _ in range(2))
    assert torch.allclose(_logits(whole, 300), _logits(parts, 7, 250, 43), atol=0.05)  # 300 is more than one growth
    assert whole.nbytes == parts.nbytes == whole.token_bytes * 300


def test_bytes_are_those_of_codes_and_scales():
    shape = _decoder().weights.shape
    layers, per_head = len(_decoder().weights.layers), shape.head_dim
    group = min(32, per_head)
    sizes = {16: 2 * per_head, 8: per_head + 2 * per_head // group, 4: per_head // 2 + 2 * per_head // group}
    for key_bits, value_bits in PAIRS:
        cache = NarrowCache(_decoder().new_cache(), key_bits, value_bits)
        assert cache.token_bytes == layers * shape.kv_heads * (sizes[key_bits] + sizes[value_bits])


def test_a_branch_of_it_leaves_it_as_it_was():
    cache = NarrowCache(_decoder().new_cache(), 8, 8)
    _logits(cache, 20)
    branch = cache.fork_at(10)
    _decoder().forward(torch.tensor([[5]]), branch)
    assert (branch.length, cache.length) == (11, 20)


def test_it_has_one_row():
    with pytest.raises(ValueError, match="one row"):
        NarrowCache(_decoder().new_cache(), 8, 8).expand(2)

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.models.packing import (
    CHUNK,
    GROUP,
    Int4Linear,
    Int8Embedding,
    Int8Linear,
    fits,
    packed_bytes,
    quantize_groups,
    quantize_rows,
)
from playground.models.storage import weights_bytes
from tests.models.packed import dequantized

KINDS = {8: Int8Linear, 4: Int4Linear}


def weight_of(out_features: int, in_features: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(out_features, in_features, generator=torch.Generator().manual_seed(seed))


def relative(difference: torch.Tensor, reference: torch.Tensor) -> float:
    return (difference.norm() / reference.norm()).item()


@pytest.mark.parametrize("bits", KINDS)
@settings(max_examples=20, deadline=None)
@given(out=st.integers(1, 70), groups=st.integers(1, 5), rows=st.integers(1, 40), biased=st.booleans())
def test_a_packed_layer_multiplies_by_its_dequantised_weight(bits, out, groups, rows, biased):
    weight, x = weight_of(out, groups * GROUP), weight_of(rows, groups * GROUP, seed=1).bfloat16()
    bias = weight_of(1, out, seed=2)[0] if biased else None
    layer = KINDS[bits](weight, bias)
    expected = x.float() @ dequantized(layer).T + (0 if bias is None else bias)
    assert relative(layer(x).float() - expected, expected) < 0.02  # a bf16 result has 8 significant bits


@pytest.mark.parametrize(("bits", "limit"), [(8, 0.02), (4, 0.12)])
def test_the_dequantised_weight_is_near_the_float_one(bits, limit):
    weight = weight_of(48, 96)
    assert relative(dequantized(KINDS[bits](weight)) - weight, weight) < limit


def test_int8_codes_are_at_most_half_a_step_away():
    weight = weight_of(50, 64)
    rows, scale = quantize_rows(weight)
    inside = rows.abs() < 127  # a row's largest value may be cut by a scale that bf16 rounded down
    error = (rows.float() * scale.float()[:, None] - weight).abs()
    assert (error <= scale.float()[:, None] * 0.5001)[inside].all()
    assert inside.float().mean() > 0.9


def test_weights_that_lie_on_a_16_level_grid_survive_int4():
    codes = torch.randint(0, 16, (32, 64), generator=torch.Generator().manual_seed(0))
    codes[:, ::GROUP], codes[:, 1::GROUP] = 0, 15  # every group spans the whole grid
    weight = (codes.float() - 8) * 0.25
    assert torch.equal(dequantized(Int4Linear(weight)), weight)
    assert torch.equal(quantize_groups(weight)[0], codes.int())


@pytest.mark.parametrize("bits", KINDS)
def test_packing_in_chunks_equals_packing_at_once(bits, monkeypatch):
    weight = weight_of(200, 64)
    at_once = KINDS[bits](weight)
    monkeypatch.setattr("playground.models.packing.CHUNK", 64)
    chunked = KINDS[bits](weight)
    assert weight.shape[0] < CHUNK
    for one, other in zip(at_once.buffers(), chunked.buffers(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("bits", KINDS)
@pytest.mark.parametrize("shape", [(48, 64), (31, 32), (17, 96)])
def test_bytes_by_formula_are_the_bytes_held(bits, shape):
    assert weights_bytes(KINDS[bits](weight_of(*shape))) == packed_bytes(*shape, bits)


@pytest.mark.parametrize("bits", KINDS)
def test_leading_dimensions_pass_through(bits):
    layer, x = KINDS[bits](weight_of(20, 32)), weight_of(6, 32, seed=1).bfloat16()
    assert torch.equal(layer(x.view(2, 3, 32)).view(6, 20), layer(x))


@pytest.mark.parametrize("bits", KINDS)
def test_a_transposed_view_is_multiplied_as_its_copy(bits):
    layer, x = KINDS[bits](weight_of(20, 32)), weight_of(32, 5).t()[None]
    assert not x.is_contiguous()
    assert torch.equal(layer(x), layer(x.contiguous()))


@pytest.mark.parametrize("bits", KINDS)
def test_a_row_of_zeros_stays_zero(bits):
    assert not dequantized(KINDS[bits](torch.zeros(16, 32))).any()


def test_an_embedding_looks_up_the_rows_of_its_head():
    weight = weight_of(40, 32)
    head = Int8Linear(weight)
    table = Int8Embedding(head.rows, head.scale, multiplier=2.0)
    ids = torch.tensor([[3, 39], [0, 3]])
    expected = dequantized(head)[ids] * 2
    assert relative(table(ids).float() - expected, expected) < 0.01
    assert table.rows.data_ptr() == head.rows.data_ptr()


@pytest.mark.parametrize(("columns", "taken"), [(32, True), (576, True), (33, False), (16, False), (0, False)])
def test_rows_must_be_whole_groups(columns, taken):
    assert fits(columns) is taken


def test_only_packed_modules_can_be_dequantised():
    with pytest.raises(TypeError, match="Linear is not packed"):
        dequantized(torch.nn.Linear(2, 2))

"""Laws of the float linear layers that are fast for a handful of rows."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from playground.models import dense
from playground.models.dense import DenseLinear, OneDnnLinear, has_kernel, is_at_home, is_fastest_packed, pack_dense
from playground.models.llama import take_weights
from playground.models.storage import weights_bytes
from tests.tiny import tiny_model


@pytest.fixture(params=[True, False], ids=["Intel's", "another"])
def processor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether it is one where MKL is at home; the laws hold on both, whichever this one is."""
    at_home = lambda dtype: request.param or dtype != torch.float32  # noqa: E731  one line beside its use
    monkeypatch.setattr(dense, "is_at_home", at_home)
    return request.param


@pytest.fixture(params=["AVX2", "AVX512"])
def units(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a processor computes with, as PyTorch names it."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: request.param)
    monkeypatch.setattr(dense, "is_fastest_packed", is_fastest_packed.__wrapped__)
    return request.param


SHAPES = [(16, 32), (48, 33), (64, 576), (17, 1536), (31, 389)]
ROWS = [1, 2, 5, 64, 65, 130]


def weight_and_bias(shape: tuple[int, int]) -> tuple[nn.Parameter, nn.Parameter]:
    generator = torch.Generator().manual_seed(shape[0])
    weight, bias = torch.randn(shape, generator=generator), torch.randn(shape[0], generator=generator)
    return nn.Parameter(weight, requires_grad=False), nn.Parameter(bias, requires_grad=False)


@pytest.mark.parametrize("kind", [DenseLinear.of, OneDnnLinear], ids=["dense", "onednn"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rows", ROWS)
def test_the_product_is_that_of_a_plain_linear_layer(kind, shape, rows, processor):
    weight, bias = weight_and_bias(shape)
    x = torch.randn(rows, shape[1], generator=torch.Generator().manual_seed(rows))
    for wanted_bias in (bias, None):
        wanted = functional.linear(x.double(), weight.double(), None if wanted_bias is None else wanted_bias.double())
        got = kind(weight, wanted_bias)(x)
        assert got.shape == wanted.shape
        assert (got - wanted).abs().max() < 1e-6 * shape[1]


@pytest.mark.parametrize("kind", [DenseLinear.of, OneDnnLinear], ids=["dense", "onednn"])
def test_leading_dimensions_stay(kind):
    layer = kind(*weight_and_bias((64, 576)))
    x = torch.randn(2, 3, 576)
    assert torch.allclose(layer(x), layer(x.reshape(6, 576)).view(2, 3, 64))
    assert layer(x[:1, :1]).shape == (1, 1, 64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_packing_keeps_bytes_and_leaves_a_tied_head_as_it_is(dtype, processor, units):
    weights = take_weights(tiny_model("llama", dtype=dtype))
    before = weights_bytes(weights)
    pack_dense(weights)
    assert weights_bytes(weights) == before
    assert weights.head.weight is weights.embedding.weight
    plain = [layer for layer in weights.layers.modules() if type(layer) is DenseLinear]
    plain_pays = dtype == torch.float32 and (processor or units == "AVX2")
    is_packed = has_kernel(dtype) and not plain_pays  # oneDNN does not take all everywhere
    assert bool(plain) != is_packed


@pytest.mark.parametrize("vocabulary", [320, 288])
def test_an_untied_head_is_packed_unless_it_would_grow(vocabulary, monkeypatch):
    monkeypatch.setattr(dense, "is_fastest_packed", lambda _dtype: True)
    weights = take_weights(tiny_model("qwen3", vocab_size=vocabulary))
    before = weights_bytes(weights)
    pack_dense(weights)
    assert isinstance(weights.head, OneDnnLinear) == (vocabulary % 64 == 0)
    assert weights_bytes(weights) == before


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("numbers", [32, 2**20])
def test_rows_that_no_kernel_takes_are_rounded_once(dtype, numbers, monkeypatch):
    monkeypatch.setattr(dense, "has_kernel", lambda _dtype: False)
    monkeypatch.setattr(dense, "WIDENED_NUMBERS", numbers)
    weight, bias = (nn.Parameter(one.to(dtype), requires_grad=False) for one in weight_and_bias((48, 33)))
    x = torch.randn(8, 33, generator=torch.Generator().manual_seed(1)).to(dtype)
    for wanted_bias in (bias, None):
        exact = functional.linear(x.double(), weight.double(), None if wanted_bias is None else wanted_bias.double())
        got = DenseLinear.of(weight, wanted_bias)(x)
        assert got.dtype == dtype
        assert (got != exact.to(dtype)).double().mean() < 0.01  # a number between two of its type may fall to either


@pytest.mark.parametrize(("name", "expected"), [("Intel(R) Xeon(R) Processor", True), ("AMD EPYC 9B14", False)])
def test_only_intels_processors_keep_mkl_and_the_choice_is_the_names_alone(name, expected, monkeypatch):
    monkeypatch.setattr(dense, "device_name", lambda _device: name)
    expected = expected and torch.backends.mkl.is_available()
    assert is_at_home.__wrapped__(torch.float32) is expected
    assert is_at_home.__wrapped__(torch.bfloat16)

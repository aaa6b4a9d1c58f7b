"""Laws of the norm: it is RMSNorm, however it is computed."""

import pytest
import torch
from torch.nn import functional as F

from playground.engine import layer
from playground.engine.layer import Norm

EPS = 1e-5


def _rows(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    x = torch.randn(shape, generator=generator)
    x[..., 3] *= 300  # as the few large numbers of a residual stream
    return x.to(dtype)


@pytest.mark.parametrize("few", [True, False], ids=["pairs", "plain"])
@pytest.mark.parametrize("shape", [(1, 1, 576), (2, 5, 64), (3, 4, 1, 16)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_norm_is_rms_norm(few, shape, dtype, monkeypatch):
    monkeypatch.setattr(layer, "_FEW_NUMBERS", 2**20 if few else 0)
    x, weight = _rows(shape, dtype), _rows(shape[-1:], dtype)
    wanted, got = F.rms_norm(x, weight.shape, weight, EPS), Norm(weight, EPS)(x)
    assert got.shape == x.shape
    assert got.is_contiguous()
    if dtype == torch.float32:
        torch.testing.assert_close(got, wanted, rtol=1e-6, atol=1e-6)
    else:
        assert torch.equal(got, wanted)


def test_a_rows_norm_does_not_depend_on_the_rows_beside_it():
    x, norm = _rows((6, 1, 576), torch.float32), Norm(_rows((576,), torch.float32), EPS)
    assert torch.equal(norm(x), torch.cat([norm(row) for row in x.split(1)]))

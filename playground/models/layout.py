"""Weights in the form used for computing: packed, laid out for the kernels of the CPU, or unchanged."""

from collections.abc import Callable
from typing import Any

import torch

from playground.errors import PlaygroundError
from playground.models.dense import pack_dense
from playground.models.llama import LlamaWeights
from playground.models.pack_model import own_memory, pack_cpu, pack_cuda
from playground.models.storage import device_of
from playground.settings import PACKED


def lay_out(module: Any, quantization: str, device: str, progress: Callable[[float], None]) -> list[str]:
    """Convert a float model's weights to the form used for computing, in place.

    `progress` gets the fraction packed, 0 to 1.

    Returns:
        Names of layers that could not be packed.

    Raises:
        PlaygroundError: The architecture can't be computed with packed weights.
    """
    if quantization in PACKED:
        left = pack_cpu(module, quantization, progress) if device == "cpu" else pack_cuda(module, quantization)
        module.config.dtype = torch.bfloat16
        _check_packed(module, quantization)
        return left
    if device == "cpu":
        pack_dense(module) if isinstance(module, LlamaWeights) else own_memory(module)
    return []


def _check_packed(module: Any, quantization: str) -> None:
    """Reject an architecture whose code accesses the weights that packing has replaced.

    Raises:
        PlaygroundError: A pass over three tokens fails.
    """
    if isinstance(module, LlamaWeights):
        return
    try:
        with torch.inference_mode():
            module(input_ids=torch.tensor([[1, 2, 3]], device=device_of(module)), use_cache=False)
    except Exception as error:  # an architecture's code may fail in any way
        raise PlaygroundError(
            f"{module.config.model_type} can't be computed in {quantization} ({' '.join(str(error).split())[:160]}): "
            "choose fp32 or bf16."
        ) from None

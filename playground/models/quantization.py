"""The quantization menu: what each entry is, and what can run here."""

from importlib.util import find_spec

import torch
from transformers import PreTrainedConfig

from playground.models.packing import Int4Linear, Int8Linear, fits
from playground.settings import PACKED, QUANTIZATIONS

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_NO_MPS = "Packed weights are not supported on Apple's GPU here; choose bf16, or start with the device cpu."


def activation_dtype(quantization: str) -> torch.dtype:
    """Type of activations and KV cache: packed weights are multiplied in bf16."""
    return DTYPES.get(quantization, torch.bfloat16)


def reasons(device: str, config: PreTrainedConfig | None = None) -> dict[str, str | None]:
    """For each quantization None if it can run on this device, else a sentence why not.

    Args:
        device: `cpu`, `cuda:0`, `mps`...
        config: The model's config, if known: packed rows must fit the kernels.
    """
    menu: dict[str, str | None] = dict.fromkeys(QUANTIZATIONS)
    if device == "mps":
        menu.update(dict.fromkeys(PACKED, _NO_MPS))
    elif device.startswith("cuda"):
        menu.update(_cuda_reasons(device))
    else:
        menu.update({q: _cpu_reason(q) for q in PACKED})
    if config is not None:
        hidden = getattr(config.get_text_config(decoder=True), "hidden_size", None)
        if isinstance(hidden, int) and not fits(hidden):
            why = f"This model's rows have {hidden} columns; packed kernels take multiples of 32."
            menu.update({q: menu[q] or why for q in PACKED})
    return menu


def _cpu_reason(quantization: str) -> str | None:
    """The kernels are private names in PyTorch, so try one small product with each."""
    try:
        packed = {"int8": Int8Linear, "int4": Int4Linear}[quantization](torch.ones(16, 32))
        packed(torch.ones(1, 32, dtype=torch.bfloat16))
    except (AttributeError, NotImplementedError, RuntimeError) as error:
        return f"This build of PyTorch ({torch.__version__}) has no {quantization} kernel for this processor: {error}"
    return None


def _cuda_reasons(device: str) -> dict[str, str | None]:
    major = torch.cuda.get_device_capability(device)[0]
    old = "int4 needs a GPU of compute capability 8.0 or newer (Ampere)." if major < 8 else None
    missing = None if find_spec("torchao") else "The package torchao, which holds the kernels, is not installed."
    return {"int8": missing, "int4": missing or old}


def weights_note(quantization: str, checkpoint: str, *, dequantised: bool, left: list[str]) -> str:
    """One sentence on what the weights in memory really are.

    Args:
        quantization: The menu's entry.
        checkpoint: Format of the weights in the file: `Q4_1`, `bf16`...
        dequantised: Whether the file's weights were already quantised.
        left: Names of layers that stayed bf16 because no kernel takes their shape.
    """
    origin = f"the dequantised {checkpoint}" if dequantised else f"the file's {checkpoint}"
    plain = f"{quantization} of this file is {origin}" if dequantised else f"{quantization}, converted from {origin}"
    how = {
        checkpoint: f"{checkpoint}, as the file holds them",
        "int8": f"int8 rows with a bf16 scale each, head and embedding too, packed from {origin}; activations bf16",
        "int4": "int4 in groups of 32 with a bf16 scale and zero point, head and embedding int8, "
        f"packed from {origin}; activations bf16",
    }.get(quantization, plain)
    kept = f"; kept in bf16: {', '.join(left[:4])}{' and others' if len(left) > 4 else ''}" if left else ""
    return how + kept + "."

"""Facts from the files of a fetched model, before its weights are read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, PreTrainedConfig

from playground.errors import PlaygroundError
from playground.models.catalogue import ModelEntry, WheelSource
from playground.models.checks import check_folder, folder_headers
from playground.models.gguf_header import read_gguf_header
from playground.models.quiet import quiet

_DTYPES = {"F32": (torch.float32, "fp32"), "BF16": (torch.bfloat16, "bf16"), "F16": (torch.float16, "fp16")}


@dataclass(frozen=True)
class ModelFiles:
    """A model on disk.

    Attributes:
        folder: Where the files are.
        gguf: Name of the GGUF file; None for safetensors.
        config: The model's config; None for a GGUF file, whose config takes seconds to read.
        checkpoint: The format the weights were published in: `Q4_1`, `bf16`...
        dequantised: Whether the file's floats come from a quantised file.
        dtype: The float type in which they can be read without loss.
        parameters: Number of weights in the file.
        largest_bytes: Bytes of the largest tensor as read.
        shapes: The shape of each tensor as stored, by its name.
    """

    folder: Path
    gguf: str | None
    config: PreTrainedConfig | None
    checkpoint: str
    dequantised: bool
    dtype: torch.dtype
    parameters: int
    largest_bytes: int
    shapes: Mapping[str, Sequence[int]]


def inspect_files(entry: ModelEntry, path: Path) -> ModelFiles:
    """Check the files and read their metadata.

    Raises:
        PlaygroundError: They are unsafe, cut short, or not readable by transformers.
    """
    return inspect_gguf(path) if path.is_file() else _inspect_folder(entry, path)


def inspect_gguf(path: Path) -> ModelFiles:
    """The same for a GGUF file, which needs no entry in the catalogue."""
    header = read_gguf_header(path)
    largest = max((math.prod(t.shape) for t in header.tensors), default=0)
    plain = {"F32": "fp32", "BF16": "bf16", "F16": "fp16"}
    return ModelFiles(
        folder=path.parent,
        gguf=path.name,
        config=None,
        checkpoint=plain.get(header.file_type, header.file_type),
        dequantised=header.file_type not in plain,
        dtype=torch.float32,
        parameters=header.parameters,
        largest_bytes=largest * 4,
        shapes={tensor.name: tensor.shape for tensor in header.tensors},
    )


def _inspect_folder(entry: ModelEntry, folder: Path) -> ModelFiles:
    check_folder(folder)
    config = _read_config(entry, folder)
    named = {name: info for header in folder_headers(folder) for name, info in header.items()}
    tensors = named.values()
    sizes: dict[str, int] = {}
    for info in tensors:
        sizes[info["dtype"]] = sizes.get(info["dtype"], 0) + math.prod(info["shape"])
    dtype, name = _DTYPES.get(max(sizes, key=sizes.__getitem__, default="F32"), (torch.float32, "own type"))
    wheel = isinstance(entry.source, WheelSource)
    return ModelFiles(
        folder=folder,
        gguf=None,
        config=config,
        checkpoint=entry.source.file_type if isinstance(entry.source, WheelSource) else name,
        dequantised=wheel,
        dtype=dtype,
        parameters=sum(sizes.values()),
        largest_bytes=max((info["data_offsets"][1] - info["data_offsets"][0] for info in tensors), default=0),
        shapes={name: info["shape"] for name, info in named.items()},
    )


def _read_config(entry: ModelEntry, folder: Path) -> PreTrainedConfig:
    try:
        with quiet():
            config = AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a config can be wrong in any way
        why = " ".join(str(error).split())[:300]
        raise PlaygroundError(f"{entry.title}: transformers cannot use {folder / 'config.json'}: {why}") from None
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or config.is_encoder_decoder:
        raise PlaygroundError(
            f"{entry.title} is a {config.model_type} model: only decoder-only language models run here."
        )
    made_by = getattr(config, "quantization_config", None)
    if made_by:
        method = made_by.get("quant_method") if isinstance(made_by, dict) else None
        raise PlaygroundError(
            f"{entry.title} is already quantised on disk ({method or 'unknown method'}). "
            "Choose the model's original weights: the quantization menu packs them here."
        )
    return config

"""The float model and the tokenizer of checked files, without missing or unused weights."""

import io
from contextlib import redirect_stderr
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from playground.errors import PlaygroundError
from playground.models.files import ModelFiles
from playground.models.gguf_config import gguf_config
from playground.models.gguf_header import GgufHeader, read_gguf_header
from playground.models.gguf_rope import divide_frequencies
from playground.models.placing import check_placed, unplaced_tensors
from playground.models.skeleton import skeleton
from playground.models.tokenizer_file import check_tokenizer_file
from playground.models.vocabulary import check_vocabulary, mark_control_tokens


def read_module(title: str, files: ModelFiles, dtype: torch.dtype, device_map: str | None = None) -> Any:
    """The float model, in eval mode.

    `device_map` is a device, `auto`, or None for the CPU.

    Raises:
        PlaygroundError: Weights are missing or have no place, or the file needs something unsupported.
    """
    common: dict[str, Any] = {"dtype": dtype, "output_loading_info": True, "local_files_only": True}
    if device_map is not None:
        common["device_map"] = device_map
    header = read_gguf_header(files.folder / files.gguf) if files.gguf else None
    common |= {"use_safetensors": True} if header is None else _gguf_options(title, files, header)
    with redirect_stderr(io.StringIO()):  # the progress bar of a GGUF file ignores the log level
        read: Any = AutoModelForCausalLM.from_pretrained(str(files.folder), trust_remote_code=False, **common)
    module, info = read
    missing = sorted(info["missing_keys"])
    if missing:  # transformers would fill them with random numbers
        raise PlaygroundError(f"{title} lacks {len(missing)} of its weights, such as {missing[0]}: fetch it again.")
    check_placed(title, info["unexpected_keys"], module.config, files.shapes)
    if header is not None and files.gguf:
        divide_frequencies(module, files.folder / files.gguf, header)
    return module.eval().requires_grad_(False)


def _gguf_options(title: str, files: ModelFiles, header: GgufHeader) -> dict[str, Any]:
    """How to read a GGUF file, after checking that its metadata and tensors are understood."""
    name = files.gguf or ""
    config = gguf_config(files.folder / name, header)
    bones = skeleton(title, config, header.parameters, torch.float32)
    check_placed(title, unplaced_tensors(header, bones), config, files.shapes)
    return {"config": config, "gguf_file": name, "quantization_config": GgufConfig(dequantize=True)}


def read_tokenizer(title: str, files: ModelFiles, rows: int) -> Any:
    """The tokenizer; each of its ids has a row in the embedding.

    Raises:
        PlaygroundError: It has ids beyond the last row, or can make a text far longer.
    """
    if not files.gguf and (files.folder / "tokenizer.json").is_file():
        check_tokenizer_file(files.folder / "tokenizer.json")
    named = {"gguf_file": files.gguf} if files.gguf else {}
    tokenizer: Any = AutoTokenizer.from_pretrained(
        str(files.folder), local_files_only=True, trust_remote_code=False, **named
    )
    if files.gguf:
        mark_control_tokens(tokenizer)
    check_vocabulary(title, tokenizer, rows)
    return tokenizer

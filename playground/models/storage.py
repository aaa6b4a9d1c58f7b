"""How many bytes weights take: measured on the storages they occupy, and on paper."""

import hashlib
import itertools
from collections.abc import Iterator

import torch
from torch import nn

from playground.models.packing import Int8Embedding

BITS = {"fp32": 32, "bf16": 16, "fp16": 16, "int8": 8, "int4": 4}


def paper_bytes(parameters: int, quantization: str) -> int:
    """Bytes by the name alone: parameters times the bits it promises, without scales."""
    return parameters * BITS[quantization] // 8


def count_parameters(module: nn.Module) -> int:
    """Weights of a float model; a tied one counts once."""
    return sum({id(p): p.numel() for p in module.parameters()}.values())


def device_of(module: nn.Module) -> torch.device:
    """Where its weights are; transformers' property fails where all of them are packed."""
    return next(itertools.chain(module.parameters(), module.buffers())).device


def weights_bytes(module: nn.Module) -> int:
    """Bytes of all parameters and buffers: each storage once, packed tensors by their inner parts."""
    return sum(_storages(_held(module)).values())


def weights_hash(module: nn.Module) -> str:
    """BLAKE2b of every byte of all parameters and buffers, with their names: any change of any weight changes it."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        digest.update(name.encode())
        for part in _plain(tensor):
            dense = part.to_dense() if part.is_mkldnn else part
            digest.update(dense.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def step_bytes(module: nn.Module) -> int:
    """Weight bytes that one decode step must read, in bytes.

    A table used only as embedding is left out: a step looks up one row of it. A head tied to the embedding is read.
    """
    tables = [m for m in module.modules() if isinstance(m, nn.Embedding | Int8Embedding)]
    others = [m for m in module.modules() if not isinstance(m, nn.Embedding | Int8Embedding)]
    looked_up = _storages(t for m in tables for t in _own(m))
    read = _storages(t for m in others for t in _own(m))
    return weights_bytes(module) - sum(size for place, size in looked_up.items() if place not in read)


def _held(module: nn.Module) -> Iterator[torch.Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _own(module: nn.Module) -> Iterator[torch.Tensor]:
    yield from module.parameters(recurse=False)
    yield from module.buffers(recurse=False)


def _storages(tensors: Iterator[torch.Tensor]) -> dict[tuple[str, int], int]:
    """Place and size in bytes of every storage behind the tensors."""
    found: dict[tuple[str, int], int] = {}
    for tensor in tensors:
        for part in _plain(tensor):
            if part.is_mkldnn:  # oneDNN's memory, which has no storage
                found[(str(part.device), id(part))] = torch.ops.mkldnn._nbytes(part)
                continue
            storage = part.untyped_storage()
            if storage.nbytes():
                found[(str(part.device), storage.data_ptr())] = storage.nbytes()
    return found


def _plain(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """The tensors that hold the data: a subclass such as torchao's names its inner tensors."""
    flatten = getattr(tensor, "__tensor_flatten__", None)
    if flatten:
        for name in flatten()[0]:
            yield from _plain(getattr(tensor, name))
    else:
        yield tensor

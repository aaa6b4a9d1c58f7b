"""How much memory a load will take."""

from dataclasses import dataclass
from typing import Any

import torch

from playground.models.catalogue import ModelEntry
from playground.models.files import ModelFiles
from playground.models.pack_model import embedding_name, is_linear, is_tied, linear_weight, packed_as
from playground.models.packing import CHUNK, packed_bytes
from playground.models.quantization import DTYPES
from playground.models.skeleton import skeleton
from playground.models.storage import paper_bytes
from playground.settings import PACKED

_CHUNK_COPIES_BYTES = 20  # per number while a chunk is packed: fp32 copies, codes and their rounding


@dataclass(frozen=True)
class Estimate:
    """Bytes of the weights once loaded, and the peak while loading.

    On the CPU a file of safetensors is mapped, not read: its pages count as free memory and are left out.
    """

    weights_bytes: int
    peak_bytes: int


def estimate_memory(entry: ModelEntry, files: ModelFiles | None, quantization: str, device: str = "cpu") -> Estimate:
    """From the model's layers if its files are here, else from the catalogue's parameter count."""
    if files is None:
        weights = paper_bytes(entry.parameters, quantization)
        unpacked = paper_bytes(entry.parameters, "bf16") if quantization in PACKED else 0
        return Estimate(weights, weights + unpacked)
    if files.config is None:
        return _estimate_gguf(files, quantization)
    unpacked = files.dtype if device == "cpu" else torch.bfloat16
    bones = skeleton(entry.title, files.config, files.parameters, DTYPES.get(quantization, unpacked))
    plain = _plain_bytes(bones)
    if quantization not in PACKED:
        return Estimate(plain, plain + files.largest_bytes)
    largest = max(_packed_sizes(bones, quantization).values(), default=0)
    widest = max((linear_weight(layer)[0].shape[1] for layer in bones.modules() if is_linear(layer)), default=0)
    peak = plain + files.largest_bytes + largest + CHUNK * widest * _CHUNK_COPIES_BYTES
    return Estimate(_packed_bytes(bones, quantization), peak)


def _estimate_gguf(files: ModelFiles, quantization: str) -> Estimate:
    """Twice fp32: transformers dequantises the whole file besides the model it fills."""
    return Estimate(paper_bytes(files.parameters, quantization), 2 * files.parameters * 4)


def _plain_bytes(module: Any) -> int:
    held = {id(t): t.numel() * t.itemsize for t in [*module.parameters(), *module.buffers()]}
    return sum(held.values())


def _packed_sizes(module: Any, quantization: str) -> dict[str, int]:
    """Bytes of each layer that will be packed, without bias; a table shared with the head counts as the head."""
    plan, embedding = packed_as(module, quantization), embedding_name(module)
    bits = {"int8": 8, "int4": 4}
    shapes = {name: _shape(module.get_submodule(name)) for name in plan}
    sizes = {name: packed_bytes(shapes[name][0], shapes[name][1], bits[kind]) for name, kind in plan.items()}
    if embedding in sizes and is_tied(module):
        sizes[embedding] = 0
    return sizes


def _shape(layer: Any) -> torch.Size:
    return linear_weight(layer)[0].shape if is_linear(layer) else layer.weight.shape


def _packed_bytes(module: Any, quantization: str) -> int:
    """Bytes after packing: what `storage.weights_bytes` will measure."""
    sizes = _packed_sizes(module, quantization)
    gone = {id(module.get_submodule(name).weight) for name in sizes}
    rest = {id(p): p.numel() * 2 for p in module.parameters() if id(p) not in gone}
    replaced = f"{embedding_name(module)}." if embedding_name(module) in sizes else None
    buffers = [b for name, b in module.named_buffers() if replaced is None or not name.startswith(replaced)]
    return sum(sizes.values()) + sum(rest.values()) + sum(b.numel() * b.itemsize for b in buffers)
